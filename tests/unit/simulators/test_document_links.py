"""Presigned links of the local stack, as boto3 makes them, open their document to anybody until they expire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_stack import document_links
from local_stack.document_links import DocumentLinks

KEYS = [
    "incoming/plain.pdf",
    "incoming/with space.pdf",
    "incoming/Façade + Söhne.pdf",
    "incoming/100%.pdf",
    "incoming/100%25.pdf",
    "incoming/a\nb.pdf",
    "incoming/~tilde_(1)*'!.pdf",
    "incoming/q?x=1&y#z.pdf",
    "incoming/trailing/",
    "日本/請求書.pdf",
]


@pytest.fixture(scope="module")
def links() -> Iterator[DocumentLinks]:
    def read(bucket: str, key: str, version_id: str | None) -> tuple[bytes, str]:
        if bucket != "documents" or "missing" in key:
            raise LookupError(key)
        return f"{key}|{version_id}".encode(), "application/pdf"

    with DocumentLinks(read, "local", "local", "us-east-1") as server:
        yield server


@pytest.fixture
def presign(links: DocumentLinks) -> Callable[..., str]:
    def presign(
        key: str,
        seconds: int = 600,
        method: str = "get_object",
        secret: str = "local",
        region: str = "us-east-1",
        **more: Any,
    ) -> str:
        client = boto3.client(
            "s3",
            endpoint_url=links.endpoint,
            region_name=region,
            aws_access_key_id="local",
            aws_secret_access_key=secret,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        location = {"Bucket": "documents", "Key": key, **more}
        return str(client.generate_presigned_url(method, Params=location, ExpiresIn=seconds))

    return presign


@pytest.mark.parametrize("key", KEYS)
def test_a_link_opens_its_document_whatever_its_key_is(presign: Callable[..., str], key: str) -> None:
    answer = requests.get(presign(key), timeout=10)
    assert (answer.status_code, answer.content.decode()) == (200, f"{key}|None")
    version = requests.get(presign(key, VersionId="v+1/="), timeout=10)
    assert (version.status_code, version.content.decode()) == (200, f"{key}|v+1/=")


@given(key=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=40))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_key_that_is_signed_is_found(presign: Callable[..., str], key: str) -> None:
    # A client resolves dots in a path before it sends it, as any client of S3 does.
    key = f"incoming/{key.replace('.', '_')}"
    answer = requests.get(presign(key), timeout=10)
    if "missing" not in key:
        assert (answer.status_code, answer.content.decode()) == (200, f"{key}|None")


def test_a_link_is_good_for_its_own_document_method_and_key_only(presign: Callable[..., str]) -> None:
    link = presign("incoming/a.pdf")
    assert requests.get(link.replace("a.pdf", "b.pdf"), timeout=10).status_code == 403
    assert requests.get(link.partition("?")[0], timeout=10).status_code == 403
    assert requests.get(link + "&versionId=other", timeout=10).status_code == 403
    assert requests.get(link[:-1] + ("0" if link[-1] != "0" else "1"), timeout=10).status_code == 403
    assert requests.get(presign("incoming/a.pdf", secret="other"), timeout=10).status_code == 403
    assert requests.get(presign("incoming/a.pdf", region="eu-west-1"), timeout=10).status_code == 403
    assert requests.get(link.replace("X-Amz-Expires=600", "X-Amz-Expires=6000"), timeout=10).status_code == 403
    assert requests.get(link, headers={"Host": "elsewhere"}, timeout=10).status_code == 403
    assert requests.head(link, timeout=10).status_code == 403
    assert requests.head(presign("incoming/a.pdf", method="head_object"), timeout=10).status_code == 200
    for method in ("PUT", "POST", "DELETE"):
        assert requests.request(method, link, timeout=10).status_code == 405


def test_what_is_signed_and_not_there_is_not_found(presign: Callable[..., str]) -> None:
    assert requests.get(presign("missing.pdf"), timeout=10).status_code == 404
    assert requests.get(presign("a.pdf", Bucket="other"), timeout=10).status_code == 404


def test_a_link_expires(presign: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    link = presign("incoming/a.pdf", seconds=60)
    assert requests.get(link, timeout=10).status_code == 200

    class Later(datetime):
        passed = timedelta()

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) + cls.passed

    monkeypatch.setattr(document_links, "datetime", Later)
    for seconds, status in [(58, 200), (61, 403), (-3600, 403)]:
        Later.passed = timedelta(seconds=seconds)
        assert requests.get(link, timeout=10).status_code == status


@pytest.mark.parametrize(
    ("moment", "lifetime"),
    [("yesterday", "60"), ("20260101T000000Z", "x"), ("20260101T000000Z", "9" * 5000), ("20260101T000000Z", "0")],
)
def test_times_that_are_none_open_nothing(moment: str, lifetime: str) -> None:
    assert not document_links._is_valid_now(moment, lifetime)
