"""Jobs, fingerprints and invoices in DynamoDB."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.aws.items import (
    DEADLINES,
    Item,
    from_attributes,
    job_key,
    moment,
    to_attributes,
)
from invoice_capture.aws.table import ConditionFailed, Table
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import JobClosed
from invoice_capture.domain.job import Job, JobStatus, sources_of

_CREATED_SHARDS = 8
# An item may have 400 KB; the rest is for the header with its candidates, and the findings.
_LINES_BYTES_PER_ITEM = 200_000
_WITHOUT_INVOICE = frozenset({JobStatus.FAILED, JobStatus.REJECTED})


class DynamoDBJobStore:
    """Items ``JOB``, ``INVOICE`` and ``SHA256`` of the table that docs/architecture.md describes."""

    def __init__(self, table: Table, retention: timedelta) -> None:
        self._table = table
        self._retention = retention

    def create(self, job: Job) -> bool:
        values = {
            "job_id": job.job_id,
            "status": job.status,
            "document": job.document.to_json(),
            "route": job.route,
            "created_at": job.created_at,
            "updated_at": job.updated_at,
            "deadline_at": job.deadline_at,
            "created_shard": f"JOBS#{zlib.crc32(job.job_id.encode()) % _CREATED_SHARDS}",
            "due_shard": DEADLINES,
            "next_check_at": job.deadline_at,
            "ttl": self._ttl(job.created_at),
        }
        return self._table.put(job_key(job.job_id) | to_attributes(values), "attribute_not_exists(PK)")

    def get(self, job_id: str) -> Job | None:
        item = self._table.get(job_key(job_id))
        return None if item is None else _job(from_attributes(item))

    def claim_fingerprint(self, digest: str, job_id: str, now: datetime) -> str:
        key = {"PK": {"S": f"SHA256#{digest}"}, "SK": {"S": "SHA256"}}
        claim = key | to_attributes({"job_id": job_id, "ttl": self._ttl(now)})
        replaced = job_id
        while True:
            # Free, ours already, or still held by the very job that was seen to have ended without an invoice.
            condition = "attribute_not_exists(PK) OR job_id IN (:me, :replaced)"
            if self._table.put(claim, condition, to_attributes({":me": job_id, ":replaced": replaced})):
                return job_id
            item = self._table.get(key)
            if item is None:
                continue
            owner: str = item["job_id"]["S"]
            first = self.get(owner)
            if first is not None and first.status not in _WITHOUT_INVOICE:
                return owner
            replaced = owner

    def capture(
        self,
        job_id: str,
        submission: int,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> None:
        sources = sources_of(JobStatus.CAPTURED)
        update = transition(job_id, sources, JobStatus.CAPTURED, now, {"submission": submission})
        # Doing it again is no mistake: the state machine repeats a step whose answer was lost.
        update["ConditionExpression"] += " OR (#status = :status AND submission = :submission)"
        pages = list(_pages(invoice["lines"]))
        # Further lines are written first: they mean nothing until the invoice itself says how many portions there are.
        for number, page in enumerate(pages[1:], start=2):
            self._table.write(self._invoice_item(job_id, f"INVOICE#LINES#{number:04d}", {"lines": _json(page)}, now))
        head = {
            "invoice": _json({**invoice, "lines": pages[0]}),
            "findings": _json(findings),
            "pages_of_lines": len(pages),
            "captured_at": now,
        }
        invoice_item = self._invoice_item(job_id, "INVOICE", head, now)
        try:
            self._table.transact([{"Update": update}, {"Put": {"Item": invoice_item}}])
        except ConditionFailed as exc:
            raise JobClosed(f"Job {job_id} had ended before its invoice could be stored.") from exc

    def require_action(self, job_id: str, url: str | None, now: datetime) -> bool:
        update = transition(
            job_id, frozenset({JobStatus.SUBMITTED}), JobStatus.ACTION_REQUIRED, now, {"action_url": url}
        )
        return self._apply(update)

    def resume(self, job_id: str, now: datetime) -> None:
        self._apply(transition(job_id, frozenset({JobStatus.ACTION_REQUIRED}), JobStatus.SUBMITTED, now, {}))

    def suspect_double_charge(self, job_id: str, now: datetime) -> None:
        self._table.update(
            job_key(job_id),
            "SET possible_double_charge = :yes, updated_at = :now",
            "attribute_exists(PK)",
            to_attributes({":yes": True, ":now": now}),
        )

    def overdue(self, now: datetime, limit: int) -> Sequence[str]:
        items = self._table.query(
            limit=limit,
            IndexName="due-index",
            KeyConditionExpression="due_shard = :shard AND next_check_at <= :now",
            ExpressionAttributeValues=to_attributes({":shard": DEADLINES, ":now": now}),
        )
        return [item["PK"]["S"].removeprefix("JOB#") for item in items]

    def _invoice_item(self, job_id: str, sort_key: str, values: Mapping[str, Any], now: datetime) -> Item:
        key = {"PK": {"S": f"JOB#{job_id}"}, "SK": {"S": sort_key}}
        return key | to_attributes({**values, "ttl": self._ttl(now)})

    def _apply(self, update: Mapping[str, Any]) -> bool:
        return self._table.update(
            update["Key"],
            update["UpdateExpression"],
            update["ConditionExpression"],
            update["ExpressionAttributeValues"],
            update["ExpressionAttributeNames"],
        )

    def _ttl(self, moment: datetime) -> int:
        return int((moment + self._retention).timestamp())


def transition(
    job_id: str, sources: frozenset[JobStatus], target: JobStatus, now: datetime, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The conditional update that makes a job in one of ``sources`` a ``target``: the one place that writes a status.

    It goes into a transaction as it is. Ended jobs leave the due index.
    """
    names = {f":from{place}": source for place, source in enumerate(sorted(sources))}
    values = {name: value for name, value in changes.items() if value is not None}
    assignments = ["#status = :status", "updated_at = :updated_at", *(f"{name} = :{name}" for name in values)]
    update = "SET " + ", ".join(assignments)
    if target.is_terminal:
        update += " REMOVE due_shard, next_check_at"
    return {
        "Key": job_key(job_id),
        "UpdateExpression": update,
        "ConditionExpression": f"#status IN ({', '.join(names)})",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": to_attributes(
            {":status": target, ":updated_at": now} | names | {f":{name}": value for name, value in values.items()}
        ),
    }


def _job(values: Mapping[str, Any]) -> Job:
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
    )


def _pages(lines: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Lines in portions that each fit into an item; one empty portion when there are none."""
    page: list[Mapping[str, Any]] = []
    size = 0
    for line in lines:
        line_size = len(_json(line).encode())
        if page and size + line_size > _LINES_BYTES_PER_ITEM:
            yield page
            page, size = [], 0
        page.append(line)
        size += line_size
    yield page


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
