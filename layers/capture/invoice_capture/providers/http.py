"""HTTP to a provider: one session with time and size limits, and every failure as an error of ours.

What an answer's status means to a provider is that provider's table; what holds for all of them is here:

=====================================  ==========================================================================
connection refused, TLS, no route      ProviderUnavailable
429                                    RateLimited, with the Retry-After of the answer
5xx besides 504                        ProviderUnavailable, with the Retry-After of the answer
408, 504, time-out, reset,             SubmissionInDoubt for a request that spends money, because it may have been
unreadable or oversized answer         taken; ProviderUnavailable for any other, which may be repeated
401, 403                               CredentialsRefused
402                                    NoCredit
404, 410                               SubmissionUnknown
413, 415                               UnreadableDocument, FormatRefused
any other 3xx and 4xx                  RequestRefused
=====================================  ==========================================================================
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

import requests
from pydantic import TypeAdapter, ValidationError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from invoice_capture.domain.errors import (
    CredentialsRefused,
    FormatRefused,
    NoCredit,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
    SettingMissing,
    SubmissionInDoubt,
    SubmissionUnknown,
    UnreadableDocument,
)
from invoice_capture.version import USER_AGENT

COMMON_STATUSES: Mapping[int, type[ProviderError]] = MappingProxyType(
    {
        401: CredentialsRefused,
        402: NoCredit,
        403: CredentialsRefused,
        404: SubmissionUnknown,
        410: SubmissionUnknown,
        413: UnreadableDocument,
        415: FormatRefused,
        429: RateLimited,
    }
)
_PERHAPS_TAKEN = frozenset({408, 504})
_CONNECT_SECONDS = 5.0
_CHUNK_BYTES = 64 * 1024
# After a while both ends, and every middlebox between them, may have forgotten a connection. Sending on it fails in a
# way that leaves open whether the request was taken, so an idle one is not used again.
_IDLE_SECONDS = 20.0
_LONGEST_RETRY_AFTER = 3600.0
_LOGGED_BYTES = 500
_TOLD_CHARACTERS = 200
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CREDENTIAL = re.compile(
    r"(?i)((?:authorization|api[-_]?key|[a-z_]*token|password|secret|x-amz-[a-z-]+)[\"']?\s*[:=]\s*[\"']?)"
    r"(?:basic |bearer )?[^\s\"',;&}]+"
)

_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Limits:
    """Seconds that a silent server is waited for, and bytes that an answer may have."""

    read_seconds: float = 30.0
    answer_bytes: int = 50 * 1024**2


class HttpClient:
    """The requests of one provider.

    ``headers`` go with every request. ``secrets`` are texts that must never be told: they are removed from everything
    that is logged or raised. ``statuses`` overrides COMMON_STATUSES; ``before_request`` may sleep. Safe to use from
    several threads.

    Raises:
        SettingMissing: ``base_url`` is no URL, or plain HTTP to another machine.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        secrets: Sequence[str],
        statuses: Mapping[int, type[ProviderError]] = MappingProxyType({}),
        limits: Limits | None = None,
        allow_http: bool = False,
        before_request: Callable[[], None] = lambda: None,
    ) -> None:
        self._provider = provider
        self._base_url = _checked_url(provider, base_url, allow_http).rstrip("/")
        self._secrets = tuple(sorted((secret for secret in secrets if len(secret) >= 4), key=len, reverse=True))
        self._statuses = {**COMMON_STATUSES, **statuses}
        self._limits = limits or Limits()
        self._before_request = before_request
        self._session = _session(headers)
        self._used_at = time.monotonic()

    def call(self, method: str, path: str, answer: type[Answer], *, spends: bool = False, **parts: Any) -> Answer:
        """Send a request and return its JSON answer as an instance of ``answer``, any type that pydantic validates.

        ``spends``: the provider charges for what it takes. ``parts`` are those of ``requests``: json, files, params.

        Raises:
            ProviderError: see the table of this module.
        """
        response, content = self._exchange(method, path, spends, parts)
        try:
            return cast(Answer, _adapter_of(cast(Any, answer)).validate_json(content))
        except ValidationError as exc:
            places = ", ".join(sorted({".".join(map(str, error["loc"])) or "the whole" for error in exc.errors()})[:5])
            self._fail_transport(spends, f"answered what its contract does not have, at {places}", response, content)

    def send(self, method: str, path: str, *, spends: bool = False, **parts: Any) -> bytes:
        """Send a request and return the bytes of its answer. Raises ProviderError as ``call`` does."""
        return self._exchange(method, path, spends, parts)[1]

    def redact(self, text: str) -> str:
        """A text without credentials, short enough for an error message."""
        return self._without_secrets(text)[:_TOLD_CHARACTERS]

    # --- one exchange ------------------------------------------------------------------------------------------------

    def _exchange(
        self, method: str, path: str, spends: bool, parts: Mapping[str, Any]
    ) -> tuple[requests.Response, bytes]:
        self._before_request()
        self._forget_idle_connections()
        try:
            response = self._session.request(
                method,
                self._base_url + path,
                timeout=(_CONNECT_SECONDS, self._limits.read_seconds),
                # A redirect would carry credentials and documents to wherever it says.
                allow_redirects=False,
                stream=True,
                **parts,
            )
            content = self._read(response, spends)
        except requests.RequestException as exc:
            self._fail_connection(exc, spends)
        if not 200 <= response.status_code < 300:
            self._fail_status(response, content, spends)
        return response, content

    def _forget_idle_connections(self) -> None:
        now = time.monotonic()
        if now - self._used_at > _IDLE_SECONDS:
            self._session.close()
        self._used_at = now

    def _read(self, response: requests.Response, spends: bool) -> bytes:
        content = bytearray()
        give_up_at = time.monotonic() + 2 * self._limits.read_seconds
        with response:
            for chunk in response.iter_content(_CHUNK_BYTES):
                content += chunk
                if len(content) > self._limits.answer_bytes or time.monotonic() > give_up_at:
                    self._fail_transport(
                        spends, "answered more, or more slowly, than is read", response, bytes(content)
                    )
        return bytes(content)

    # --- failures ----------------------------------------------------------------------------------------------------

    def _fail_connection(self, error: requests.RequestException, spends: bool) -> NoReturn:
        message = f"{self._provider} could not be reached ({type(error).__name__})."
        if not _was_sent(error):
            raise ProviderUnavailable(message) from error
        if spends:
            raise SubmissionInDoubt(f"{self._provider} broke the connection off ({type(error).__name__}).") from error
        raise ProviderUnavailable(message) from error

    def _fail_status(self, response: requests.Response, content: bytes, spends: bool) -> NoReturn:
        status = response.status_code
        said = self._said(content)
        message = f"{self._provider} answered HTTP {status}{said}."
        self._log_answer("The provider refused a request.", response, content)
        if spends and status in _PERHAPS_TAKEN:
            raise SubmissionInDoubt(message)
        retry_after = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        refusal = self._statuses.get(status)
        if refusal is None:
            refusal = ProviderUnavailable if status >= 500 or status in _PERHAPS_TAKEN else RequestRefused
        if issubclass(refusal, ProviderUnavailable):
            raise refusal(message, retry_after)
        raise refusal(message)

    def _fail_transport(self, spends: bool, what: str, response: requests.Response, content: bytes) -> NoReturn:
        self._log_answer("The provider's answer cannot be used.", response, content)
        message = f"{self._provider} {what}."
        raise SubmissionInDoubt(message) if spends else ProviderUnavailable(message)

    def _log_answer(self, event: str, response: requests.Response, content: bytes) -> None:
        beginning = self._without_secrets(content[: 4 * _LOGGED_BYTES].decode("utf-8", "replace"))
        _log.warning(
            event,
            extra={
                "provider": self._provider,
                "http_status": response.status_code,
                "answer": beginning.encode()[:_LOGGED_BYTES].decode("utf-8", "ignore"),
            },
        )

    def _said(self, content: bytes) -> str:
        """What the provider's error object says, as a part of a sentence; empty when it has no words in it."""
        try:
            told = _adapter_of(dict[str, Any]).validate_json(content)
        except ValidationError:
            return ""
        words = next((told[key] for key in ("error_description", "message", "error") if told.get(key)), None)
        return f": {self.redact(words).rstrip('. ')}" if isinstance(words, str) else ""

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _CREDENTIAL.sub(r"\1***", text)


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The wait that a Retry-After header asks for, as seconds or as a date; None when it is absent or nonsense."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(_LONGEST_RETRY_AFTER, max(0.0, seconds)) if seconds == seconds else None  # noqa: PLR0124 - NaN


def _checked_url(provider: str, base_url: str, allow_http: bool) -> str:
    try:
        parts = urlsplit(base_url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingMissing(f"The setting 'base_url' of provider {provider!r} must be an URL, not {base_url[:100]!r}.")
    if parts.username or parts.password:
        raise SettingMissing(f"The setting 'base_url' of provider {provider!r} must not carry credentials.")
    if parts.scheme == "http" and not allow_http and parts.hostname not in _LOOPBACK:
        raise SettingMissing(
            f"The setting 'base_url' of provider {provider!r} is plain HTTP, which would send credentials and "
            "documents in the clear: use https, or set allow_http to true."
        )
    return base_url


def _session(headers: Mapping[str, str]) -> requests.Session:
    session = requests.Session()
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json", **headers})
    # Without an auth of its own a session takes credentials for the host from the user's netrc file.
    session.auth = lambda request: request
    # Cookies would be the only state that its threads share.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _was_sent(error: requests.RequestException) -> bool:
    """Whether the request may have reached the provider."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError | requests.exceptions.SSLError):
        return False
    reason = error.args[0] if error.args else None
    return not (isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError))


@cache
def _adapter_of(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)
