"""Erase Job: end the execution of a withdrawn job, and delete everything that is kept of it, here and at providers."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from invoice_capture.domain.errors import (
    CaptureError,
    JobCancelled,
    ProviderUnavailable,
    StoreUnavailable,
    SubmissionInDoubt,
)
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.submission import Outcome, Submission
from invoice_capture.ports import (
    DocumentStore,
    JobOrders,
    JobStore,
    Metrics,
    Notifier,
    Provider,
    Providers,
    SubmissionStore,
)
from invoice_capture.use_cases.shared.forget_job import remove_objects
from invoice_capture.use_cases.shared.provider_throttle import ProviderThrottle, Throttles
from invoice_capture.use_cases.shared.resolve_submission import ResolveSubmission

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EraseRequest:
    """``was_open``: the job had not ended when it was withdrawn, so nobody announced an end of it yet."""

    job_id: str
    was_open: bool


@dataclass(frozen=True)
class EraseJob:
    documents: DocumentStore
    jobs: JobStore
    orders: JobOrders
    submissions: SubmissionStore
    providers: Providers
    notifier: Notifier
    metrics: Metrics
    throttles: Throttles
    resolve: ResolveSubmission

    def __call__(self, request: EraseRequest) -> None:
        """Doing it again erases what is left. What a provider keeps and does not give up is logged and counted.

        Raises:
            ProviderUnavailable: a provider could not be asked to delete its copy; worth trying again.
        """
        job = self.jobs.get(request.job_id)
        if job is None or job.status is not JobStatus.CANCELLED:
            return
        for row in self.submissions.of_job(job.job_id):
            self._end(job, row)
        # Read once more: a provider may have answered before its row was closed.
        rows = self.submissions.of_job(job.job_id)
        for row in rows:
            self._discard(row)
        remove_objects(job, documents=self.documents, jobs=self.jobs)
        if request.was_open:
            self.notifier.publish(
                "Job cancelled",
                {
                    "event": "job.cancelled",
                    "job_id": job.job_id,
                    "status": job.status.value,
                    "document": job.document.to_json(),
                },
            )
        self.orders.erase(job, rows)

    def _end(self, job: Job, row: Submission) -> None:
        """Wake the execution that waits for a submission; its job has ended, which is where it stops.

        The row is closed, so that the loop neither sends nor asks for what nobody wants any more.
        """
        if not row.state.is_closed:
            error = JobCancelled(f"Job {job.job_id} was deleted by its client.")
            self.resolve(row.key, row.task_token or "", Outcome(row.provider, row.reference, error=error))

    def _discard(self, row: Submission) -> None:
        if row.reference is None and not row.may_be_charged:
            return
        try:
            provider = self.providers.get(row.provider)
            if not provider.capabilities.deletes_copies:
                return
            throttle = self.throttles.of(provider)
            reference = row.reference or self._look_up(row, provider, throttle)
            if reference is None:
                return
            raw = self.documents.read_result(row.result_key) if row.result_key is not None else None
            with throttle.slot(provider.capabilities.requests.discard):
                provider.discard(reference, raw or b"")
        except (ProviderUnavailable, StoreUnavailable):
            raise
        except CaptureError as exc:
            _log.warning(
                "The provider's copy was not deleted.",
                extra={"error": exc.code, "job_id": row.job_id, "reference": row.reference},
            )
            self.metrics.count("CopiesLeft", provider=row.provider)

    def _look_up(self, row: Submission, provider: Provider, throttle: ProviderThrottle) -> str | None:
        """What the provider knows a submission by whose answer was lost; None when it does not know it."""
        if not provider.capabilities.finds_submissions:
            raise SubmissionInDoubt(f"Whether {provider.name} has {row.document.name} is not known.")
        with throttle.slot(provider.capabilities.requests.find):
            return provider.find(row)
