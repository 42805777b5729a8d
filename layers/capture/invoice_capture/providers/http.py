"""HTTP to a provider: one session with time and size limits, and every failure as an error of ours.

**Money.** What a failure means for a billable request depends on when it happened, and on who answered:

=============================================  ======================  =============================================
what happened                                  a billable request      any other request
=============================================  ======================  =============================================
before the request line left: no such name,    ProviderUnavailable     ProviderUnavailable
no connection, TLS handshake failed
after it: reset, broken TLS, stalled, too      SubmissionInDoubt       ProviderUnavailable
slow, silent, half an answer, nonsense
429                                            RateLimited             RateLimited
503 with Retry-After                           ProviderUnavailable     ProviderUnavailable
3xx; 403, 404 or 503 with a page               ProviderUnavailable,    ProviderUnavailable, with a pause
                                               with a pause
200 or any other 4xx but 408, with a page      SubmissionInDoubt,      200: ProviderUnavailable, with a pause;
                                               unless a free request   4xx: by its status
                                               gets a page as well
a 4xx of the table, without a page; 413        by its status           by its status
any other 4xx, 408 among them                  SubmissionInDoubt       RequestRefused; of 408 ProviderUnavailable
any other 5xx, 503 among them                  SubmissionInDoubt       ProviderUnavailable
=============================================  ======================  =============================================

A page is an answer in HTML, which no contract has: somebody in front of the service answers in its place. A pause is
the answer's Retry-After, or MAINTENANCE_PAUSE_SECONDS. A billable request has a connection of its own, because the
other side may close a kept one at the very moment in which it is used again.

**Statuses.** The table is COMMON_STATUSES, with what the provider's own contract says instead. docs/decisions/0022 has
the reasons.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

import requests
from pydantic import TypeAdapter, ValidationError

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
from invoice_capture.providers import transport
from invoice_capture.providers.bodies import form_body, json_body
from invoice_capture.providers.transport import Limits
from invoice_capture.retry_after import retry_after_seconds
from invoice_capture.version import USER_AGENT

COMMON_STATUSES: Mapping[int, type[ProviderError]] = MappingProxyType(
    {
        400: RequestRefused,
        401: CredentialsRefused,
        402: NoCredit,
        403: CredentialsRefused,
        404: SubmissionUnknown,
        405: RequestRefused,
        410: SubmissionUnknown,
        413: UnreadableDocument,
        415: FormatRefused,
        422: RequestRefused,
        429: RateLimited,
    }
)
MAINTENANCE_PAUSE_SECONDS = 60.0
_MAINTENANCE_STATUSES = frozenset({403, 404, 503})
_RATE_LIMITED = 429
_UNAVAILABLE = 503
_OK = 200
_TOO_LARGE = 413
_TIMED_OUT = 408
_CHUNK_BYTES = 64 * 1024
# After a while both ends, and every middlebox between them, may have forgotten a connection. Sending on it fails in a
# way that leaves open whether the request was taken, so an idle one is not used again.
_IDLE_SECONDS = 20.0
_LOGGED_CHARACTERS = 50
_TOLD_CHARACTERS = 200
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CREDENTIAL = re.compile(
    r"(?i)((?:authorization|api[-_]?key|[a-z_]*token|password|secret|x-amz-[a-z-]+)[\"']?\s*[:=]\s*[\"']?)"
    r"(?:basic |bearer )?[^\s\"',;&}]+"
)

_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class FreeRequest:
    """A request that costs nothing and that the service answers whatever it knows, be it with a refusal.

    It tells a service under maintenance from one whose answer to a billable request was lost on the way.
    """

    method: str
    path: str
    parts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    parts: Mapping[str, Any]
    billable: bool = False
    before_sending: Callable[[], None] = lambda: None


class HttpClient:
    """The requests of one provider.

    ``headers`` go with every request. ``secrets`` are texts that must never be told: they are removed from everything
    that is logged or raised. ``statuses`` overrides COMMON_STATUSES; ``authorities`` are further certificate
    authorities, as PEM; ``before_request`` may sleep. Safe to use from several threads.

    Raises:
        SettingMissing: ``base_url`` is no URL, or plain HTTP to another machine; ``authorities`` has no certificate.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        secrets: Sequence[str],
        statuses: Mapping[int, type[ProviderError]] = MappingProxyType({}),
        free_request: FreeRequest | None = None,
        limits: Limits | None = None,
        allow_http: bool = False,
        authorities: str | None = None,
        before_request: Callable[[], None] = lambda: None,
    ) -> None:
        self._provider = provider
        self._base_url = _checked_url(provider, base_url, allow_http).rstrip("/")
        self._headers = headers
        self._authorities = authorities
        self._secrets = tuple(sorted((secret for secret in secrets if len(secret) >= 4), key=len, reverse=True))
        self._statuses = {**COMMON_STATUSES, **statuses}
        self._free_request = free_request
        self._limits = limits or Limits()
        self._before_request = before_request
        self._session = self._new_session()
        self._used_at = time.monotonic()

    def call(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        *,
        billable: bool = False,
        before_sending: Callable[[], None] = lambda: None,
        **parts: Any,
    ) -> Answer:
        """Send a request and return its JSON answer as an instance of ``answer``, any type that pydantic validates.

        ``billable``: the provider charges for what it takes. ``before_sending`` is called when the provider is reached,
        right before anything is sent to it; what it raises is passed on, and nothing was sent. ``parts``: ``params`` of
        the query, and as the body ``json``, in which there may be ``InBase64``, or ``files``: (name, content, media
        type) by field.

        Raises:
            ProviderError: see the table of this module.
        """
        response, content = self._exchange(_Request(method, path, parts, billable, before_sending))
        try:
            return cast(Answer, _adapter_of(cast(Any, answer)).validate_json(content))
        except ValidationError as exc:
            places = ", ".join(sorted({".".join(map(str, error["loc"])) or "the whole" for error in exc.errors()})[:5])
            if _is_page(response, content):
                self._fail_page(response, content, billable)
            self._fail_transport(billable, f"answered what its contract does not have, at {places}", response, content)

    def send(self, method: str, path: str, *, billable: bool = False, **parts: Any) -> bytes:
        """Send a request and return the bytes of its answer. Raises ProviderError as ``call`` does."""
        return self._exchange(_Request(method, path, parts, billable))[1]

    def redact(self, text: str) -> str:
        """A text without credentials, short enough for an error message."""
        return self._without_secrets(text)[:_TOLD_CHARACTERS]

    # --- one exchange ------------------------------------------------------------------------------------------------

    def _exchange(self, request: _Request) -> tuple[requests.Response, bytes]:
        response, content = self._answer_to(request)
        if not 200 <= response.status_code < 300:
            self._fail_status(response, content, request.billable)
        return response, content

    def _answer_to(self, request: _Request) -> tuple[requests.Response, bytes]:
        self._before_request()
        self._forget_idle_connections()
        session = self._new_session() if request.billable else self._session
        with transport.following(self._limits, request.before_sending) as exchange:
            try:
                response = session.request(
                    request.method,
                    self._base_url + request.path,
                    # The second is the transport's to keep, as a part of its own limits.
                    timeout=(self._limits.connect_seconds, self._limits.read_seconds),
                    # A redirect would carry credentials and documents to wherever it says.
                    allow_redirects=False,
                    stream=True,
                    **_encoded(request.parts),
                )
                content = self._read(response, request.billable)
            except requests.RequestException as exc:
                self._fail_connection(exc, exchange.was_sent, request.billable)
            finally:
                if request.billable:
                    session.close()
        return response, content

    def _new_session(self) -> requests.Session:
        try:
            return _session(self._headers, transport.Adapter(self._authorities))
        except ValueError as exc:
            raise SettingMissing(
                f"The setting 'ca_bundle' of provider {self._provider!r} must be certificates in PEM, which begin with "
                "-----BEGIN CERTIFICATE-----."
            ) from exc

    def _forget_idle_connections(self) -> None:
        now = time.monotonic()
        if now - self._used_at > _IDLE_SECONDS:
            self._session.close()
        self._used_at = now

    def _read(self, response: requests.Response, billable: bool) -> bytes:
        content = bytearray()
        with response:
            for chunk in response.iter_content(_CHUNK_BYTES):
                content += chunk
                if len(content) > self._limits.answer_bytes:
                    self._fail_transport(billable, "answered more than is read", response, bytes(content))
        return bytes(content)

    # --- failures ----------------------------------------------------------------------------------------------------

    def _fail_connection(self, error: requests.RequestException, was_sent: bool, billable: bool) -> NoReturn:
        if was_sent and billable:
            raise SubmissionInDoubt(f"{self._provider} broke the connection off ({type(error).__name__}).") from error
        what = "broke the connection off" if was_sent else "could not be reached"
        raise ProviderUnavailable(f"{self._provider} {what} ({type(error).__name__}).") from error

    def _fail_status(self, response: requests.Response, content: bytes, billable: bool) -> NoReturn:
        status = response.status_code
        is_page = _is_page(response, content)
        if _is_maintenance(status, is_page):
            self._fail_maintenance(response, content)
        retry_after = _pause_of(response)
        refusal = self._statuses.get(status)
        if billable and status != _RATE_LIMITED and not (status == _UNAVAILABLE and retry_after is not None):
            if is_page and status < 500 and status not in (_TIMED_OUT, _TOO_LARGE):
                self._fail_page(response, content, billable)
            if refusal is None or status >= 500 or status == _TIMED_OUT:
                refusal = SubmissionInDoubt
        if refusal is None:
            refusal = ProviderUnavailable if status >= 500 or status == _TIMED_OUT else RequestRefused
        self._log_answer("The provider refused a request.", response, content)
        message = f"{self._provider} answered HTTP {status}{self._said(content)}."
        if issubclass(refusal, ProviderUnavailable):
            raise refusal(message, retry_after)
        raise refusal(message)

    def _fail_page(self, response: requests.Response, content: bytes, billable: bool) -> NoReturn:
        """A page came where none is a word of the contract: it is maintenance if everybody gets one."""
        if not billable or self._shows_pages():
            self._fail_maintenance(response, content)
        self._fail_transport(billable, f"answered HTTP {response.status_code} with a page", response, content)

    def _fail_maintenance(self, response: requests.Response, content: bytes) -> NoReturn:
        self._log_answer("The provider shows a page instead of answering.", response, content)
        raise ProviderUnavailable(
            f"{self._provider} answered HTTP {response.status_code} with a page or a redirect: it seems to be under "
            "maintenance, and is asked again later. If it stays so, check the setting 'base_url'.",
            _pause_of(response) or MAINTENANCE_PAUSE_SECONDS,
        )

    def _shows_pages(self) -> bool:
        """Whether a free request gets a page as well, of a kind that says nothing of an accident behind it."""
        free = self._free_request
        if free is None:
            return False
        try:
            response, content = self._answer_to(_Request(free.method, free.path, free.parts))
        except ProviderError:
            return False
        is_page = _is_page(response, content)
        return _is_maintenance(response.status_code, is_page) or (is_page and response.status_code == _OK)

    def _fail_transport(self, billable: bool, what: str, response: requests.Response, content: bytes) -> NoReturn:
        self._log_answer("The provider's answer cannot be used.", response, content)
        message = f"{self._provider} {what}."
        raise SubmissionInDoubt(message) if billable else ProviderUnavailable(message)

    def _log_answer(self, event: str, response: requests.Response, content: bytes) -> None:
        # Not a word of it: what cannot be read may be half an invoice, and a refusal may name the document.
        _log.warning(
            event,
            extra={
                "provider": self._provider,
                "http_status": response.status_code,
                "answer_type": response.headers.get("Content-Type", "")[:_LOGGED_CHARACTERS],
                "answer_bytes": len(content),
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


def _checked_url(provider: str, base_url: str, allow_http: bool) -> str:
    try:
        parts = urlsplit(base_url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingMissing(f"The setting 'base_url' of provider {provider!r} must be a URL, not {base_url[:100]!r}.")
    if parts.username or parts.password:
        raise SettingMissing(f"The setting 'base_url' of provider {provider!r} must not carry credentials.")
    if parts.scheme == "http" and not allow_http and parts.hostname not in _LOOPBACK:
        raise SettingMissing(
            f"The setting 'base_url' of provider {provider!r} is plain HTTP, which would send credentials and "
            "documents in the clear: use https, or set allow_http to true."
        )
    return base_url


def _session(headers: Mapping[str, str], adapter: transport.Adapter) -> requests.Session:
    session = requests.Session()
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json", **headers})
    # Without an auth of its own a session takes credentials for the host from the user's netrc file.
    session.auth = lambda request: request
    # Cookies would be the only state that its threads share.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _encoded(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts as requests takes them, with a body in pieces."""
    options = {name: value for name, value in parts.items() if name not in ("json", "files")}
    if "json" in parts:
        body = json_body(parts["json"])
    elif "files" in parts:
        body = form_body(parts["files"])
    else:
        return options
    return {**options, "data": body, "headers": {"Content-Type": body.content_type}}


def _is_maintenance(status: int, is_page: bool) -> bool:
    return 300 <= status < 400 or (is_page and status in _MAINTENANCE_STATUSES)


def _is_page(response: requests.Response, content: bytes) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower() or content.lstrip()[:1] == b"<"


def _pause_of(response: requests.Response) -> float | None:
    return retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))


@cache
def _adapter_of(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)
