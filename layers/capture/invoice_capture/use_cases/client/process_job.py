"""Process Job: start the execution of an ordered job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from invoice_capture.domain.client import Principal
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.ports import Clock, Executions, JobOrders, JobStore
from invoice_capture.use_cases.client.find_job import find_job
from invoice_capture.use_cases.client.guard_client import GuardClient


@dataclass(frozen=True)
class ProcessJob:
    deadline: timedelta
    guard: GuardClient
    jobs: JobStore
    orders: JobOrders
    executions: Executions
    clock: Clock

    def __call__(self, job_id: str, principal: Principal) -> Job:
        """The job as it is now: RECEIVED when this started it, and whatever it was when it had been started before.

        Raises JobNotFound, and NotAllowed or LimitReached when its client may not have it read.
        """
        job = find_job(self.jobs, job_id, principal)
        if job.status is JobStatus.CREATED:
            self.guard.admit(job, principal)
            now = self.clock.now()
            started = replace(
                job, status=JobStatus.RECEIVED, started_at=now, updated_at=now, deadline_at=now + self.deadline
            )
            self.orders.start(started)
            # Whoever started it: what is executed is the order as it was then, which may have been changed just before.
            job = find_job(self.jobs, job_id, principal)
        if job.status is JobStatus.RECEIVED:
            # Whoever wrote RECEIVED may have died before this; an execution of the same name starts once.
            self.executions.start_capture(job, name=job.execution_name)
        return job
