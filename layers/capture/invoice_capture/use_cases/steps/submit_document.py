"""Submit Document: inspect a document, claim its fingerprint, and submit it to the next provider of its route."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from invoice_capture.domain.document import (
    DocumentKind,
    DocumentPointer,
    fingerprint_of,
    inspect,
    require_acceptable_size,
)
from invoice_capture.domain.errors import (
    CaptureError,
    DocumentElsewhere,
    DuplicateDocument,
    FormatRefused,
    JobClosed,
    JobDeadlineExceeded,
    ProviderError,
    ProviderUnavailable,
    SettingMissing,
    StoreUnavailable,
    TokenClosed,
)
from invoice_capture.domain.job import E_INVOICE_READER, JobStatus
from invoice_capture.domain.submission import Outcome, Submission, SubmissionState
from invoice_capture.ports import (
    Clock,
    DocumentStore,
    JobStore,
    Provider,
    Providers,
    StaleWrite,
    SubmissionStore,
)
from invoice_capture.use_cases.polling.poll_loop import PollLoops
from invoice_capture.use_cases.shared.provider_throttle import Throttles
from invoice_capture.use_cases.shared.resolve_submission import ResolveSubmission, leaves_a_copy
from invoice_capture.use_cases.shared.submitter import Submitter, Submitters, out_of_budget


@dataclass(frozen=True)
class SubmitRequest:
    """What the state Submit Document passes: ``submission`` is the provider's place in the route, from 1.

    ``skip_if_unavailable``: while the provider is out of order, the next one takes over instead.
    """

    job_id: str
    document: DocumentPointer
    provider: str
    submission: int
    task_token: str
    deadline_at: datetime
    skip_if_unavailable: bool = False


@dataclass(frozen=True)
class SubmitDocument:
    maximum_bytes: int
    documents: DocumentStore
    jobs: JobStore
    submissions: SubmissionStore
    providers: Providers
    clock: Clock
    throttles: Throttles
    submitters: Submitters
    poll_loops: PollLoops
    resolve: ResolveSubmission

    def __call__(self, request: SubmitRequest) -> None:
        """Submit a document, or tell its task token by name why not.

        Every repeat of the state brings a new token; what was submitted already is not submitted again.
        """
        try:
            self._submit(request)
        except StoreUnavailable as exc:
            # The state machine repeats the state; the submission stays open.
            with suppress(TokenClosed):
                self.resolve.deliver(request.submission, Outcome(request.provider, error=exc), request.task_token)
        except CaptureError as exc:
            row = self.submissions.get((request.job_id, request.submission))
            if row is not None and _was_begun_before(row, request, exc):
                self._wait_for(self._take_token(request), request)
            else:
                self._refuse(request, exc, row)

    def _submit(self, request: SubmitRequest) -> None:
        now = self.clock.now()
        if now >= request.deadline_at:
            raise JobDeadlineExceeded.of(request.document.name, request.deadline_at)
        if not request.document.is_stored:
            raise DocumentElsewhere(f"{request.document.name} is to be fetched first.")
        require_acceptable_size(request.document, self.maximum_bytes)
        content = self.documents.read(request.document)
        kind = inspect(request.document.name, content)
        fingerprint = fingerprint_of(request.document, content)
        owner = self.jobs.claim_fingerprint(fingerprint, request.job_id, now)
        if owner != request.job_id:
            raise DuplicateDocument(owner)
        try:
            self._send(request, kind, content, now)
        except JobClosed:
            job = self.jobs.get(request.job_id)
            if job is None or job.status is JobStatus.CANCELLED:
                # Its erasure may be over, and would not find this any more.
                self.jobs.release_fingerprint(fingerprint, request.job_id)
            raise

    def _send(self, request: SubmitRequest, kind: DocumentKind, content: bytes, now: datetime) -> None:
        provider = self._reader(request, kind)
        throttle = self.throttles.of(provider)
        wait_until = throttle.admit(provider.capabilities.requests.submit)
        if wait_until is not None and request.skip_if_unavailable and throttle.is_out_of_order:
            raise ProviderUnavailable(f"{provider.name} is out of order, and the route says not to wait for it.")
        submitter = self.submitters.of(provider, throttle)
        row = Submission(
            job_id=request.job_id,
            number=request.submission,
            provider=provider.name,
            state=SubmissionState.QUEUED,
            document=request.document,
            kind=kind,
            task_token=request.task_token,
            created_at=now,
            deadline_at=request.deadline_at,
            next_check_at=wait_until,
            skip_if_unavailable=request.skip_if_unavailable,
        )
        try:
            row = self._start(row, content, submitter)
        except StaleWrite:
            row = self._resume(request, submitter, content)
        self._wait_for(row, request)

    def _start(self, row: Submission, content: bytes, submitter: Submitter) -> Submission:
        """Send a new row, or write it down for when it can be sent.

        Raises:
            StaleWrite: this state is repeated.
            ProviderUnavailable: it may not be paid for, and the route says not to wait.
        """
        if row.next_check_at is not None:
            return self._create(row)
        row, held_until = submitter.afford(row, content)
        if held_until is not None and row.skip_if_unavailable:
            raise out_of_budget(row)
        return submitter.send(row, content, self._create) if held_until is None else self._create(row)

    def _create(self, row: Submission) -> Submission:
        # The token of what is sent is written with what comes of the attempt: who dies in between has the state
        # repeated, with another token. It is two thirds of the row, which this transaction would write twice.
        is_sent = row.state is SubmissionState.SUBMITTING
        if not self.submissions.begin(replace(row, task_token=None) if is_sent else row):
            raise StaleWrite
        return row

    def _wait_for(self, row: Submission, request: SubmitRequest) -> None:
        """Tell an outcome that is there already, and make sure that somebody looks in time at what is left to do."""
        if row.state.is_closed:
            with suppress(TokenClosed):
                self.resolve.deliver(row.number, row.outcome, request.task_token)
        if row.next_check_at is not None and (row.state.is_closed or not self._pushes_results(row.provider)):
            self.poll_loops.ensure(row.provider, row.next_check_at)

    def _pushes_results(self, provider: str) -> bool:
        try:
            return self.providers.get(provider).capabilities.pushes_results
        except SettingMissing:
            # The loop says so of every submission.
            return False

    def _refuse(self, request: SubmitRequest, error: CaptureError, row: Submission | None) -> None:
        """Tell why this provider does not capture the document; ``row`` is the submission, if one was begun."""
        told = error.about(request.document.name) if isinstance(error, ProviderError) else error
        has_copy = row is not None and row.has_copy and leaves_a_copy(self.providers.get(row.provider))
        now = self.clock.now()
        outcome = Outcome(request.provider if row is None else row.provider, error=told)
        key = (request.job_id, request.submission)
        self.resolve(key, request.task_token, outcome, discard_at=now if has_copy else None)
        if row is not None and has_copy:
            self.poll_loops.ensure(row.provider, now)

    def _reader(self, request: SubmitRequest, kind: DocumentKind) -> Provider:
        """The provider that reads this document, before anything is sent or paid.

        An e-invoice is data already: where the provider takes none, the embedded engine reads it exactly, for nothing.
        """
        provider = self.providers.get(request.provider)
        if kind in provider.capabilities.formats:
            return provider
        if kind is DocumentKind.E_INVOICE:
            return self.providers.get(E_INVOICE_READER)
        raise FormatRefused(
            f"{provider.name} does not read {kind.name}. Upload the invoice in another format, "
            "or put a provider that reads it into the route."
        )

    def _resume(self, request: SubmitRequest, submitter: Submitter, content: bytes) -> Submission:
        """The state is repeated: the submission takes the new token, and goes on from where it was."""
        row = self._take_token(request)
        # Until it is due, whoever sends it may be at work still, however the state came to be repeated. What costs
        # nothing may be sent by both.
        is_over = row.is_due(self.clock.now()) or not submitter.provider.capabilities.is_paid
        if row.state is SubmissionState.SUBMITTING and is_over:
            try:
                return submitter.reconcile(row, content)
            except StaleWrite:
                return self.submissions.get(row.key) or row
        return row

    def _take_token(self, request: SubmitRequest) -> Submission:
        while True:
            row = self.submissions.get((request.job_id, request.submission))
            if row is None:
                raise StoreUnavailable(f"Submission {request.submission} of job {request.job_id} could not be read.")
            if row.state.is_closed or row.task_token == request.task_token:
                return row
            try:
                return self.submissions.save(replace(row, task_token=request.task_token, former_token=row.task_token))
            except StaleWrite:
                continue


def _was_begun_before(row: Submission, request: SubmitRequest, refusal: CaptureError) -> bool:
    """Whether an earlier run of the state got further: what refuses this one says nothing of what was sent then."""
    if row.task_token == request.task_token:
        return False
    return row.state.is_closed or not isinstance(refusal, JobDeadlineExceeded)
