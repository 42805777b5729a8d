"""Withdraw Job: a client deletes a job. It is gone from this moment; what is stored of it is erased afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_capture.domain.api_errors import JobNotFound
from invoice_capture.domain.client import Principal
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.ports import Clock, FunctionInvoker, JobOrders, JobStore
from invoice_capture.use_cases.client.find_job import could_be_id, is_theirs


@dataclass(frozen=True)
class WithdrawJob:
    """``erase_job_function`` is the name of the function that erases."""

    erase_job_function: str
    jobs: JobStore
    orders: JobOrders
    functions: FunctionInvoker
    clock: Clock

    def __call__(self, job_id: str, principal: Principal) -> None:
        """Raises JobNotFound, also for a job that is being erased; asking again has the erasure begin again."""
        while True:
            job = self.jobs.get(job_id) if could_be_id(job_id) else None
            if job is None or not is_theirs(job, principal):
                raise JobNotFound
            if job.status is JobStatus.CANCELLED:
                # Whoever withdrew it may have died before it had anything erased.
                self._erase(job_id, was_open=_had_not_ended(job))
                raise JobNotFound
            if self.orders.withdraw(job, self.clock.now()):
                self._erase(job_id, was_open=job.status.is_open or job.is_untold)
                return

    def _erase(self, job_id: str, *, was_open: bool) -> None:
        self.functions.invoke_later(self.erase_job_function, {"job_id": job_id, "was_open": was_open})


def _had_not_ended(job: Job) -> bool:
    """Whether a withdrawn job had been started and no end of it been told; ends leave their mark on every job."""
    has_ended = job.summary is not None or job.error_code is not None or job.duplicate_of is not None
    return job.started_at is not None and (not has_ended or job.announcement is not None)
