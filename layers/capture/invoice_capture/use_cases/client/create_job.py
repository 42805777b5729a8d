"""Create Job: take an order. Nothing is fetched or paid before the job is started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.client import Principal
from invoice_capture.domain.job import Job, JobStatus, Order, new_job_id
from invoice_capture.ports import Clock, JobOrders, NumberTaken
from invoice_capture.use_cases.client.prepare_order import PrepareOrder


def refuse_number(order: Order) -> InvalidRequest:
    """The refusal of a job number that the client gave before."""
    return InvalidRequest(f"You have a job with the number {order.job_number[:100]!r} already.", "jobNumber")


@dataclass(frozen=True)
class CreateJob:
    prepare: PrepareOrder
    deadline: timedelta
    orders: JobOrders
    clock: Clock

    def __call__(self, order: Order, principal: Principal) -> Job:
        """The new job, CREATED. Raises InvalidRequest."""
        now = self.clock.now()
        job_id = new_job_id(now)
        job = Job(
            job_id=job_id,
            document=self.prepare.document(order, principal, job_id),
            route=self.prepare.route(order, principal),
            status=JobStatus.CREATED,
            created_at=now,
            updated_at=now,
            deadline_at=now + self.deadline,
            order=order,
        )
        try:
            self.orders.place(job)
        except NumberTaken as exc:
            raise refuse_number(order) from exc
        return job
