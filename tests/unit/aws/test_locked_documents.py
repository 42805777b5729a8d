"""A locked document is left alone, and nothing else is taken for a lock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from unittest.mock import patch

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.document_store import S3DocumentStore
from invoice_capture.domain.document import DocumentPointer

_BUCKET, _KEY = "documents", "documents/c/1/a.pdf"
_UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3DocumentStore]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=_BUCKET, ObjectLockEnabledForBucket=True)
        yield S3DocumentStore(Clients(), _BUCKET)


def _lock(pointer: DocumentPointer) -> None:
    boto3.client("s3").put_object_retention(
        Bucket=_BUCKET,
        Key=pointer.key,
        VersionId=str(pointer.version_id),
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": _UNTIL},
    )


def test_what_is_locked_stays_and_says_until_when(documents: S3DocumentStore) -> None:
    pointer = documents.write(_BUCKET, _KEY, BytesIO(b"locked"))
    _lock(pointer)
    assert documents.remove(pointer) == _UNTIL
    documents.remove_all(_BUCKET, _KEY)
    assert documents.read(pointer) == b"locked"


def test_other_versions_of_the_key_go(documents: S3DocumentStore) -> None:
    locked = documents.write(_BUCKET, _KEY, BytesIO(b"locked"))
    _lock(locked)
    other = documents.write(_BUCKET, _KEY, BytesIO(b"other"))
    assert documents.remove(other) is None
    documents.write(_BUCKET, _KEY, BytesIO(b"another"))
    documents.remove_all(_BUCKET, _KEY)
    [left] = boto3.client("s3").list_object_versions(Bucket=_BUCKET)["Versions"]
    assert left["VersionId"] == locked.version_id


def test_a_missing_permission_is_no_lock(documents: S3DocumentStore) -> None:
    pointer = documents.write(_BUCKET, _KEY, BytesIO(b"free"))
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
    with (
        patch.object(documents._clients.s3, "delete_object", side_effect=denied),
        pytest.raises(ClientError, match="AccessDenied"),
    ):
        documents.remove(pointer)
