"""The API's writes to the table: a job with its number, its counters and its place in the lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.aws.items import DEADLINES, job_key, number_key, reference_key, removal, to_attributes
from invoice_capture.aws.job_counts import counting
from invoice_capture.aws.job_items import group_attribute, job_item, order_attribute
from invoice_capture.aws.table import ConditionFailed, Table
from invoice_capture.aws.transition import Transition
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus, Order, sources_of
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import NumberTaken

_OF_THE_FORMER_RUN = (
    "error_code",
    "error_message",
    "explanation",
    "duplicate_of",
    "finished_at",
    "closed_by",
    "action_url",
    # Whoever starts a job again knows how it ended: what nobody else was told of that is not told any more.
    "announcement",
    "ttl",
)


class DynamoDBJobOrders:
    def __init__(self, table: Table, retention: timedelta) -> None:
        self._table = table
        self._retention = retention

    def place(self, job: Job) -> None:
        if job.order is None:
            raise ValueError(f"Job {job.job_id} has no order.")
        put = {"Item": job_item(job, self._retention), "ConditionExpression": "attribute_not_exists(PK)"}
        try:
            self._table.transact([self._number(job, job.order), {"Put": put}, *counting(job, self._retention, 1)])
        except ConditionFailed as exc:
            raise NumberTaken(job.order.job_number) from exc

    def change(self, job: Job, order: Order, document: DocumentPointer, route: tuple[str, ...], now: datetime) -> bool:
        if job.order is None:
            return False
        update = {
            "Key": job_key(job.job_id),
            "UpdateExpression": "SET #order = :order, #group = :group, #document = :document, #route = :route, "
            "updated_at = :now",
            "ConditionExpression": "#status = :created AND #order = :former",
            "ExpressionAttributeNames": {
                "#order": "order",
                "#group": "group",
                "#document": "document",
                "#route": "route",
                "#status": "status",
            },
            "ExpressionAttributeValues": to_attributes(
                {
                    ":order": order_attribute(order),
                    ":group": group_attribute(order),
                    ":former": order_attribute(job.order),
                    ":document": document.to_json(),
                    ":route": route,
                    ":now": now,
                    ":created": JobStatus.CREATED,
                }
            ),
        }
        writes: list[dict[str, Any]] = [{"Update": update}]
        if order.job_number != job.order.job_number:
            writes += [self._number(job, order), self._without_number(job, job.order)]
        try:
            self._table.transact(writes)
        except ConditionFailed as exc:
            if 0 not in exc.places:
                raise NumberTaken(order.job_number) from exc
            return False
        return True

    def start(self, job: Job) -> bool:
        changes = {
            "deadline_at": job.deadline_at,
            "started_at": job.started_at,
            "retries": job.retries or None,
            "due_shard": DEADLINES,
            "next_check_at": job.deadline_at,
            "removed_at": removal(job.created_at, self._retention),
        }
        sources = sources_of(JobStatus.RECEIVED) - {JobStatus.CREATED} if job.retries else {JobStatus.CREATED}
        started = Transition(
            job.job_id, frozenset(sources), job.status, job.updated_at, changes, forget=_OF_THE_FORMER_RUN
        )
        if job.retries:
            # Of two who ask for a retry at the same time, one starts it.
            started = started.also_if("retries", job.retries - 1 or None)
        try:
            self._table.transact([{"Update": started.update}])
        except ConditionFailed:
            return False
        return True

    def withdraw(self, job: Job, now: datetime) -> bool:
        leaves = ("created_shard", "client")
        withdrawn = Transition(
            job.job_id,
            frozenset({job.status}),
            JobStatus.CANCELLED,
            now,
            # If its erasure is given up and nobody sees to that, the row goes all the same.
            {"finished_at": now, "ttl": removal(now, self._retention)},
            forget=leaves,
        )
        others = [*counting(job, self._retention, -1)]
        if job.order is not None:
            # A number that was changed meanwhile would stay taken.
            withdrawn = withdrawn.also_if("order", order_attribute(job.order))
            others.append(self._without_number(job, job.order))
        try:
            self._table.transact([{"Update": withdrawn.update}, *others])
        except ConditionFailed:
            return False
        return True

    def expire(self, job: Job, now: datetime) -> bool:
        expired = Transition(job.job_id, frozenset({job.status}), JobStatus.CANCELLED, now, {"finished_at": now})
        # One that is owed is of another run of the job, if it was retried and ended in this moment.
        return expired.also_if("announcement", None).write(self._table)

    def erase(self, job: Job, submissions: Sequence[Submission]) -> None:
        mine = to_attributes({":job": job.job_id})
        keys = [reference_key(row.provider, row.reference) for row in submissions if row.reference is not None]
        if job.order is not None:
            keys.append(number_key(job.order.client, job.order.job_number))
        for key in keys:
            # Another job may have it by now.
            self._table.delete(key, "job_id = :job", mine)
        items = self._table.query(
            KeyConditionExpression="PK = :job",
            ExpressionAttributeValues=to_attributes({":job": f"JOB#{job.job_id}"}),
            ProjectionExpression="PK, SK",
            ConsistentRead=True,
        )
        # The job itself goes last: while it is there, an erasure that broke off can be repeated.
        for item in sorted(items, key=lambda item: item == job_key(job.job_id)):
            self._table.remove(item)

    def _number(self, job: Job, order: Order) -> dict[str, Any]:
        values = {"job_id": job.job_id, "ttl": removal(job.created_at, self._retention)}
        return {
            "Put": {
                "Item": number_key(order.client, order.job_number) | to_attributes(values),
                "ConditionExpression": "attribute_not_exists(PK)",
            }
        }

    def _without_number(self, job: Job, order: Order) -> dict[str, Any]:
        return {
            "Delete": {
                "Key": number_key(order.client, order.job_number),
                "ConditionExpression": "attribute_not_exists(PK) OR job_id = :job",
                "ExpressionAttributeValues": to_attributes({":job": job.job_id}),
            }
        }
