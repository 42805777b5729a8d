"""Update Job: replace the order of a job that was not started yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.client import Principal
from invoice_capture.domain.job import Job, JobStatus, Order
from invoice_capture.ports import Clock, JobOrders, JobStore, NumberTaken
from invoice_capture.use_cases.client.create_job import refuse_number
from invoice_capture.use_cases.client.find_job import find_job
from invoice_capture.use_cases.client.prepare_order import PrepareOrder


@dataclass(frozen=True)
class UpdateJob:
    prepare: PrepareOrder
    jobs: JobStore
    orders: JobOrders
    clock: Clock

    def __call__(self, job_id: str, order: Order, principal: Principal) -> Job:
        """The changed job; it stays its first client's. Raises JobNotFound or InvalidRequest."""
        job = find_job(self.jobs, job_id, principal)
        if job.status is not JobStatus.CREATED or job.order is None:
            raise _too_late(job)
        order = replace(order, client=job.order.client)
        document = self.prepare.document(order, principal, job_id)
        route = self.prepare.route(order, principal)
        now = self.clock.now()
        try:
            if not self.orders.change(job, order, document, route, now):
                raise _too_late(find_job(self.jobs, job_id, principal))
        except NumberTaken as exc:
            raise refuse_number(order) from exc
        return replace(job, order=order, document=document, route=route, updated_at=now)


def _too_late(job: Job) -> InvalidRequest:
    if job.status is JobStatus.CREATED:
        return InvalidRequest(f"Job {job.job_id} was changed by somebody else at this moment. Look at it again.")
    return InvalidRequest(
        f"Job {job.job_id} was started already, and only a job that is created can be changed. Create another one."
    )
