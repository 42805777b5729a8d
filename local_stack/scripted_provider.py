"""A provider whose latency and faults are settings: it shows, without a network, how the pipeline behaves.

Its extraction is the embedded engine's. Its server side lives in this process and counts what it accepted, which is
what a real provider would charge for. Every setting of ``Script`` may be given as a provider setting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from invoice_capture.domain.invoice import Invoice

from invoice_capture.domain.errors import CaptureFailed, ProviderUnavailable, RateLimited, SubmissionInDoubt
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Capabilities, PollResult, PollState
from invoice_capture.providers.base import BaseProvider

NAME = "scripted"
_MAXIMUM_BYTES = 100 * 1024**2


@dataclass
class Script:
    """How the server behaves. Faults are numbers of requests that still suffer them."""

    latency_seconds: float = 20.0
    finds_submissions: float = 0
    """Not zero: it can be asked whether it knows a job."""
    batch_size: float = 20
    retry_after_seconds: float = 30.0
    unavailable_submissions: float = 0
    """Refused before anything was accepted."""
    limited_submissions: float = 0
    lose_answer_after_acceptance: float = 0
    """Accepted, and charged, but the answer never arrives."""
    refuse_submissions: float = 0
    """Refused for good."""
    unavailable_polls: float = 0
    limited_polls: float = 0
    fail_for_good: float = 0
    """Accepted, then given up when the latency has passed."""
    action_required: float = 0
    """A person has to verify; done when the latency has passed."""
    unusable_results: float = 0


@dataclass(frozen=True)
class AcceptedDocument:
    """A document on the server."""

    reference: str
    job_id: str
    content: bytes
    accepted_at: datetime
    fails: bool
    needs_action: bool


@dataclass
class ScriptedServer:
    """The server side: what it accepted, and how many requests of each kind it got."""

    script: Script = field(default_factory=Script)
    on_request: Callable[[], None] = lambda: None
    accepted: list[AcceptedDocument] = field(default_factory=list)
    polls: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def accept(self, submission: Submission, content: bytes, now: datetime) -> str:
        with self._lock:
            self.on_request()
            if self._suffers("unavailable_submissions"):
                raise ProviderUnavailable("The scripted provider is out of order.")
            if self._suffers("limited_submissions"):
                raise RateLimited("The scripted provider asks to slow down.", self.script.retry_after_seconds)
            if self._suffers("refuse_submissions"):
                raise CaptureFailed(f"The scripted provider refuses {submission.document.name}.")
            document = AcceptedDocument(
                reference=f"{len(self.accepted) + 1:06d}",
                job_id=submission.job_id,
                content=content,
                accepted_at=now,
                fails=self._suffers("fail_for_good"),
                needs_action=self._suffers("action_required"),
            )
            self.accepted.append(document)
            if self._suffers("lose_answer_after_acceptance"):
                raise SubmissionInDoubt(f"The answer about {submission.document.name} was lost.")
            return document.reference

    def find(self, job_id: str) -> str | None:
        with self._lock:
            self.on_request()
            return next((document.reference for document in self.accepted if document.job_id == job_id), None)

    def look_up(self, references: Sequence[str], now: datetime) -> Mapping[str, PollResult]:
        with self._lock:
            self.on_request()
            self.polls += 1
            if self._suffers("unavailable_polls"):
                raise ProviderUnavailable("The scripted provider is out of order.")
            if self._suffers("limited_polls"):
                raise RateLimited("The scripted provider asks to slow down.", self.script.retry_after_seconds)
            return {reference: self._state(self.document(reference), now) for reference in references}

    def download(self, reference: str) -> bytes:
        """The content of a document, or junk when the script says so."""
        with self._lock:
            self.on_request()
            return b"junk" if self._suffers("unusable_results") else self.document(reference).content

    def document(self, reference: str) -> AcceptedDocument:
        return self.accepted[int(reference) - 1]

    def submissions_of(self, job_id: str) -> int:
        """How often the server accepted, and would charge for, a job's document."""
        with self._lock:
            return sum(document.job_id == job_id for document in self.accepted)

    def _state(self, document: AcceptedDocument, now: datetime) -> PollResult:
        if now < document.accepted_at + timedelta(seconds=self.script.latency_seconds):
            if document.needs_action:
                return PollResult(PollState.ACTION_REQUIRED, action_url="https://scripted.example/verify")
            return PollResult(PollState.PENDING)
        if document.fails:
            return PollResult(PollState.FAILED, error=CaptureFailed("The scripted provider gave the document up."))
        return PollResult(PollState.READY)

    def _suffers(self, fault: str) -> bool:
        left = getattr(self.script, fault)
        if left > 0:
            setattr(self.script, fault, left - 1)
        return bool(left > 0)


server = ScriptedServer()


def start_server(settings: Mapping[str, str], on_request: Callable[[], None]) -> ScriptedServer:
    """A fresh server with the script that the settings describe; the providers talk to the latest one."""
    global server  # noqa: PLW0603 - a server is global to its clients
    server = ScriptedServer(script=script_of(settings), on_request=on_request)
    return server


def script_of(settings: Mapping[str, str]) -> Script:
    """The script in a provider's settings, among which are others.

    Raises:
        ValueError: a setting of the script is no number; the message names it.
    """
    script = Script()
    for name in {item.name for item in fields(Script)} & set(settings):
        try:
            setattr(script, name, float(settings[name]))
        except ValueError as exc:
            raise ValueError(f"{name} must be a number, not {settings[name]!r}") from exc
    return script


class ScriptedProvider(BaseProvider):
    """The client side; a reference is the server's number of the document."""

    name = NAME
    default_typical_latency_seconds: ClassVar[float] = 20.0

    @property
    def capabilities(self) -> Capabilities:  # type: ignore[override]
        """As the script says at the moment, so that a test can change it."""
        script = server.script
        return Capabilities(finds_submissions=bool(script.finds_submissions), batch_size=int(script.batch_size))

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
        begin()
        return server.accept(submission, content, self._context.clock.now())

    def find(self, submission: Submission) -> str | None:
        return server.find(submission.job_id) if self.capabilities.finds_submissions else super().find(submission)

    def copies(self, submission: Submission) -> int:
        if not self.capabilities.finds_submissions:
            return super().copies(submission)
        return server.submissions_of(submission.job_id)

    def poll(self, submissions: Sequence[Submission]) -> Mapping[str, PollResult]:
        references = [row.reference for row in submissions if row.reference is not None]
        return server.look_up(references, self._context.clock.now())

    def fetch(self, reference: str) -> bytes:
        from invoice_capture.providers.embedded.engine import engine

        content = server.download(reference)
        return content if content == b"junk" else engine(_MAXIMUM_BYTES)(content)

    def normalise(self, raw: bytes) -> Invoice:
        from invoice_capture.providers.embedded.mapping import to_invoice

        return to_invoice(raw)
