"""The documents of a running stack, as its links and forms read and write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local_stack.document_links import DocumentLinks
from local_stack.iam.sessions import Sessions
from local_stack.isolation import REGION


def links_to_documents(s3: Any, sessions: Sessions) -> DocumentLinks:
    """What answers the links and forms of a stack, signed by a role in one of its sessions or by the stack itself."""
    credentials = boto3.Session().get_credentials()
    assert credentials is not None, "away from AWS there are made-up ones"
    documents = StoredDocuments(s3)
    return DocumentLinks(
        documents.read,
        credentials.access_key,
        credentials.secret_key,
        REGION,
        documents.write,
        cors_rules=documents.cors_rules,
        sessions=sessions,
    )


class StoredDocuments:
    """S3 for ``DocumentLinks``: what is not there is a LookupError."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def read(self, bucket: str, key: str, version_id: str | None) -> tuple[bytes, str]:
        """The bytes and the media type of a version."""
        version = {"VersionId": version_id} if version_id else {}
        with _missing_is_a_lookup_error():
            answer = self._s3.get_object(Bucket=bucket, Key=key, **version)
            return bytes(answer["Body"].read()), str(answer["ContentType"])

    def cors_rules(self, bucket: str) -> list[dict[str, Any]]:
        """Which pages of other origins may use the bucket, as S3's own API tells."""
        try:
            with _missing_is_a_lookup_error():
                return list(self._s3.get_bucket_cors(Bucket=bucket)["CORSRules"])
        except LookupError:
            return []

    def write(self, bucket: str, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        with _missing_is_a_lookup_error():
            self._s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type, Metadata=dict(metadata))


@contextmanager
def _missing_is_a_lookup_error() -> Iterator[None]:
    try:
        yield
    except ClientError as exc:
        if exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in {400, 404, 405}:
            raise LookupError(str(exc)) from exc
        raise
