"""The functions: what each does with its ports. All but one are the use cases as they are deployed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.spending import Prices
from invoice_capture.domain.submission import Submission
from invoice_capture.domain.validation import Finding
from invoice_capture.ports import PollResult
from invoice_capture.use_cases.announce_outcome import AnnounceOutcome
from invoice_capture.use_cases.check_submissions import CheckSubmissions, Turn
from invoice_capture.use_cases.discard_copies import DiscardCopies
from invoice_capture.use_cases.look_at_submissions import LookAtSubmissions
from invoice_capture.use_cases.store_invoice import StoreInvoice, StoreRequest
from invoice_capture.use_cases.submit_document import SubmitDocument, SubmitRequest
from invoice_capture.use_cases.sweep_jobs import SweepJobs
from tests.fakes.spending import EndlessBudget, MemorySpendingStore
from tests.fakes.world import Counted
from tests.model.program import Ports, Raised
from tests.model.setting import Setting


@dataclass(frozen=True)
class Sweep:
    """One round of the sweeper."""


@dataclass(frozen=True)
class RecordFailure:
    """The states Record Failure and Announce Outcome."""

    job_id: str
    error: Raised


class Provider:
    """A provider whose requests are calls of a port."""

    typical_latency_seconds = 20.0
    requests_per_second = None
    max_concurrency = 8
    keeps_copies = False

    def __init__(self, name: str, setting: Setting, ports: Ports) -> None:
        self.name = name
        self.capabilities = setting.capabilities
        self.spacing_seconds = 0.0
        self._server = ports.port("provider")

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
        begin()
        return str(self._server.submit(submission))

    def find(self, submission: Submission) -> str | None:
        reference: str | None = self._server.find(submission)
        return reference

    def copies(self, submission: Submission) -> int:
        return int(self._server.copies(submission))

    def poll(self, submissions: Sequence[Submission]) -> Mapping[str, PollResult]:
        answer: Mapping[str, PollResult] = self._server.poll(tuple(row.reference for row in submissions))
        return answer

    def discard(self, reference: str, raw: bytes) -> None:
        self._server.discard(reference)

    def normalise(self, raw: bytes) -> Invoice:
        return Invoice()

    def findings(self, raw: bytes) -> Sequence[Finding]:
        return ()


class Providers:
    def __init__(self, setting: Setting, ports: Ports) -> None:
        self._providers = {name: Provider(name, setting, ports) for name in setting.route}

    def names(self) -> frozenset[str]:
        return frozenset(self._providers)

    def forget(self, name: str) -> None: ...

    def get(self, name: str) -> Any:
        if name not in self._providers:
            raise SettingMissing(name)
        return self._providers[name]


class Functions:
    """Runs whatever is started with the ports it is given."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def __call__(self, start: Any, ports: Ports) -> Any:
        providers: Any = Providers(self._setting, ports)
        metrics = Counted()
        jobs, submissions, states = (ports.port(name) for name in ("jobs", "submissions", "states"))
        documents, clock, callbacks = (ports.port(name) for name in ("documents", "clock", "callbacks"))
        executions, notifier = ports.port("executions"), ports.port("notifier")
        announce = AnnounceOutcome(jobs, notifier, metrics, clock)
        endless = EndlessBudget(Prices({}), None, MemorySpendingStore(), notifier, metrics, clock)
        match start:
            case SubmitRequest():
                SubmitDocument(
                    maximum_bytes=1024**2,
                    documents=documents,
                    jobs=jobs,
                    submissions=submissions,
                    states=states,
                    providers=providers,
                    executions=executions,
                    callbacks=callbacks,
                    budget=endless,
                    metrics=metrics,
                    clock=clock,
                )(start)
            case Turn():
                look_at = LookAtSubmissions(
                    documents=documents,
                    jobs=jobs,
                    submissions=submissions,
                    states=states,
                    providers=providers,
                    callbacks=callbacks,
                    notifier=notifier,
                    budget=endless,
                    metrics=metrics,
                    clock=clock,
                    discard=DiscardCopies(documents, submissions, metrics, clock),
                )
                return CheckSubmissions(look_at, submissions, states, clock)(start)
            case Sweep():
                swept = SweepJobs(jobs, submissions, states, providers, executions, callbacks, announce, clock)()
                return swept.problems
            case StoreRequest():
                StoreInvoice(documents, jobs, providers, announce, clock)(start)
            case RecordFailure():
                jobs.fail(start.job_id, start.error.error(), clock.now())
                announce(start.job_id)
        return None
