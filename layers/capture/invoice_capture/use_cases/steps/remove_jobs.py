"""Remove Jobs: when the retention of a job is over, what is kept of it goes, to the last version and item."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.domain.job import JobStatus
from invoice_capture.ports import Clock, DocumentStore, JobCatalogue, JobOrders, JobStore, SubmissionStore
from invoice_capture.use_cases.shared.forget_job import remove_objects

_JOBS_PER_RUN = 10_000
# What the largest of jobs may take.
_SECONDS_PER_JOB = 30.0

_log = logging.getLogger(__name__)


@dataclass
class Removed:
    """What a run did, for metrics. ``problems`` are jobs that could not be removed; the next run tries them again."""

    jobs_removed: int = 0
    problems: int = 0


@dataclass(frozen=True)
class RemoveJobs:
    documents: DocumentStore
    jobs: JobStore
    orders: JobOrders
    submissions: SubmissionStore
    catalogue: JobCatalogue
    clock: Clock

    def __call__(self, seconds_left: Callable[[], float]) -> Removed:
        """Remove jobs past their retention, the oldest first, until all are gone or this run has no time left.

        A job that is open, or whose end is still to be told, is let be until a later run.
        """
        removed = Removed()
        for job_id in self.catalogue.past_retention(self.clock.now()):
            if removed.jobs_removed >= _JOBS_PER_RUN or seconds_left() < _SECONDS_PER_JOB:
                break
            try:
                removed.jobs_removed += self._remove(job_id)
            except StoreUnavailable as exc:
                # An outage: the others would fail as well, and each of them slowly.
                _report(exc, job_id, removed)
                break
            except Exception as exc:
                _report(exc, job_id, removed)
        return removed

    def _remove(self, job_id: str) -> bool:
        job = self.jobs.get(job_id)
        if job is None or job.status.is_open or job.is_untold:
            return False
        # What a run that broke off left is CANCELLED already. Nobody finds it, starts it again or corrects it any more.
        if job.status is not JobStatus.CANCELLED and not self.orders.expire(job, self.clock.now()):
            return False
        remove_objects(job, documents=self.documents, jobs=self.jobs)
        self.orders.erase(job, self.submissions.of_job(job_id))
        return True


def _report(error: Exception, job_id: str, removed: Removed) -> None:
    """The message of an unexpected error may quote the document: only its name is logged."""
    _log.warning("A job could not be removed.", extra={"job_id": job_id, "error": type(error).__name__})
    removed.problems += 1
