"""The functions: what each does with its ports. All but one are the use cases as they are deployed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.spending import Prices
from invoice_capture.domain.submission import Submission
from invoice_capture.domain.validation import Finding
from invoice_capture.ports import PollResult
from invoice_capture.use_cases.steps.announce_outcome import AnnounceOutcome
from invoice_capture.use_cases.steps.check_submissions import CheckSubmissions, Turn
from invoice_capture.use_cases.steps.store_invoice import StoreInvoice, StoreRequest
from invoice_capture.use_cases.steps.submit_document import SubmitDocument, SubmitRequest
from invoice_capture.use_cases.steps.sweep_jobs import SweepJobs
from invoice_capture.wiring import build
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
        names = ("jobs", "submissions", "states", "documents", "clock", "callbacks", "executions", "notifier")
        world = SimpleNamespace(
            **{name: ports.port(name) for name in names},
            providers=Providers(self._setting, ports),
            metrics=Counted(),
            spending=MemorySpendingStore(),
            prices=Prices({}),
            monthly_budget=None,
            maximum_bytes=1024**2,
        )
        world.budget = build(EndlessBudget, world)
        match start:
            case SubmitRequest():
                build(SubmitDocument, world)(start)
            case Turn():
                return build(CheckSubmissions, world)(start)
            case Sweep():
                return build(SweepJobs, world)().problems
            case StoreRequest():
                build(StoreInvoice, world)(start)
            case RecordFailure():
                world.jobs.fail(start.job_id, start.error.error(), world.clock.now())
                build(AnnounceOutcome, world)(start.job_id)
        return None
