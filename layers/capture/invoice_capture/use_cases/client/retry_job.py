"""Retry Job: start a job again that ended without an invoice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from invoice_capture.domain.api_errors import WrongStatus
from invoice_capture.domain.client import Principal
from invoice_capture.domain.job import Job, JobStatus, sources_of
from invoice_capture.ports import Clock, Executions, JobOrders, JobStore
from invoice_capture.use_cases.client.find_job import find_job
from invoice_capture.use_cases.client.guard_client import GuardClient

# Each goes through the whole route, and may be paid for.
_MOST_RETRIES = 5


@dataclass(frozen=True)
class RetryJob:
    deadline: timedelta
    guard: GuardClient
    jobs: JobStore
    orders: JobOrders
    executions: Executions
    clock: Clock

    def __call__(self, job_id: str, principal: Principal) -> Job:
        """The job, RECEIVED again. It goes through its whole route once more, and a provider may charge once more.

        Raises:
            JobNotFound
            WrongStatus: it was not started, has not ended, has its invoice, or was tried too often.
            NotAllowed: its client may not use a provider of its route.
            LimitReached
        """
        job = find_job(self.jobs, job_id, principal)
        if job.status not in sources_of(JobStatus.RECEIVED) - {JobStatus.CREATED}:
            raise WrongStatus(
                f"Job {job_id} cannot be retried while it is {job.status.lower()}: only a job that failed can."
            )
        if job.retries >= _MOST_RETRIES:
            raise WrongStatus(f"Job {job_id} was retried {job.retries} times already. Create another one.")
        self.guard.admit(job, principal)
        now = self.clock.now()
        again = replace(
            job,
            status=JobStatus.RECEIVED,
            retries=job.retries + 1,
            started_at=now,
            updated_at=now,
            deadline_at=now + self.deadline,
            finished_at=None,
            error_code=None,
            error_message=None,
            duplicate_of=None,
        )
        if not self.orders.start(again):
            raise WrongStatus(f"Job {job_id} was retried by somebody else at this moment. Look at it again.")
        self.executions.start_capture(again, name=again.execution_name)
        return again
