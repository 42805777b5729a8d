"""Store Invoice: make the provider's answer canonical, validate it, store it with the job, and announce it."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_capture.domain.announcement import Announcement, announcement_of_capture
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import ProviderError, ResultUnusable
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.summary import summary_of
from invoice_capture.domain.validation import validate_invoice
from invoice_capture.ports import Clock, DocumentStore, JobStore, Provider, Providers
from invoice_capture.use_cases.shared.leave_explanation import explained
from invoice_capture.use_cases.steps.announce_outcome import AnnounceOutcome


@dataclass(frozen=True)
class StoreRequest:
    """What the token was resolved with; ``result_key`` is where the provider's raw answer lies."""

    job_id: str
    document: DocumentPointer
    provider: str
    submission: int
    result_key: str


@dataclass(frozen=True)
class StoreInvoice:
    documents: DocumentStore
    jobs: JobStore
    providers: Providers
    announce: AnnounceOutcome
    clock: Clock

    def __call__(self, request: StoreRequest) -> Announcement:
        """Store the invoice, announce it, and return the announcement.

        Nothing slow stands between the two. What cannot be announced now is owed, and the step ends well. Doing it
        again stores nothing, and announces only what is still owed.

        Raises:
            ResultUnusable: the answer is gone, or cannot be understood; another provider may do better.
            JobClosed: the job ended otherwise meanwhile.
        """
        with explained(request.job_id, self.jobs):
            return self._store(request)

    def _store(self, request: StoreRequest) -> Announcement:
        provider = self.providers.get(request.provider)
        raw = self.documents.read_result(request.result_key)
        if raw is None:
            raise ResultUnusable(f"{request.provider} left no answer for {request.document.name}.")
        invoice = self._normalised(request, provider, raw)
        now = self.clock.now()
        remarks = provider.findings(raw)
        findings = [finding.to_json() for finding in (*remarks, *validate_invoice(invoice, now.date()))]
        content = invoice.to_json()
        summary = summary_of(content, findings)
        announcement = announcement_of_capture(request.job_id, request.document, request.provider, summary, now)
        if self.jobs.capture(request.job_id, request.submission, content, findings, now, summary=summary):
            self.announce.tell(announcement)
        else:
            self.announce(request.job_id)
        return announcement

    def _normalised(self, request: StoreRequest, provider: Provider, raw: bytes) -> Invoice:
        try:
            return provider.normalise(raw)
        except ProviderError as exc:
            raise exc.about(request.document.name) from exc
