"""Read Invoice: the canonical invoice of a job, as it was captured or as a person confirmed it."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_capture.domain.api_errors import NothingThere
from invoice_capture.domain.client import Principal
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.ports import JobStore, StoredInvoice
from invoice_capture.use_cases.client.find_job import find_capture, find_job


@dataclass(frozen=True)
class InvoiceOfJob:
    """``invoice`` is None while there is none. ``capture`` is the job that it belongs to: of a duplicate, the first."""

    job: Job
    capture: Job
    invoice: StoredInvoice | None


@dataclass(frozen=True)
class ReadInvoice:
    jobs: JobStore

    def __call__(self, job_id: str, principal: Principal, *, original: bool = False) -> InvoiceOfJob:
        """``original``: as it was captured, also when it was confirmed since. Raises JobNotFound."""
        job = find_job(self.jobs, job_id, principal)
        capture = find_capture(self.jobs, job, principal)
        if capture.status is not JobStatus.CAPTURED:
            return InvoiceOfJob(job, capture, None)
        confirmed = None if original or capture.confirmed_at is None else self.jobs.confirmed_invoice(capture.job_id)
        return InvoiceOfJob(job, capture, confirmed or self.jobs.invoice(capture.job_id))


def require_invoice(found: InvoiceOfJob) -> StoredInvoice:
    """Raises NothingThere, saying how far the job is."""
    if found.invoice is None:
        raise NothingThere(f"Job {found.job.job_id} has no invoice: it is {found.capture.status.lower()}.")
    return found.invoice
