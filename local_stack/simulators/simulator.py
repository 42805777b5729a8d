"""What the simulators share: a loopback server with a clock, a script of faults, and books of what it did."""

from __future__ import annotations

import math
import random
import threading
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from local_stack.errors import UserError
from local_stack.simulators import certificates
from local_stack.simulators.answers import Refused, junk, page
from local_stack.simulators.documents import AcceptedDocument
from local_stack.simulators.script import Count, Fault, Forever, Latency, RateLimit, Script
from local_stack.simulators.server import MOST_BYTES, BreakTls, HangUp, LoopbackServer

_MAINTENANCE_SECONDS = 5


class Clock(Protocol):
    def now(self) -> datetime:
        """The present time, aware."""
        ...


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class Route:
    """A route of a contract. ``path`` is werkzeug's; ``needs_credentials``: checked before the handler is called."""

    method: str
    path: str
    operation: str
    handler: Callable[..., Response]
    needs_credentials: bool = True


@dataclass(frozen=True)
class Entry:
    """A request in the log; ``status`` 0 is none, because the connection was reset."""

    at: datetime
    operation: str
    status: int


class Simulator(ABC):
    """One provider on this machine. It answers from ``__init__`` until ``close``, best as a context manager.

    ``settings`` may name the credentials that it accepts; the provider's defaults fill them in. ``requests`` counts by
    operation, ``responses`` by HTTP status, ``log`` has every request, and ``accepted`` every document that was
    accepted and therefore is charged.

    Raises:
        OSError: the port is taken.
        UserError: the script names an operation, or has a fault, that this provider does not have.
    """

    name: ClassVar[str]
    default_latency: ClassVar[Latency]
    default_settings: ClassVar[Mapping[str, str]]
    base_path: ClassVar[str] = ""
    effects: ClassVar[frozenset[str]] = frozenset()
    """Parts of the script, beyond those of all providers, that this one understands."""

    def __init__(
        self,
        clock: Clock,
        script: Script,
        settings: Mapping[str, str],
        port: int = 0,
        on_request: Callable[[Entry], None] | None = None,
    ) -> None:
        self.clock = clock
        self.script = script
        self.requests: Counter[str] = Counter()
        self.responses: Counter[int] = Counter()
        self.log: list[Entry] = []
        self.accepted: list[AcceptedDocument] = []
        self._settings = {**self.default_settings, **{key: value for key, value in settings.items() if value}}
        self._on_request = on_request
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._served: deque[datetime] = deque()
        self._denials: Counter[str] = Counter()
        self._polls: Counter[str] = Counter()
        self._random = random.Random((script.latency or self.default_latency).seed)
        self.prepare()
        self._routes = {route.operation: route for route in self.routes()}
        self._map = Map(
            [Rule(route.path, methods=[route.method], endpoint=route.operation) for route in self._routes.values()],
            merge_slashes=False,
        )
        for fault in script.faults:
            self._check(fault)
        if script.action is not None and "action" not in self.effects:
            raise UserError(f"{self.name} has no action that a person takes: leave it out of the script.")
        self._server = LoopbackServer(
            self._application,
            port,
            tls=certificates.server_context() if script.tls else None,
            link=lambda: (script.link.up, script.link.down) if script.link else (None, None),
        )

    # --- what a simulator tells --------------------------------------------------------------------------------------

    @property
    def origin(self) -> str:
        return self._server.origin

    @property
    def port(self) -> int:
        """Where it answers, also when it was started on any free port."""
        return self._server.port

    @property
    def base_url(self) -> str:
        return self.origin + self.base_path

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings with which a provider talks to this simulator."""
        trusted = {"ca_bundle": certificates.authority()} if self.script.tls else {}
        return MappingProxyType({**self._settings, **trusted, "base_url": self.base_url})

    @property
    def operations(self) -> Sequence[str]:
        """What a rule of the script may name, and what is counted."""
        return tuple(self._routes)

    def submissions_of(self, name: str) -> int:
        """How often a document of this name was accepted."""
        with self._lock:
            return sum(document.name == name for document in self.accepted)

    # --- what may be told to it --------------------------------------------------------------------------------------

    def fail(self, **rule: Any) -> None:
        """Add a rule to the faults: the fields of ``Fault``. Raises UserError, or ValueError for no rule at all."""
        fault = Fault(**rule)
        self._check(fault)
        with self._lock:
            self.script.faults.append(fault)

    def recover(self) -> None:
        """Forget all rules of faults."""
        with self._lock:
            self.script.faults.clear()

    def close(self) -> None:
        """Stop answering; requests that hang are abandoned."""
        self._stopping.set()
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # --- what a provider fills in ------------------------------------------------------------------------------------

    @abstractmethod
    def prepare(self) -> None:
        """Make what the handlers keep; called before anything can be asked."""

    @abstractmethod
    def routes(self) -> Sequence[Route]: ...

    @abstractmethod
    def authenticate(self, request: Request) -> None:
        """Raises Refused."""

    @abstractmethod
    def refusal(self, status: int, message: str) -> Response:
        """How the contract writes an error."""

    def coded(self, operation: str, request: Request, code: int) -> Response:
        """The answer with a status code of the contract's own. Only for a provider with the effect ``code``."""
        raise NotImplementedError

    def about_another(self, operation: str, response: Response) -> Response:
        """The answer as if another document had been asked for. Only for a provider with the effect ``another_id``."""
        raise NotImplementedError

    def repeating(self, operation: str, response: Response) -> Response:
        """The answer with the id of the document before. Only for a provider with the effect ``repeat_id``."""
        raise NotImplementedError

    # --- what providers use ------------------------------------------------------------------------------------------

    def setting(self, name: str) -> str:
        return self._settings[name]

    def accept(self, name: str, content: bytes) -> AcceptedDocument:
        """Take a document and charge for it. Look at ``has_credit`` before, under the same lock."""
        with self._lock:
            now = self.clock.now()
            number = len(self.accepted)
            fails = _is_among(number, self.script.fail_documents)
            document = AcceptedDocument(name, content, now, now + self.draw_latency(), fails, number)
            self.accepted.append(document)
        return document

    def has_credit(self, documents: int = 1) -> bool:
        return self.script.credit is None or len(self.accepted) + documents <= self.script.credit

    def draw_latency(self) -> timedelta:
        """From the script's distribution, or else from the provider's own."""
        latency = self.script.latency or self.default_latency
        with self._lock:
            return timedelta(seconds=latency.median * math.exp(latency.sigma * self._random.gauss(0.0, 1.0)))

    def shows_finished(self, key: str, ready_at: datetime) -> bool:
        """Whether what is known by ``key`` may be called finished. Counts the times that the script denies it."""
        with self._lock:
            if self.clock.now() < ready_at or self.script.not_ready == "forever":
                return False
            if self._denials[key] >= self.script.not_ready:
                return True
            self._denials[key] += 1
            return False

    def is_shown(self, key: str, document: AcceptedDocument) -> bool:
        """Whether a poll that names ``key`` is told of its document. Counts the times that the script denies it.

        Raises:
            Refused: the document is poisoned.
        """
        if _is_among(document.number, self.script.poisoned_documents):
            raise Refused(500, "The script says so.")
        hidden = self.script.unknown_at_first
        if hidden is None:
            return True
        if hidden.seconds is not None:
            return self.clock.now() >= document.accepted_at + timedelta(seconds=hidden.seconds)
        with self._lock:
            self._polls[key] += 1
            return self._polls[key] > (hidden.polls or 0)

    def spoken(self, status: Any, document: AcceptedDocument) -> Any:
        """The status of a document as the script has it said."""
        odd = self.script.odd_status
        if odd is None or not _is_among(document.number, odd.documents):
            return status
        if odd.instead_of is not None:
            return odd.word if odd.instead_of == status else status
        is_over = odd.seconds is not None and self.clock.now() >= document.accepted_at + timedelta(seconds=odd.seconds)
        return status if is_over else odd.word

    def failure_of(self, document: AcceptedDocument) -> str | None:
        """Why a document comes to nothing: ``encrypted``, ``unreadable``, ``pages``, ``script``; None when it does."""
        if document.fails:
            return "script"
        reading = document.reading()
        if self.script.page_limit is not None and reading.pages > self.script.page_limit:
            return "pages"
        return reading.failure

    # --- answering ---------------------------------------------------------------------------------------------------

    def _application(self, request: Request) -> Response:
        request.max_content_length = MOST_BYTES
        request.max_form_memory_size = MOST_BYTES
        try:
            operation, values = self._map.bind_to_environ(request.environ).match()
        except HTTPException as exc:
            return self._told("unknown", self.refusal(exc.code or 404, "There is no such route."))
        with self._lock:
            self.requests[operation] += 1
        try:
            return self._told(operation, self._respond(operation, request, values))
        except (HangUp, BreakTls):
            self._enter(operation, 0)
            raise

    def _respond(self, operation: str, request: Request, values: Mapping[str, str]) -> Response:
        with self._lock:
            limit = self.script.rate_limit
            if limit is not None and not self._is_within(limit):
                return self._with_retry_after(self.refusal(429, "Too many requests."), limit.retry_after)
            fault = next((fault for fault in self.script.faults if fault.strikes(operation)), None)
        if fault is None:
            return self._served_by(operation, request, values)
        return self._struck_by(fault, operation, request, values)

    def _struck_by(self, fault: Fault, operation: str, request: Request, values: Mapping[str, str]) -> Response:
        if fault.reset:
            raise HangUp
        if not fault.comes_after_work:
            self._hang(fault)
        if fault.comes_after_work or fault.hang_seconds is not None:
            response = self._served_by(operation, request, values)
        if fault.comes_after_work:
            self._hang(fault)
        if fault.lose_answer:
            raise HangUp
        if fault.break_tls:
            raise BreakTls(response)
        if fault.status is not None:
            response = self._with_retry_after(self.refusal(fault.status, "The script says so."), fault.retry_after)
        elif fault.page is not None:
            response = self._with_retry_after(page(fault.page), fault.retry_after)
        elif fault.code is not None:
            response = self.coded(operation, request, fault.code)
        elif fault.body is not None:
            response = junk(fault.body, response)
        elif fault.another_id:
            response = self.about_another(operation, response)
        elif fault.repeat_id:
            response = self.repeating(operation, response)
        return response

    def _hang(self, fault: Fault) -> None:
        if fault.hang_seconds is not None and self._stopping.wait(fault.hang_seconds):
            raise HangUp

    def _served_by(self, operation: str, request: Request, values: Mapping[str, str]) -> Response:
        route = self._routes[operation]
        try:
            if self.script.maintenance and route.needs_credentials:
                return self.maintenance(operation, request)
            if route.needs_credentials:
                self.authenticate(request)
            return route.handler(request, **values)
        except Refused as exc:
            return self.refusal(exc.status, exc.message)
        except HTTPException as exc:
            return self.refusal(exc.code or 400, exc.description or exc.name)

    def maintenance(self, operation: str, request: Request) -> Response:  # noqa: ARG002
        """How the contract says that the whole service is out of order."""
        return self._with_retry_after(self.refusal(503, "The service is under maintenance."), _MAINTENANCE_SECONDS)

    def _is_within(self, limit: RateLimit) -> bool:
        now = self.clock.now()
        while self._served and self._served[0] <= now - timedelta(seconds=1):
            self._served.popleft()
        if len(self._served) >= limit.requests_per_second:
            return False
        self._served.append(now)
        return True

    def _told(self, operation: str, response: Response) -> Response:
        self._enter(operation, response.status_code)
        return response

    def _enter(self, operation: str, status: int) -> None:
        entry = Entry(self.clock.now(), operation, status)
        with self._lock:
            self.responses[status] += 1
            self.log.append(entry)
        if self._on_request is not None:
            self._on_request(entry)

    def _check(self, fault: Fault) -> None:
        if fault.on != "*" and fault.on not in self._routes:
            raise UserError(
                f"{self.name} has no operation {fault.on!r} for a fault; there are {', '.join(self._routes)}."
            )
        if fault.code is not None and "code" not in self.effects:
            raise UserError(f"{self.name} has no status codes of its own: use the effect status instead of code.")
        for effect in ("another_id", "repeat_id"):
            if getattr(fault, effect) and effect not in self.effects:
                raise UserError(f"The simulator of {self.name} has no effect {effect}.")
        if fault.break_tls and not self.script.tls:
            raise UserError("Only TLS can break: break_tls needs tls: true in the script.")

    @staticmethod
    def _with_retry_after(response: Response, seconds: int | None) -> Response:
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response


def _is_among(number: int, first: Count | Forever) -> bool:
    """Whether a document, counted from 0, is one of the first so many."""
    return first == "forever" or number < first
