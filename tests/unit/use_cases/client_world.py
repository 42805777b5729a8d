"""A world with clients: what the API does for them, and what the state machine does with their jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO
from typing import IO, Any, ClassVar

from invoice_capture.api.listable import GLANCED
from invoice_capture.api.presentation import glance, row, texts
from invoice_capture.domain.client import SEES_ALL, Principal
from invoice_capture.domain.client_limits import ClientLimits
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import CaptureError, DocumentElsewhere, DocumentError, DuplicateDocument
from invoice_capture.domain.invoice import Invoice, InvoiceField
from invoice_capture.domain.job import Job, JobStatus, Order
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Capabilities
from invoice_capture.use_cases.client.correct_invoice import CorrectInvoice
from invoice_capture.use_cases.client.create_job import CreateJob
from invoice_capture.use_cases.client.guard_client import GuardClient
from invoice_capture.use_cases.client.link_document import LinkDocument
from invoice_capture.use_cases.client.list_jobs import ListJobs, Rows
from invoice_capture.use_cases.client.offer_upload import OfferUpload
from invoice_capture.use_cases.client.prepare_order import PrepareOrder
from invoice_capture.use_cases.client.process_job import ProcessJob
from invoice_capture.use_cases.client.read_invoice import ReadInvoice
from invoice_capture.use_cases.client.retry_job import RetryJob
from invoice_capture.use_cases.client.update_job import UpdateJob
from invoice_capture.use_cases.client.withdraw_job import WithdrawJob
from invoice_capture.use_cases.steps.confirm_invoice import ConfirmInvoice
from invoice_capture.use_cases.steps.erase_job import EraseJob, EraseRequest
from invoice_capture.use_cases.steps.fetch_document import FetchDocument
from invoice_capture.use_cases.steps.remove_jobs import Removed, RemoveJobs
from invoice_capture.use_cases.steps.store_invoice import StoreInvoice, StoreRequest
from invoice_capture.wiring import build
from tests.fakes.catalogue import MemoryJobCatalogue, MemoryJobOrders
from tests.fakes.keys import MemoryClientStore
from tests.fakes.stores import BUCKET
from tests.fakes.world import PDF, ServerProvider, World

ACME = Principal("acme", frozenset())
EVIL = Principal("acme-evil", frozenset())
OPS = Principal("ops", frozenset({SEES_ALL}))
URL = "https://files.example/a.pdf"
MAXIMUM_BYTES = 1024**2


@dataclass
class ReadingProvider(ServerProvider):
    """A provider that reads a number and a total, remembers confirmed values and gives its copies up."""

    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(accepts_corrections=True, deletes_copies=True)
    )
    confirm_faults: list[CaptureError] = field(default_factory=list)
    confirmed: list[tuple[str, Invoice]] = field(default_factory=list)

    def normalise(self, raw: bytes) -> Invoice:
        return Invoice(
            invoice_number=InvoiceField[str](value="R-1", confidence=0.9, source="text"),
            total=InvoiceField[Any](value="100.00", confidence=0.4, page=0, box=(0.1, 0.1, 0.2, 0.2), source="text"),
        )

    def confirm(self, reference: str, raw: bytes, invoice: Invoice) -> None:
        if self.confirm_faults:
            raise self.confirm_faults.pop(0)
        self.confirmed.append((reference, invoice))


class ServedLinks:
    """Documents by their URLs; an error is raised instead. ``fetched`` remembers what was asked for."""

    def __init__(self) -> None:
        self.served: dict[str, bytes | CaptureError] = {URL: PDF}
        self.fetched: list[str] = []

    def fetch(self, url: str, name: str) -> IO[bytes]:
        self.fetched.append(url)
        content = self.served[url]
        if isinstance(content, CaptureError):
            raise content
        return BytesIO(content)


class Invocations:
    """Functions that were asked for, to be run later; ``faults`` are raised by the next requests instead."""

    def __init__(self) -> None:
        self.queued: list[tuple[str, Mapping[str, Any]]] = []
        self.faults: list[Exception] = []

    def invoke_later(self, function: str, payload: Mapping[str, Any]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.queued.append((function, payload))


def an_order(number: str = "N1", **changes: Any) -> Order:
    order = Order(client="acme", job_number=number, document_name="a.pdf", document_url=URL, template="paid")
    return replace(order, **changes)


class ClientWorld(World):
    bucket = BUCKET
    deadline = timedelta(hours=72)
    default_route = ("embedded",)
    template_routes: ClassVar = {"60f7": ("paid", "embedded")}
    provider_names = routed_providers = frozenset({"paid", "embedded"})
    client_limits = ClientLimits()
    accepts_http_urls = False
    erase_job_function, confirm_invoice_function = "erase", "confirm"
    rows = Rows(row, texts, glance, GLANCED)

    def __init__(self, provider: ServerProvider | None = None) -> None:
        super().__init__(provider or ReadingProvider())
        self.links = ServedLinks()
        self.functions = Invocations()
        self.stopwatch: Callable[[], float] = time.monotonic
        self.orders = MemoryJobOrders(self.jobs, self.submissions)
        self.catalogue = MemoryJobCatalogue(self.jobs, self.orders, timedelta(days=400))
        self.clients = MemoryClientStore()
        self.guard = build(GuardClient, self)
        self.prepare = build(PrepareOrder, self)

    # --- what the API does -------------------------------------------------------------------------------------------

    def create(self, number: str = "N1", principal: Principal = ACME, **changes: Any) -> Job:
        order = an_order(number, client=principal.client, **changes)
        return build(CreateJob, self)(order, principal)

    def update(self, job: Job, order: Order, principal: Principal = ACME) -> Job:
        return build(UpdateJob, self)(job.job_id, order, principal)

    def process(self, job: Job, principal: Principal = ACME) -> Job:
        return build(ProcessJob, self)(job.job_id, principal)

    def retry(self, job: Job, principal: Principal = ACME) -> Job:
        return build(RetryJob, self)(job.job_id, principal)

    def withdraw(self, job: Job, principal: Principal = ACME) -> None:
        build(WithdrawJob, self)(job.job_id, principal)

    def read(self, job: Job, principal: Principal = ACME, *, original: bool = False) -> Any:
        return build(ReadInvoice, self)(job.job_id, principal, original=original)

    def correct(self, job: Job, values: Mapping[str, Any], principal: Principal = ACME) -> Job:
        return build(CorrectInvoice, self)(job.job_id, values, principal)

    def link(self, job: Job, principal: Principal = ACME) -> str:
        return build(LinkDocument, self)(job.job_id, principal)

    def offer(self, name: str, principal: Principal = ACME) -> Any:
        return build(OfferUpload, self)(name, "application/pdf", principal)

    def list(self, listing: Any, principal: Principal = ACME) -> Any:
        return build(ListJobs, self)(listing, principal)

    # --- what functions do -------------------------------------------------------------------------------------------

    def fetch(self, job: Job) -> DocumentPointer:
        return build(FetchDocument, self)(job.job_id)

    def confirm(self, job: Job) -> bool:
        return build(ConfirmInvoice, self)(job.job_id)

    def erase(self, job: Job, *, was_open: bool = True) -> None:
        build(EraseJob, self)(EraseRequest(job.job_id, was_open))

    def remove_jobs(self, seconds_left: Callable[[], float] = lambda: 900.0) -> Removed:
        return build(RemoveJobs, self)(seconds_left)

    # --- what the state machine does ---------------------------------------------------------------------------------

    def run(self, job: Job) -> str:
        """The states of a job's present execution until it waits or ends; returns the last task token."""
        started = self.executions.captures[self.now(job).execution_name]
        token = self.submit(started, number=started.first_submission)
        if isinstance(self.tokens.outcomes.get(token), DocumentElsewhere):
            try:
                document = self.fetch(started)
            except DocumentError as error:
                self._record(job, JobStatus.REJECTED, error)
                return token
            token = self.submit(replace(started, document=document), number=started.first_submission)
        outcome = self.tokens.outcomes.get(token)
        if isinstance(outcome, DuplicateDocument):
            duplicate = replace(self.now(job), status=JobStatus.DUPLICATE, duplicate_of=outcome.first_job_id)
            self.jobs.jobs[job.job_id] = duplicate
        elif isinstance(outcome, CaptureError):
            is_documents = isinstance(outcome, DocumentError)
            self._record(job, JobStatus.REJECTED if is_documents else JobStatus.FAILED, outcome)
        return token

    def complete(self, job: Job, token: str) -> Job:
        """The provider finishes, its loop learns of it, and the invoice is stored."""
        self.finish(job)
        self.clock.forward(600)
        self.turn()
        told = self.tokens.outcomes[token]
        assert isinstance(told, Mapping), told
        request = StoreRequest(
            job.job_id,
            self.now(job).document,
            told["provider"],
            told["submission"],
            told["result_key"],
        )
        build(StoreInvoice, self)(request)
        return self.now(job)

    def captured(self, number: str = "N1", principal: Principal = ACME, **changes: Any) -> Job:
        job = self.create(number, principal, **changes)
        self.process(job, principal)
        return self.complete(job, self.run(job))

    def failed(self, number: str = "N1", **changes: Any) -> Job:
        """A job that no provider captured; its submission is over."""
        job = self.create(number, **changes)
        self.process(job)
        token = self.run(job)
        self.fail_waiting(job, token)
        return self.now(job)

    def fail_waiting(self, job: Job, token: str, error: CaptureError | None = None) -> None:
        """The provider gives up, and Record Failure writes it."""
        from invoice_capture.domain.errors import CaptureFailed
        from invoice_capture.domain.submission import Outcome
        from invoice_capture.use_cases.shared.resolve_submission import ResolveSubmission

        error = error or CaptureFailed("a.pdf could not be read.")
        key = (job.job_id, self.now(job).submission or 1)
        outcome = Outcome(self.provider.name, f"{self.provider.name}-{job.job_id}", error=error)
        build(ResolveSubmission, self)(key, token, outcome)
        self._record(job, JobStatus.FAILED, error)

    def now(self, job: Job) -> Job:
        return self.jobs.jobs[job.job_id]

    def rows_of(self, job: Job) -> list[Submission]:
        return list(self.submissions.of_job(job.job_id))

    def _record(self, job: Job, status: JobStatus, error: CaptureError) -> None:
        present = self.jobs.get(job.job_id)
        if present is not None and present.status.is_open:
            self.jobs.end(job.job_id, status, self.clock.now(), error_code=error.code, error_message=str(error))
            self.announce(job.job_id)
