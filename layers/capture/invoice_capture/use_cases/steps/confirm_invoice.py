"""Confirm Invoice: tell a provider what a person made of its answer, so that it learns."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from invoice_capture.domain.errors import CaptureError, ProviderUnavailable, StoreUnavailable
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import (
    DocumentStore,
    JobStore,
    Metrics,
    Providers,
    SubmissionStore,
)
from invoice_capture.use_cases.shared.provider_throttle import Throttles

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConfirmInvoice:
    documents: DocumentStore
    jobs: JobStore
    submissions: SubmissionStore
    providers: Providers
    metrics: Metrics
    throttles: Throttles

    def __call__(self, job_id: str) -> bool:
        """Whether the provider was told. It is not where its contract has nothing for this, or it deleted its copy.

        Raises:
            ProviderUnavailable: the provider could not be reached; worth trying again.
        """
        job = self.jobs.get(job_id)
        # What was deleted meanwhile is none of the provider's business any more.
        if job is None or job.status is not JobStatus.CAPTURED or job.submission is None:
            return False
        confirmed = self.jobs.confirmed_invoice(job_id)
        row = self.submissions.get((job_id, job.submission))
        if confirmed is None or row is None or row.reference is None or row.result_key is None:
            return False
        try:
            return self._tell(row, Invoice.model_validate(confirmed.invoice))
        except (ProviderUnavailable, StoreUnavailable):
            raise
        except CaptureError as exc:
            # The confirmation itself is stored; a provider that does not want it changes nothing.
            _log.warning("The provider did not take a confirmation.", extra={"error": exc.code, "job_id": job_id})
            self.metrics.count("ConfirmationsRefused", provider=row.provider)
            return False

    def _tell(self, row: Submission, invoice: Invoice) -> bool:
        provider = self.providers.get(row.provider)
        raw = self.documents.read_result(row.result_key or "")
        has_copy = provider.keeps_copies or not provider.capabilities.deletes_copies
        if not provider.capabilities.accepts_corrections or not has_copy or raw is None:
            return False
        with self.throttles.of(provider).slot(1):
            provider.confirm(row.reference or "", raw, invoice)
        return True
