"""The archive of a stack: histories, documents, results and items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from invoice_capture.aws.document_store import S3DocumentStore
from invoice_capture.aws.history_store import ObjectHistoryStore
from invoice_capture.aws.items import to_attributes
from invoice_capture.aws.stream_records import plain_image
from invoice_capture.aws.table import Table
from invoice_capture.domain.audited import audited_values, item_name
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import DocumentMissing
from invoice_capture.ports.histories import Head
from invoice_capture_cli.archive.checking import (
    Noted,
    different_items,
    different_objects,
    differs_from,
    read_history,
)
from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.stack import Stack, calling_aws

_AUDITED = ("JOB", "SUBMISSION#", "INVOICE", "CONFIRMED")
# A change is recorded within half a minute, unless much is going on.
_RECORDED_WITHIN = timedelta(minutes=2)
NOT_RECORDED_YET = "The job was changed within the last two minutes, which may not be recorded yet: try again."


@dataclass(frozen=True)
class StoredJob:
    """``history`` are the lines of it, ``items`` the plain values of what the table has, by the names of histories."""

    job_id: str
    history: bytes
    head: Head | None
    items: Mapping[str, Mapping[str, Any]]

    @property
    def is_fresh(self) -> bool:
        """Whether it was changed a moment ago, so that its history may not know of it yet."""
        changed = self.items.get("job", {}).get("updated_at")
        return changed is not None and datetime.now(UTC) - datetime.fromisoformat(changed) < _RECORDED_WITHIN


class Archive:
    """Its methods raise Unreachable when AWS cannot be asked."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    @cached_property
    def _bucket(self) -> str:
        return self._stack.output("DocumentsBucketName")

    @cached_property
    def _table(self) -> Table:
        return Table(self._stack.clients, self._stack.output("TableName"))

    @cached_property
    def _histories(self) -> ObjectHistoryStore:
        return ObjectHistoryStore(self._stack.clients, self._bucket, self._table)

    def job(self, job_id: str) -> StoredJob:
        """Raises UsageError when there is neither a history nor a job."""
        with calling_aws(self._stack.name):
            history = b"".join(self._histories.portions(job_id))
            found = StoredJob(job_id, history, self._histories.head(job_id), dict(self._items(job_id)))
        if not found.history and not found.items:
            raise UsageError(f"There is no job {job_id}, and no history of one. list shows the ids.")
        return found

    def _items(self, job_id: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        items = self._table.query(
            KeyConditionExpression="PK = :job",
            ExpressionAttributeValues=to_attributes({":job": f"JOB#{job_id}"}),
            ConsistentRead=True,
        )
        for item in items:
            if item["SK"]["S"].startswith(_AUDITED):
                yield item_name(item["SK"]["S"]), plain_image(item)

    def content(self, told: Mapping[str, Any]) -> bytes | None:
        """The bytes of what an entry names; None when it is gone."""
        documents = S3DocumentStore(self._stack.clients, self._bucket)
        # One byte more than there were would be seen as well.
        pointer = DocumentPointer(self._bucket, told["key"], told["version"], told["bytes"] + 1)
        with calling_aws(self._stack.name):
            try:
                return documents.read(pointer)
            except DocumentMissing:
                return None

    def problems(self, stored: StoredJob, noted: Noted | None) -> list[str]:
        """What is not as the history says, or was done to the history itself."""
        entries, problems = read_history(stored.job_id, stored.history)
        if not entries:
            return problems
        if stored.head is not None:
            problems += differs_from(entries, Noted(stored.head.hash, "in the table", stored.head.entries))
        if noted is not None:
            problems += differs_from(entries, noted)
        with calling_aws(self._stack.name):
            problems += different_objects(entries, self._digest)
        items = {name: audited_values(item) for name, item in stored.items.items()}
        return [*problems, *different_items(entries, items)]

    def _digest(self, told: Mapping[str, Any]) -> tuple[str, int] | None:
        found = self._histories.digest(told["key"], told["version"])
        return None if found is None else (found["sha256"], found["bytes"])
