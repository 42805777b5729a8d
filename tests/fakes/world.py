"""A small world around the use cases: a clock that is set by hand, executions with task tokens, a provider's server."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import CaptureError, ProviderError, SettingMissing, SubmissionInDoubt, TokenClosed
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.job import Job, JobStatus, derive_job_id
from invoice_capture.domain.spending import Price, Prices
from invoice_capture.domain.submission import Submission
from invoice_capture.domain.validation import Finding
from invoice_capture.ports import Capabilities, PollResult, PollState
from invoice_capture.use_cases.shared.keep_budget import Budget
from invoice_capture.use_cases.steps.announce_outcome import AnnounceOutcome
from invoice_capture.use_cases.steps.check_submissions import CheckSubmissions, Turn, TurnResult
from invoice_capture.use_cases.steps.submit_document import SubmitDocument, SubmitRequest
from invoice_capture.use_cases.steps.sweep_jobs import SweepJobs
from invoice_capture.wiring import build
from tests.fakes.provider_states import MemoryProviderStateStore
from tests.fakes.spending import MemorySpendingStore
from tests.fakes.stores import MemoryDocumentStore, MemoryJobStore, MemorySubmissionStore

START = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
PDF = b"%PDF-1.7 an invoice"


class ManualClock:
    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.forward(seconds)

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Tokens:
    """Task tokens of waiting states: open until they are resolved once, or closed by their state machine."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.outcomes: dict[str, Mapping[str, Any] | CaptureError] = {}

    def issue(self, token: str) -> str:
        self.open.add(token)
        return token

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> None:
        self._resolve(task_token, output)

    def fail(self, task_token: str, error: CaptureError) -> None:
        self._resolve(task_token, error)

    def _resolve(self, token: str, outcome: Mapping[str, Any] | CaptureError) -> None:
        if token not in self.open:
            raise TokenClosed("TaskTimedOut")
        self.open.remove(token)
        self.outcomes[token] = outcome


class StartedExecutions:
    """Executions by name; starting one that exists changes nothing, as with Step Functions."""

    def __init__(self) -> None:
        self.captures: dict[str, Job] = {}
        self.loops: dict[str, str] = {}

    def start_capture(self, job: Job, name: str) -> None:
        self.captures.setdefault(name, job)

    def start_loop(self, provider: str, owner: str) -> None:
        self.loops.setdefault(owner, provider)


