"""A job of a deployed stack whose every change was recorded, as the functions of the stack would."""

from __future__ import annotations

import gzip
import itertools
from typing import Any

from invoice_capture.aws.history_store import ObjectHistoryStore
from invoice_capture.aws.items import from_attributes, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.domain.audited import BY
from invoice_capture.use_cases.steps.record_changes import ItemChange, RecordChanges
from tests.unit.cli.aws_world import World

BUCKET = "archive"
DOCUMENT_KEY = "incoming/Rechnung März.pdf"
_changes = itertools.count(1)


class AuditedJob:
    """Captured by the engine, and corrected by a person."""

    def __init__(self, world: World, job_id: str = "01JGYD1W00P7RSZ4K8Q6T3V5X9") -> None:
        self.world = world
        self.job_id = job_id
        self.s3 = world.stack.client("s3")
        self._make_bucket()
        self.histories = ObjectHistoryStore(world.stack.clients, BUCKET, Table(world.stack.clients, "table"))
        self._record = RecordChanges(self.histories, None)
        version = self._put(DOCUMENT_KEY, b"%PDF-1.7 an invoice")
        document = {"bucket": BUCKET, "key": DOCUMENT_KEY, "version_id": version, "size": 19}
        result_key = f"results/{job_id}/1-embedded.json"
        self.change("JOB", by="ReceiveUpload", job_id=job_id, status="RECEIVED", document=document, remark="x" * 2000)
        self.change("SUBMISSION#1", by="SubmitDocument", state="PENDING", task_token="secret")
        self._put(result_key, b'{"total": "10.00"}')
        self.change("SUBMISSION#1", by="ExtractDocument", state="DONE", result_key=result_key)
        self.change("INVOICE", by="StoreInvoice", invoice=gzip.compress(b'{"total":"10.00"}', mtime=0), findings="[]")
        self.change("JOB", by="StoreInvoice", status="CAPTURED", summary='{"total":"10.00"}')
        # As an earlier release wrote it.
        self.change("CONFIRMED", by="JobsApi acme", invoice='{"total":"11.00"}', findings="[]")
        self.change("JOB", by="JobsApi acme", summary='{"total":"11.00"}')

    @property
    def head(self) -> str:
        found = self.histories.head(self.job_id)
        assert found is not None
        return found.hash

    def change(self, sort_key: str, *, by: str | None, recorded: bool = True, **values: Any) -> None:
        """Write an item, and record that."""
        key = {"PK": f"JOB#{self.job_id}", "SK": sort_key}
        found = self.world.dynamodb.get_item(TableName="table", Key=to_attributes(key)).get("Item", {})
        before = from_attributes(found)
        number = next(_changes)
        after = {**key, **before, **values} | ({} if by is None else {BY: f"{by} {number:06x}"})
        self.world.dynamodb.put_item(TableName="table", Item=to_attributes(after))
        if recorded:
            self._record([ItemChange(f"c{number}", "2026-01-14T09:30:00.000Z", self.job_id, sort_key, before, after)])

    def portions(self) -> list[str]:
        """The keys of the portions of the history, in their order."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"history/{self.job_id}/")["Contents"]
        return [entry["Key"] for entry in found]

    def _put(self, key: str, content: bytes) -> str:
        return str(self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)["VersionId"])

    def _make_bucket(self) -> None:
        if BUCKET not in [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]:
            region = {"LocationConstraint": self.world.stack.session.region_name}
            self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
            self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
