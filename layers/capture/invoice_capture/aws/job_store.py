"""Jobs, fingerprints and invoices in DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.aws.invoice_items import invoice_items, read_invoice
from invoice_capture.aws.items import (
    DEADLINES,
    OWED,
    Item,
    fingerprint_key,
    from_attributes,
    job_key,
    removal,
    to_attributes,
)
from invoice_capture.aws.job_counts import counting
from invoice_capture.aws.job_items import job_item, read_job, summary_attribute
from invoice_capture.aws.table import ConditionFailed, Table
from invoice_capture.aws.transition import Transition
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import CaptureError, JobClosed
from invoice_capture.domain.job import WITHOUT_INVOICE, Job, JobStatus, sources_of
from invoice_capture.ports import StoredInvoice

# Of an end that is still to be told, and of no later one of the same job.
_IS_OWED = "attribute_exists(announcement) AND finished_at = :ended_at"
# JobDeadlineHours is at most two weeks; the sweeper may take a day more.
_LONGEST_OPEN = timedelta(days=16)
# As Record Failure cuts what others say; in characters.
_LONGEST_EXPLANATION = 1000


class DynamoDBJobStore:
    """Items ``JOB``, ``INVOICE`` and ``SHA256`` of the table that docs/architecture.md describes."""

    def __init__(self, table: Table, retention: timedelta) -> None:
        self._table = table
        self._retention = retention

    def create(self, job: Job) -> bool:
        put = {"Item": job_item(job, self._retention), "ConditionExpression": "attribute_not_exists(PK)"}
        try:
            self._table.transact([{"Put": put}, *counting(job, self._retention, 1)])
        except ConditionFailed:
            return False
        return True

    def get(self, job_id: str) -> Job | None:
        item = self._table.get(job_key(job_id))
        return None if item is None else read_job(from_attributes(item))

    def get_many(self, job_ids: Sequence[str]) -> Sequence[Job]:
        items = self._table.get_many([job_key(job_id) for job_id in dict.fromkeys(job_ids)])
        found = {item["job_id"]["S"]: read_job(from_attributes(item)) for item in items}
        return [found[job_id] for job_id in job_ids if job_id in found]

    def set_document(self, job_id: str, document: DocumentPointer, now: datetime) -> bool:
        return self._table.update(
            job_key(job_id),
            "SET document = :document, updated_at = :now",
            "#status = :received",
            to_attributes({":document": document.to_json(), ":now": now, ":received": JobStatus.RECEIVED}),
            {"#status": "status"},
        )

    def claim_fingerprint(self, digest: str, job_id: str, now: datetime) -> str:
        key = fingerprint_key(digest)
        # It outlives its job, which is kept for as long as it is open.
        claim = key | to_attributes({"job_id": job_id, "ttl": removal(now + _LONGEST_OPEN, self._retention)})
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
            if first is not None and first.status not in WITHOUT_INVOICE:
                return owner
            replaced = owner

    def release_fingerprint(self, digest: str, job_id: str) -> None:
        self._table.delete(fingerprint_key(digest), "job_id = :me", to_attributes({":me": job_id}))

    def capture(
        self,
        job_id: str,
        submission: int,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
        *,
        summary: Mapping[str, Any],
    ) -> bool:
        changes = {"submission": submission, "finished_at": now, "summary": summary_attribute(summary)}
        captured = Transition(job_id, sources_of(JobStatus.CAPTURED), JobStatus.CAPTURED, now, changes)
        head, further = invoice_items(job_id, "INVOICE", invoice, findings, now, ttl=removal(now, self._retention))
        for item in further:
            self._table.write(item)
        try:
            self._table.transact([{"Update": captured.update}, {"Put": {"Item": head}}])
        except ConditionFailed as exc:
            # Doing it again is no mistake: the state machine repeats a step whose answer was lost.
            job = self.get(job_id)
            if job is not None and job.status is JobStatus.CAPTURED and job.submission == submission:
                return False
            self._take_back(job, further)
            raise JobClosed(f"Job {job_id} had ended before its invoice could be stored.") from exc
        return True

    def fail(self, job_id: str, error: CaptureError, now: datetime) -> bool:
        changes = {"error_code": error.code, "error_message": str(error), "finished_at": now}
        return Transition(job_id, sources_of(JobStatus.FAILED), JobStatus.FAILED, now, changes).write(self._table)

    def explain(self, job_id: str, text: str) -> None:
        self._table.update(
            job_key(job_id),
            "SET explanation = :text",
            "#status IN (:received, :submitted, :action_required)",
            to_attributes(
                {
                    ":text": text[:_LONGEST_EXPLANATION],
                    ":received": JobStatus.RECEIVED,
                    ":submitted": JobStatus.SUBMITTED,
                    ":action_required": JobStatus.ACTION_REQUIRED,
                }
            ),
            {"#status": "status"},
        )

    def told(self, job_id: str, ended_at: datetime) -> None:
        # A row of an earlier release has its TTL already, and no moment that was kept for it.
        self._table.update(
            job_key(job_id),
            "SET #ttl = if_not_exists(removed_at, #ttl) REMOVE announcement, due_shard, next_check_at",
            _IS_OWED,
            to_attributes({":ended_at": ended_at}),
            {"#ttl": "ttl"},
        )

    def claim_announcement(self, job_id: str, ended_at: datetime, now: datetime, *, until: datetime) -> bool:
        # Unclaimed, a job that has ended stands where it stood before, or where it is to be told later.
        return self._table.update(
            job_key(job_id),
            "SET next_check_at = :until",
            f"{_IS_OWED} AND "
            "(attribute_not_exists(next_check_at) OR next_check_at = deadline_at OR next_check_at <= :now)",
            to_attributes({":ended_at": ended_at, ":now": now, ":until": until}),
        )

    def tell_later(self, job_id: str, ended_at: datetime) -> None:
        self._table.update(
            job_key(job_id),
            "SET due_shard = :owed, next_check_at = :ended_at",
            _IS_OWED,
            to_attributes({":owed": OWED, ":ended_at": ended_at}),
        )

    def invoice(self, job_id: str) -> StoredInvoice | None:
        return read_invoice(self._table, job_id, "INVOICE")

    def confirm(
        self,
        job_id: str,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
        *,
        summary: Mapping[str, Any],
    ) -> bool:
        head, further = invoice_items(job_id, "CONFIRMED", invoice, findings, now, ttl=removal(now, self._retention))
        for item in further:
            self._table.write(item)
        update = {
            "Key": job_key(job_id),
            "UpdateExpression": "SET confirmed_at = :now, updated_at = :now, summary = :summary",
            "ConditionExpression": "#status = :captured",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_attributes(
                {":now": now, ":captured": JobStatus.CAPTURED, ":summary": summary_attribute(summary)}
            ),
        }
        try:
            self._table.transact([{"Update": update}, {"Put": {"Item": head}}])
        except ConditionFailed:
            self._take_back(self.get(job_id), further)
            return False
        return True

    def confirmed_invoice(self, job_id: str) -> StoredInvoice | None:
        return read_invoice(self._table, job_id, "CONFIRMED")

    def require_action(self, job_id: str, url: str | None, now: datetime) -> bool:
        submitted = frozenset({JobStatus.SUBMITTED})
        return Transition(job_id, submitted, JobStatus.ACTION_REQUIRED, now, {"action_url": url}).write(self._table)

    def resume(self, job_id: str, now: datetime) -> None:
        Transition(job_id, frozenset({JobStatus.ACTION_REQUIRED}), JobStatus.SUBMITTED, now).write(self._table)

    def remark(self, job_id: str, text: str, now: datetime) -> None:
        self._table.update(
            job_key(job_id),
            "SET remark = :text, updated_at = :now",
            "attribute_exists(PK) AND (attribute_not_exists(remark) OR remark <> :text)",
            to_attributes({":text": text, ":now": now}),
        )

    def suspect_double_charge(self, job_id: str, now: datetime) -> None:
        self._table.update(
            job_key(job_id),
            "SET possible_double_charge = :yes, updated_at = :now",
            "attribute_exists(PK)",
            to_attributes({":yes": True, ":now": now}),
        )

    def clear_double_charge(self, job_id: str, now: datetime) -> None:
        self._table.update(
            job_key(job_id),
            "SET updated_at = :now REMOVE possible_double_charge",
            "attribute_exists(possible_double_charge)",
            to_attributes({":now": now}),
        )

    def overdue(self, now: datetime, limit: int) -> Sequence[str]:
        return self._due(DEADLINES, now, limit)

    def owed(self, now: datetime, limit: int) -> Sequence[str]:
        return self._due(OWED, now, limit)

    def put_off(self, job_id: str, now: datetime, *, until: datetime) -> bool:
        return self._table.update(
            job_key(job_id),
            "SET next_check_at = :until",
            "next_check_at <= :now",
            to_attributes({":now": now, ":until": until}),
        )

    def _take_back(self, job: Job | None, items: Sequence[Item]) -> None:
        """Remove what was written beside a job whose erasure may be over, and would not find it any more."""
        if job is None or job.status is JobStatus.CANCELLED:
            for item in items:
                self._table.remove({name: item[name] for name in ("PK", "SK")})

    def _due(self, shard: str, now: datetime, limit: int) -> Sequence[str]:
        items = self._table.query(
            limit=limit,
            IndexName="due-index",
            KeyConditionExpression="due_shard = :shard AND next_check_at <= :now",
            ExpressionAttributeValues=to_attributes({":shard": shard, ":now": now}),
        )
        return [item["PK"]["S"].removeprefix("JOB#") for item in items]