class Messages:
    """``faults`` are raised by the next calls, in order; ``refused`` are job ids whose messages never pass."""

    def __init__(self) -> None:
        self.published: list[Mapping[str, Any]] = []
        self.faults: list[Exception] = []
        self.refused: set[str] = set()

    def publish(self, subject: str, message: Mapping[str, Any]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        if message.get("job_id") in self.refused:
            raise ValueError("This message is refused.")
        self.published.append({"subject": subject, **message})


class Counted:
    """Metrics by name."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, metric: str, value: int = 1, **dimensions: str) -> None:
        self.counts[metric] += value


@dataclass
class ServerProvider:
    """A provider with a server of its own behind it, which remembers what was accepted and therefore is paid.

    ``faults`` are raised by the next calls of submit, in order: one after acceptance when it is SubmissionInDoubt, else
    instead of it, once the attempt has begun, and ``early_faults`` before it has; ``fetch_faults`` and
    ``discard_faults`` by the next fetches and discards. ``answers`` are those of checks, by job id; whatever is not in
    it is pending.
    """

    name: str = "paid"
    capabilities: Capabilities = field(default_factory=Capabilities)
    typical_latency_seconds: float = 20.0
    requests_per_second: float | None = None
    max_concurrency: int = 8
    spacing_seconds: float = 0.0
    keeps_copies: bool = False
    fetch_faults: list[ProviderError] = field(default_factory=list)
    discard_faults: list[ProviderError] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    faults: list[ProviderError | None] = field(default_factory=list)
    early_faults: list[ProviderError] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    answers: dict[str, PollResult] = field(default_factory=dict)
    check_fault: ProviderError | None = None
    checked: list[list[str]] = field(default_factory=list)
    remarks: tuple[Finding, ...] = ()

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
        if self.early_faults:
            raise self.early_faults.pop(0)
        begin()
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and not isinstance(fault, SubmissionInDoubt):
            raise fault
        self.accepted.append(submission.job_id)
        if fault is not None:
            raise fault
        return f"{self.name}-{submission.job_id}"

    def copies(self, submission: Submission) -> int:
        return self.accepted.count(submission.job_id)

    def find(self, submission: Submission) -> str | None:
        return f"{self.name}-{submission.job_id}" if submission.job_id in self.accepted else None

    def poll(self, submissions: Sequence[Submission]) -> Mapping[str, PollResult]:
        assert len(submissions) <= self.capabilities.batch_size
        self.checked.append([row.job_id for row in submissions])
        if self.check_fault is not None:
            raise self.check_fault
        return {row.reference or "": self.answers[row.job_id] for row in submissions if row.job_id in self.answers}

    def fetch(self, reference: str) -> bytes:
        if self.fetch_faults:
            raise self.fetch_faults.pop(0)
        return b"{}"

    def discard(self, reference: str, raw: bytes) -> None:
        if self.discard_faults:
            raise self.discard_faults.pop(0)
        self.discarded.append(reference)

    def normalise(self, raw: bytes) -> Invoice:
        return Invoice()

    def findings(self, raw: bytes) -> Sequence[Finding]:
        return self.remarks


@dataclass
class OnlyProviders:
    """The providers of a test, by name; ``known`` are their names, if others than those."""

    providers: dict[str, Any]
    known: frozenset[str] | None = None
    forgotten: list[str] = field(default_factory=list)

    def names(self) -> frozenset[str]:
        return frozenset(self.providers) if self.known is None else self.known

    def forget(self, name: str) -> None:
        self.forgotten.append(name)

    def get(self, name: str) -> Any:
        if name not in self.providers:
            raise SettingMissing(f"There is no provider {name!r}.")
        return self.providers[name]


class World:
    """All ports, under the names that use cases have for them, and short words for what happens to a job."""

    maximum_bytes = 1024**2
    ocr_service, ocr_pages_per_second = "textract", 1 / 0.9

    def __init__(self, provider: ServerProvider | None = None) -> None:
        self.clock = ManualClock()
        self.documents = MemoryDocumentStore()
        self.jobs = MemoryJobStore()
        self.submissions = MemorySubmissionStore(self.jobs)
        self.states = MemoryProviderStateStore()
        self.executions = StartedExecutions()
        self.tokens = Tokens()
        self.messages = Messages()
        self.metrics = Counted()
        self.spending = MemorySpendingStore()
        # In millionths of a dollar.
        self.prices: dict[str, Price] = {}
        self.monthly_budget: int | None = None
        self.provider = provider or ServerProvider()
        self.providers = OnlyProviders({self.provider.name: self.provider})
        self._numbers = itertools.count(1)

    def receive(self, content: bytes = PDF, size: int | None = None, name: str | None = None) -> Job:
        """A job as Receive Upload leaves it. ``size`` is what the bucket says, if other than the content's."""
        number = next(self._numbers)
        stored = self.documents.put(f"incoming/{name or f'{number}.pdf'}", content)
        pointer = DocumentPointer(stored.bucket, stored.key, stored.version_id, stored.size if size is None else size)
        job = Job(
            job_id=derive_job_id(pointer, self.clock.now()),
            document=pointer,
            route=(self.provider.name,),
            status=JobStatus.RECEIVED,
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
            deadline_at=self.clock.now() + timedelta(hours=72),
        )
        self.jobs.create(job)
        return job

    def submit(self, job: Job, token: str | None = None, number: int = 1, skip_if_unavailable: bool = False) -> str:
        """Enter the state Submit Document; returns its task token."""
        token = self.tokens.issue(token or f"token-{job.job_id}-{next(self._numbers)}")
        build(SubmitDocument, self)(
            SubmitRequest(
                job_id=job.job_id,
                document=job.document,
                provider=self.provider.name,
                submission=number,
                task_token=token,
                deadline_at=job.deadline_at,
                skip_if_unavailable=skip_if_unavailable,
            )
        )
        return token

    def row(self, job: Job, number: int = 1) -> Submission:
        return self.submissions.rows[job.job_id, number]

    def turn(self, owner: str | None = None, number: int = 1, released: bool = False) -> TurnResult:
        """One turn of the provider's loop, by default of the loop that was started last."""
        step = build(CheckSubmissions, self)
        return step(Turn(self.provider.name, owner or self.loops[-1], number, released))

    def sweep(self) -> Any:
        return build(SweepJobs, self)()

    @property
    def callbacks(self) -> Tokens:
        return self.tokens

    @property
    def notifier(self) -> Messages:
        return self.messages

    @property
    def budget(self) -> Budget:
        return Budget(Prices(self.prices), self.monthly_budget, self.spending, self.messages, self.metrics, self.clock)

    @property
    def announce(self) -> AnnounceOutcome:
        return AnnounceOutcome(self.jobs, self.messages, self.metrics, self.clock)

    @property
    def loops(self) -> list[str]:
        return list(self.executions.loops)

    def finish(self, job: Job, raw: bytes | None = b"{}") -> None:
        """The provider has finished a job."""
        self.provider.answers[job.job_id] = PollResult(PollState.READY, raw=raw)
