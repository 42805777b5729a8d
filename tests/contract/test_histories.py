"""One suite for the histories that unit tests trust, and those on S3 and DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import boto3
import pytest

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.history_store import ObjectHistoryStore
from invoice_capture.aws.items import job_key
from invoice_capture.aws.table import Table
from tests.contract.conftest import create_table
from tests.contract.histories_contract import HistoriesContract
from tests.fakes.histories import MemoryHistoryStore

_BUCKET = "archive"


class TestMemoryHistories(HistoriesContract):
    @pytest.fixture
    def histories(self) -> MemoryHistoryStore:
        return MemoryHistoryStore()

    @pytest.fixture
    def put(self, histories: MemoryHistoryStore) -> Callable[[str, bytes], str]:
        def put(key: str, content: bytes) -> str:
            version = f"v{len(histories.objects) + 1}"
            histories.objects[key, version] = content
            return version

        return put

    @pytest.fixture
    def create(self, histories: MemoryHistoryStore) -> Callable[[str], None]:
        return histories.jobs.add

    @pytest.fixture
    def locked_until(self, histories: MemoryHistoryStore) -> Callable[[str, str], datetime | None]:
        return lambda key, version: histories.locks.get((key, version))


@pytest.mark.usefixtures("aws")
class TestObjectHistories(HistoriesContract):
    @pytest.fixture
    def histories(self, aws: Clients) -> ObjectHistoryStore:
        region = {"LocationConstraint": aws.s3.meta.region_name}
        where: Any = {} if region["LocationConstraint"] == "us-east-1" else {"CreateBucketConfiguration": region}
        aws.s3.create_bucket(Bucket=_BUCKET, ObjectLockEnabledForBucket=True, **where)
        create_table("histories")
        return ObjectHistoryStore(aws, _BUCKET, Table(aws, "histories"), "GOVERNANCE")

    @pytest.fixture
    def put(self) -> Callable[[str, bytes], str]:
        s3 = boto3.client("s3")
        return lambda key, content: s3.put_object(Bucket=_BUCKET, Key=key, Body=content)["VersionId"]

    @pytest.fixture
    def create(self) -> Callable[[str], None]:
        dynamodb = boto3.client("dynamodb")
        return lambda job_id: dynamodb.put_item(TableName="histories", Item=job_key(job_id)) and None

    @pytest.fixture
    def locked_until(self) -> Callable[[str, str], datetime | None]:
        s3 = boto3.client("s3")
        return lambda key, version: s3.head_object(Bucket=_BUCKET, Key=key, VersionId=version).get(
            "ObjectLockRetainUntilDate"
        )

    def test_what_others_did_to_a_history_goes_with_it(self, histories: ObjectHistoryStore) -> None:
        s3 = boto3.client("s3")
        for place in (1, 2, 3):
            histories.append("job", place, b"1\n", None)
        histories.append("job0", 1, b"1\n", None)
        s3.put_object(Bucket=_BUCKET, Key="history/job/000001.jsonl", Body=b"another")
        s3.delete_object(Bucket=_BUCKET, Key="history/job/000002.jsonl")
        histories.remove("job")
        listed = s3.list_object_versions(Bucket=_BUCKET)
        assert [version["Key"] for version in listed["Versions"]] == ["history/job0/000001.jsonl"]
        assert "DeleteMarkers" not in listed
