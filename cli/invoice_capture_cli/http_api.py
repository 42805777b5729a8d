"""The API over HTTP, with patience for what passes and none for what does not."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from invoice_capture_cli.api import IDEMPOTENCY_KEY, Answer
from invoice_capture_cli.errors import AnswerLost, Unreachable

if TYPE_CHECKING:
    import requests

_ATTEMPTS = 6
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
# API Gateway gives a function 29 seconds.
_TIMEOUTS = (5.0, 35.0)
_CONNECTIONS = 8
_TRANSIENT = frozenset({500, 502, 503, 504})
_THROTTLED = 429


class HttpApi:
    """Requests with the header ``api-key``. Safe for several threads.

    A request is repeated after 5xx and lost answers only where that does no harm: a GET, or one with an
    Idempotency-Key. After a 429 any request is, because it was not carried out.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        hint: str = "",
        sleep: Callable[[float], None] = time.sleep,
        attempts: int = _ATTEMPTS,
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._hint = hint
        self._sleep = sleep
        self._attempts = attempts
        self._session = new_session()
        self._lock = threading.Lock()
        self._has_answered = False

    @property
    def name(self) -> str:
        return self._url

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {"api-key": self._key, "Accept": "application/json", **(headers or {})}
        repeatable = method == "GET" or IDEMPOTENCY_KEY in sent
        for attempt in range(1, self._attempts + 1):
            is_last = attempt == self._attempts
            try:
                response = self._session.request(
                    method,
                    self._url + path,
                    params=params,
                    json=body,
                    headers=sent,
                    timeout=_TIMEOUTS,
                    allow_redirects=False,
                )
            except Exception as exc:
                error = self._failure(exc)
                with self._lock:
                    is_known = self._has_answered
                # Where there has never been more than silence, waiting for it would only annoy.
                is_hopeless = not is_known and (not isinstance(error, AnswerLost) or _is_timeout(exc))
                if is_last or is_hopeless or (isinstance(error, AnswerLost) and not repeatable):
                    raise error from exc
                self._sleep(_pause(attempt, None))
                continue
            with self._lock:
                self._has_answered = True
            passes = response.status_code == _THROTTLED or (repeatable and response.status_code in _TRANSIENT)
            if passes and not is_last:
                self._sleep(_pause(attempt, response.headers.get("Retry-After")))
                continue
            return Answer(response.status_code, _json(response), response.headers.get("Location"))
        raise AssertionError("the last attempt returns or raises")

    def _failure(self, error: Exception) -> Unreachable:
        """What an exception of requests means. Anything that is no matter of the network is raised as it is."""
        import requests

        if isinstance(error, requests.exceptions.SSLError):
            return Unreachable(f"{self._url} shows no certificate that can be trusted. Is the URL right?")
        if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.ConnectTimeout) or is_refused(error):
            return Unreachable(f"Nothing answers at {self._url}. {self._hint or 'Is the URL right, and does it run?'}")
        if _is_timeout(error):
            return AnswerLost(f"{self._url} did not answer within {_TIMEOUTS[1]:g} seconds. Try again later.")
        if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader):
            return Unreachable(
                f"{self._url} with this key cannot be asked: one of them has characters that are not allowed."
            )
        if isinstance(error, requests.exceptions.RequestException):
            return AnswerLost(f"{self._url} broke the connection off. Try again later.")
        raise error


def new_session() -> requests.Session:
    """A session that leaves ``.netrc`` alone: credentials of another place would be sent along."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.auth = _no_credentials
    adapter = HTTPAdapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def is_refused(error: BaseException) -> bool:
    """Whether there was no connection at all, so that nothing was sent."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _is_timeout(error: BaseException) -> bool:
    import requests

    return isinstance(error, requests.exceptions.Timeout)


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _pause(attempt: int, retry_after: str | None) -> float:
    """Seconds: what the other side asked for, else twice as long each time; a little by chance, so clients spread."""
    asked = _seconds(retry_after)
    pause = asked if asked is not None else _FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)  # noqa: S311
    return min(pause, _LONGEST_PAUSE)


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After: seconds or a date; None for neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
