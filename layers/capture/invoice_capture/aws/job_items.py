"""The item of a job, in both directions."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from invoice_capture.aws.items import (
    DEADLINES,
    Item,
    job_key,
    moment,
    optional_moment,
    removal,
    to_attributes,
)
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus, Order

CREATED_SHARDS = 8


def created_partition(shard: int) -> str:
    """One of the partitions of the created index, which holds everybody's jobs."""
    return f"JOBS#{shard}"


def job_item(job: Job, retention: timedelta) -> Item:
    """A new job's item. It stands in the created index, in its client's, and until its end is told in the due index."""
    removes_at = removal(job.created_at, retention)
    values: dict[str, Any] = {
        "job_id": job.job_id,
        "status": job.status,
        "document": job.document.to_json(),
        "route": job.route,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "deadline_at": job.deadline_at,
        "started_at": job.started_at,
        "created_shard": created_partition(zlib.crc32(job.job_id.encode()) % CREATED_SHARDS),
        "client": job.client,
        "order": None if job.order is None else order_attribute(job.order),
        "group": None if job.order is None else group_attribute(job.order),
    }
    # Retention never touches an open job: the moment is kept for when it has ended and is told.
    if job.status.is_open:
        values |= {"due_shard": DEADLINES, "next_check_at": job.deadline_at, "removed_at": removes_at}
    else:
        values |= {"ttl": removes_at}
    return job_key(job.job_id) | to_attributes(values)


def order_attribute(order: Order) -> str:
    """An order as JSON: what a client writes into its metadata need not fit DynamoDB's numbers and names."""
    return json.dumps(vars(order), ensure_ascii=False, separators=(",", ":"))


def group_attribute(order: Order) -> str:
    """The group of an order, for the index of lists; empty without one, since absent is one that nobody wrote there."""
    return order.group or ""


def summary_attribute(summary: Mapping[str, Any]) -> str:
    """What a job keeps of its invoice, as JSON."""
    return json.dumps(summary, ensure_ascii=False, separators=(",", ":"))


def read_job(values: Mapping[str, Any]) -> Job:
    """The job of an item's plain values."""
    return Job(
        job_id=values["job_id"],
        document=DocumentPointer.from_json(values["document"]),
        route=tuple(values["route"]),
        status=JobStatus(values["status"]),
        created_at=moment(values["created_at"]),
        updated_at=moment(values["updated_at"]),
        deadline_at=moment(values["deadline_at"]),
        provider=values.get("provider"),
        submission=values.get("submission"),
        possible_double_charge=values.get("possible_double_charge", False),
        duplicate_of=values.get("duplicate_of"),
        error_code=values.get("error_code"),
        error_message=values.get("error_message"),
        order=Order(**json.loads(values["order"])) if "order" in values else None,
        retries=values.get("retries", 0),
        started_at=optional_moment(values.get("started_at")),
        finished_at=optional_moment(values.get("finished_at")),
        confirmed_at=optional_moment(values.get("confirmed_at")),
        action_url=values.get("action_url"),
        remark=values.get("remark"),
        summary=json.loads(values["summary"]) if "summary" in values else None,
        announcement=values.get("announcement"),
    )
