"""One suite for every implementation of a store: the fakes that the unit tests trust, and the ones on AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import requests

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.document_store import S3DocumentStore
from invoice_capture.aws.invoice_items import unpacked
from invoice_capture.aws.items import job_key, to_attributes
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.provider_state_store import DynamoDBProviderStateStore
from invoice_capture.aws.submission_store import DynamoDBSubmissionStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import JobClosed
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.submission import Outcome
from invoice_capture.ports import Shown, StaleWrite
from tests.contract.conftest import create_table
from tests.contract.documents_contract import DocumentsContract
from tests.contract.in_memory import InMemory
from tests.contract.provider_states_contract import ProviderStatesContract
from tests.contract.store_contracts import (
    INVOICE,
    NOW,
    JobsAndSubmissionsContract,
    a_job,
    a_row,
)
from tests.contract.submissions_contract import SubmissionsContract
from tests.fakes.provider_states import MemoryProviderStateStore
from tests.fakes.stores import (
    BUCKET,
    MemoryDocumentStore,
    MemoryJobStore,
    MemorySubmissionStore,
)

Lagging = Callable[[], AbstractContextManager[None]]

# --- in memory  ----------------------------------------


class TestMemoryJobsAndSubmissions(InMemory, JobsAndSubmissionsContract, SubmissionsContract):
    @pytest.fixture
    def end(self, jobs: MemoryJobStore) -> Callable[[str, JobStatus], None]:
        def end(job_id: str, status: JobStatus) -> None:
            jobs.jobs[job_id] = replace(jobs.jobs[job_id], status=status)

        return end

    @pytest.fixture
    def lagging(self, jobs: MemoryJobStore, submissions: MemorySubmissionStore) -> Lagging:
        @contextmanager
        def lagging() -> Iterator[None]:
            with jobs.jobs.lagging(), submissions.rows.lagging():
                yield

        return lagging


class TestMemoryProviderStates(ProviderStatesContract):
    @pytest.fixture
    def states(self) -> MemoryProviderStateStore:
        return MemoryProviderStateStore()


class TestMemoryDocuments(DocumentsContract):
    @pytest.fixture
    def documents(self) -> MemoryDocumentStore:
        return MemoryDocumentStore()

    @pytest.fixture
    def put(self, documents: MemoryDocumentStore) -> Any:
        versions = iter(range(1, 100))
        return lambda key, content: documents.put(key, content, f"v{next(versions)}").version_id


# --- on AWS  ----------------------------------------


class TestDynamoDBJobsAndSubmissions(JobsAndSubmissionsContract, SubmissionsContract):
    @pytest.fixture
    def jobs(self, aws: Clients) -> DynamoDBJobStore:
        return DynamoDBJobStore(Table(aws, "table"), timedelta(days=400))

    @pytest.fixture
    def submissions(self, aws: Clients) -> DynamoDBSubmissionStore:
        return DynamoDBSubmissionStore(Table(aws, "table"), timedelta(days=400))

    @pytest.fixture
    def end(self, aws: Clients) -> Callable[[str, JobStatus], None]:
        def end(job_id: str, status: JobStatus) -> None:
            aws.dynamodb.update_item(
                TableName="table",
                Key=job_key(job_id),
                UpdateExpression="SET #status = :status",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":status": {"S": status}},
            )

        return end

    @pytest.fixture
    def lagging(self, aws: Clients, monkeypatch: pytest.MonkeyPatch) -> Lagging:
        """moto's indexes never lag: in the block they are those of a copy of the table."""

        @contextmanager
        def lagging() -> Iterator[None]:
            create_table("before")
            for item in aws.dynamodb.scan(TableName="table")["Items"]:
                aws.dynamodb.put_item(TableName="before", Item=item)
            query = aws.dynamodb.query

            def query_before(**arguments: Any) -> Any:
                return query(**arguments | ({"TableName": "before"} if "IndexName" in arguments else {}))

            with monkeypatch.context() as patch:
                patch.setattr(aws.dynamodb, "query", query_before)
                yield

        return lagging

    def test_a_closed_row_has_left_the_due_index(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        submissions.close(("J1", 1), "token-J1-1", Outcome("paid"), NOW)
        assert submissions.next_due("paid", ()) is None

    def test_an_invoice_larger_than_an_item_is_spread_over_several(
        self, jobs: Any, submissions: Any, aws: Clients
    ) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        lines = [{"description": {"value": f"{number} " + "x" * 900, "confidence": 1.0}} for number in range(1000)]
        jobs.capture("J1", 1, {**INVOICE, "lines": lines}, [], NOW, summary={})
        items = aws.dynamodb.query(
            TableName="table",
            KeyConditionExpression="PK = :job AND begins_with(SK, :invoice)",
            ExpressionAttributeValues={":job": {"S": "JOB#J1"}, ":invoice": {"S": "INVOICE"}},
        )["Items"]
        portions = [
            unpacked(items[0]["invoice"]["B"])["lines"],
            *(unpacked(item["lines"]["B"]) for item in items[1:]),
        ]
        assert [line for portion in portions for line in portion] == lines
        assert int(items[0]["pages_of_lines"]["N"]) == len(items) > 1

    def test_what_an_earlier_release_wrote_as_text_is_read(self, jobs: Any, aws: Clients) -> None:
        lines = [{"description": {"value": "Über"}}, {"description": {"value": "Ende"}}]
        head = {"invoice": json.dumps({**INVOICE, "lines": lines[:1]}), "findings": "[]", "pages_of_lines": 2}
        for key, values in {
            "INVOICE": {**head, "captured_at": NOW},
            "INVOICE#LINES#0002": {"lines": json.dumps(lines[1:])},
        }.items():
            aws.dynamodb.put_item(TableName="table", Item=to_attributes({"PK": "JOB#J1", "SK": key, **values}))
        assert jobs.invoice("J1").invoice == {**INVOICE, "lines": lines}

    def test_an_invoice_is_stored_packed(self, jobs: Any, submissions: Any, aws: Clients) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        lines = [{"description": {"value": f"Article {number}", "confidence": 1.0}} for number in range(200)]
        jobs.capture("J1", 1, {**INVOICE, "lines": lines}, [], NOW, summary={})
        key = {"PK": {"S": "JOB#J1"}, "SK": {"S": "INVOICE"}}
        item = aws.dynamodb.get_item(TableName="table", Key=key)["Item"]
        assert len(item["invoice"]["B"]) < len(json.dumps(lines)) / 5
        assert jobs.invoice("J1").invoice == {**INVOICE, "lines": lines}

    def test_lines_that_are_written_beside_a_job_that_was_deleted_are_taken_back(
        self, jobs: Any, submissions: Any, end: Any, aws: Clients
    ) -> None:
        lines = [{"description": {"value": f"{number} " + "x" * 900, "confidence": 1.0}} for number in range(1000)]
        jobs.create(a_job())
        submissions.begin(a_row())
        end("J1", JobStatus.CANCELLED)
        before = aws.dynamodb.scan(TableName="table")["Count"]
        with pytest.raises(JobClosed):
            jobs.capture("J1", 1, {**INVOICE, "lines": lines}, [], NOW, summary={})
        assert not jobs.confirm("J1", {**INVOICE, "lines": lines}, [], NOW, summary={})
        assert aws.dynamodb.scan(TableName="table")["Count"] == before

    def test_a_write_whose_answer_was_lost_finds_itself(self, aws: Clients, jobs: Any) -> None:
        class Repeating(Table):
            """boto3 sends a request again when its answer does not come."""

            def put(self, *arguments: Any, **named: Any) -> bool:
                super().put(*arguments, **named)
                return super().put(*arguments, **named)

        jobs.create(a_job())
        submissions = DynamoDBSubmissionStore(Repeating(aws, "table"), timedelta(days=400))
        submissions.begin(a_row())
        saved = submissions.save(replace(a_row(), attempts=1, attempt_id="mine"))
        assert saved.version == 2
        with pytest.raises(StaleWrite):
            submissions.save(replace(a_row(), attempts=1, attempt_id="another's"))


class TestDynamoDBProviderStates(ProviderStatesContract):
    @pytest.fixture
    def states(self, aws: Clients) -> DynamoDBProviderStateStore:
        return DynamoDBProviderStateStore(Table(aws, "table"))


class TestS3Documents(DocumentsContract):
    @pytest.fixture
    def documents(self, aws: Clients) -> S3DocumentStore:
        return S3DocumentStore(aws, BUCKET)

    @pytest.fixture
    def put(self, aws: Clients) -> Any:
        return lambda key, content: aws.s3.put_object(Bucket=BUCKET, Key=key, Body=content)["VersionId"]

    def test_a_marker_is_removed_when_nothing_is_left_behind_it(self, documents: Any, put: Any, aws: Clients) -> None:
        """Else each deletion would leave one, and with it the document's name."""
        others = [put(key, b"x") for key in ("incoming/a.pdf.pdf", "incoming/a")]
        versions = [put("incoming/a.pdf", content) for content in (b"1", b"2")]
        for _ in range(2):
            aws.s3.delete_object(Bucket=BUCKET, Key="incoming/a.pdf")

        def left() -> tuple[list[str], int]:
            found = aws.s3.list_object_versions(Bucket=BUCKET, Prefix="incoming/")
            return [entry["VersionId"] for entry in found.get("Versions", [])], len(found.get("DeleteMarkers", []))

        pointers = [DocumentPointer(BUCKET, "incoming/a.pdf", version, 1) for version in versions]
        documents.remove(pointers[1])
        # The older one would be the present one again without them.
        assert (sorted(left()[0]), left()[1]) == (sorted([versions[0], *others]), 2)
        documents.remove(pointers[0])
        assert (sorted(left()[0]), left()[1]) == (sorted(others), 0)

    def test_a_document_is_stored_as_what_it_is_and_linked_as_what_is_said(self, documents: Any, aws: Clients) -> None:
        pointer = documents.write(BUCKET, "documents/c/1/a.xml", BytesIO(b"\x89PNG\r\n\x1a\n"))
        assert aws.s3.head_object(Bucket=BUCKET, Key=pointer.key)["ContentType"] == "image/png"
        said = "attachment; filename*=UTF-8''M%C3%A4rz.xml"
        for shown in (None, Shown("application/xml", said)):
            answer = requests.get(documents.link(pointer, 60, shown), timeout=10)
            assert answer.headers["Content-Type"] == ("image/png" if shown is None else "application/xml")
            assert answer.headers.get("Content-Disposition") == (None if shown is None else said)
