"""Forms as boto3 signs them put a document into the local stack, and nothing else does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_stack import document_uploads
from local_stack.document_links import DocumentLinks
from tests.waiting import PATIENCE_SECONDS


@dataclass
class Bucket:
    """A server with one bucket, ``documents``, and what was stored in it."""

    server: DocumentLinks
    stored: dict[str, tuple[bytes, str, dict[str, str]]] = field(default_factory=dict)

    def sign(self, key: str, *, secret: str = "local", region: str = "us-east-1", **options: Any) -> Any:
        client = boto3.client(
            "s3",
            endpoint_url=self.server.endpoint,
            region_name=region,
            aws_access_key_id=options.pop("access_key", "local"),
            aws_secret_access_key=secret,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        return client.generate_presigned_post(options.pop("bucket", "documents"), key, **options)

    def post(self, form: Any, content: bytes = b"%PDF-", name: str = "invoice.pdf", **changes: str) -> Any:
        fields = {**form["fields"], **changes}
        return requests.post(form["url"], data=fields, files={"file": (name, content)}, timeout=10)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    def write(name: str, key: str, content: bytes, content_type: str, metadata: Any) -> None:
        if name != "documents":
            raise LookupError(name)
        made.stored[key] = (content, content_type, dict(metadata))

    with DocumentLinks(lambda *_: (b"", "application/pdf"), "local", "local", "us-east-1", write) as server:
        made = Bucket(server)
        yield made


def refusal(answer: Any) -> tuple[int, str]:
    found = re.search("<Code>(.*)</Code>", answer.text)
    return answer.status_code, found[1] if found else answer.text


def signed(bucket: Bucket, policy: Any, **changes: str) -> Any:
    """A form whose signature is right for whatever ``policy`` is."""
    form = bucket.sign("incoming/a.pdf")
    text = policy if isinstance(policy, str) else base64.b64encode(json.dumps(policy).encode()).decode()
    key = b"AWS4local"
    for part in (form["fields"]["x-amz-date"][:8], "us-east-1", "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return {**form, "fields": {**form["fields"], "policy": text, "x-amz-signature": signature, **changes}}


def test_a_signed_form_stores_its_file(bucket: Bucket) -> None:
    form = bucket.sign(
        "incoming/${filename}",
        Fields={"Content-Type": "application/pdf", "x-amz-meta-client": "anna"},
        Conditions=[
            {"Content-Type": "application/pdf"},
            {"x-amz-meta-client": "anna"},
            ["content-length-range", 1, 1000],
            ["starts-with", "$key", "incoming/"],
        ],
    )
    assert form["url"] == f"{bucket.server.endpoint}/documents"
    answer = bucket.post(form, b"%PDF-1.7", "/scans/März 1.pdf")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["ETag"] == f'"{hashlib.md5(b"%PDF-1.7").hexdigest()}"'
    assert bucket.stored == {"incoming/März 1.pdf": (b"%PDF-1.7", "application/pdf", {"client": "anna"})}


@pytest.mark.parametrize(("asked", "given"), [("201", 201), ("200", 200), ("204", 204), ("999", 204)])
def test_the_status_of_success_is_the_client_s_choice(bucket: Bucket, asked: str, given: int) -> None:
    choice = {"success_action_status": asked}
    answer = bucket.post(bucket.sign("incoming/a&b.pdf", Fields=choice, Conditions=[choice]))
    assert answer.status_code == given
    if given == 201:
        assert "<Bucket>documents</Bucket><Key>incoming/a&amp;b.pdf</Key>" in answer.text


def test_a_large_file_comes_through_whole_and_quickly(bucket: Bucket) -> None:
    content = bytes(range(256)) * 8192 + b"\r\n--"
    answer = requests.post(
        (form := bucket.sign("incoming/large"))["url"],
        data=form["fields"],
        files={"file": ("large", content)},
        headers={"Expect": "100-continue"},
        timeout=10,
    )
    assert answer.status_code == 204
    assert bucket.stored["incoming/large"][0] == content


def test_leave_to_send_is_given_at_once(bucket: Bucket) -> None:
    host, port = bucket.server.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as client:
        client.sendall(b"POST /documents HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n")
        client.sendall(b"Content-Type: multipart/form-data; boundary=x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")


@pytest.mark.parametrize(
    ("size", "expected"),
    [(9, "EntityTooSmall"), (10, None), (20, None), (21, "EntityTooLarge"), (100_000, "EntityTooLarge")],
)
def test_the_size_is_kept_within_its_range(bucket: Bucket, size: int, expected: str | None) -> None:
    answer = bucket.post(bucket.sign("a", Conditions=[["content-length-range", 10, 20]]), b"x" * size)
    assert answer.status_code == (204 if expected is None else 400)
    assert ("a" in bucket.stored) == (expected is None)
    if expected is not None:
        assert refusal(answer) == (400, expected)
        assert f"<ProposedSize>{size}</ProposedSize>" in answer.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key": "incoming/b.pdf"}, (403, "AccessDenied")),
        ({"key": ""}, (403, "AccessDenied")),
        ({"Content-Type": "text/html"}, (403, "AccessDenied")),
        ({"acl": "public-read"}, (403, "AccessDenied")),
        ({"x-amz-signature": "0" * 64}, (403, "SignatureDoesNotMatch")),
        ({"x-amz-signature": "ä"}, (403, "SignatureDoesNotMatch")),
        ({"x-amz-signature": ""}, (403, "AccessDenied")),
        ({"policy": ""}, (403, "AccessDenied")),
        ({"policy": "e30="}, (403, "SignatureDoesNotMatch")),
        ({"x-amz-algorithm": "AWS4-HMAC-SHA1"}, (400, "InvalidArgument")),
        ({"x-amz-date": "20200101T000000Z"}, (400, "InvalidArgument")),
        ({"x-amz-credential": "other/20200101/us-east-1/s3/aws4_request"}, (403, "InvalidAccessKeyId")),
    ],
)
def test_a_form_that_was_changed_is_refused(bucket: Bucket, changes: dict[str, str], expected: tuple[int, str]) -> None:
    form = bucket.sign("incoming/a.pdf", Fields={"Content-Type": "a/b"}, Conditions=[{"Content-Type": "a/b"}])
    assert refusal(bucket.post(form, **changes)) == expected
    assert bucket.stored == {}
    assert bucket.post(form).status_code == 204


def test_fields_without_a_condition_are_named_unless_they_may_be_there(bucket: Bucket) -> None:
    form = bucket.sign("a")
    answer = bucket.post(form, tagging="x")
    assert refusal(answer) == (403, "AccessDenied")
    assert "Extra input fields: tagging" in answer.text
    assert bucket.post(form, **{"x-ignore-me": "x"}).status_code == 204


def test_a_condition_without_its_field_does_not_hold(bucket: Bucket) -> None:
    answer = bucket.post(bucket.sign("a", Conditions=[["starts-with", "$Content-Type", "image/"]]))
    assert refusal(answer) == (403, "AccessDenied")
    assert "Policy Condition failed" in answer.text


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"secret": "other"}, "SignatureDoesNotMatch"),
        ({"region": "eu-west-1"}, "InvalidArgument"),
        ({"access_key": "other"}, "InvalidAccessKeyId"),
        ({"ExpiresIn": 0}, "AccessDenied"),
        ({"bucket": "elsewhere"}, "NoSuchBucket"),
    ],
)
def test_a_form_signed_by_others_or_for_another_place_is_refused(
    bucket: Bucket, options: dict[str, Any], expected: str
) -> None:
    assert refusal(bucket.post(bucket.sign("a", **options)))[1] == expected
    assert bucket.stored == {}


def test_a_form_is_good_for_its_own_bucket_only(bucket: Bucket) -> None:
    form = bucket.sign("a", bucket="elsewhere")
    assert refusal(bucket.post({**form, "url": f"{bucket.server.endpoint}/documents"})) == (403, "AccessDenied")


def test_a_form_expires(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    form = bucket.sign("a", ExpiresIn=60)

    class Later(datetime):
        passed = timedelta()

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) + cls.passed

    monkeypatch.setattr(document_uploads, "datetime", Later)
    for seconds, status in [(55, 204), (61, 403)]:
        Later.passed = timedelta(seconds=seconds)
        assert bucket.post(form).status_code == status


TOMORROW = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    "policy",
    [
        "no base64!",
        base64.b64encode(b"{").decode(),
        base64.b64encode(b"\xff").decode(),
        {"conditions": []},
        {"expiration": "soon", "conditions": []},
        {"expiration": 5, "conditions": []},
        {"expiration": "2999-01-01", "conditions": []},
        {"expiration": TOMORROW, "conditions": "all"},
        {"expiration": TOMORROW, "conditions": [["like", "$key", "a"]]},
        {"expiration": TOMORROW, "conditions": [["eq", "key", "a"]]},
        {"expiration": TOMORROW, "conditions": [["content-length-range", "²", 5]]},
        {"expiration": TOMORROW, "conditions": [["content-length-range", -1, 5]]},
        {"expiration": TOMORROW, "conditions": ["key"]},
        ["key"],
    ],
)
def test_what_is_signed_and_no_policy_is_refused(bucket: Bucket, policy: Any) -> None:
    assert refusal(bucket.post(signed(bucket, policy))) == (400, "InvalidPolicyDocument")
    assert bucket.stored == {}


def test_the_policy_made_here_is_one(bucket: Bucket) -> None:
    names = ["key", "x-amz-algorithm", "x-amz-credential", "x-amz-date"]
    policy = {"expiration": TOMORROW, "conditions": [["starts-with", f"${name}", ""] for name in names]}
    assert bucket.post(signed(bucket, policy)).status_code == 204


def test_what_is_no_form_is_refused(bucket: Bucket) -> None:
    url = f"{bucket.server.endpoint}/documents"
    form = bucket.sign("a")

    def post(**options: Any) -> tuple[int, str]:
        return refusal(requests.post(url, timeout=10, **options))

    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    assert post(data=form["fields"]) == (412, "PreconditionFailed")
    assert post(data=b"--x\r\n", headers={"Content-Type": "multipart/form-data"}) == (412, "PreconditionFailed")
    assert post(data=b"nothing", headers=multipart) == (400, "MalformedPOSTRequest")
    assert post(data=b"--x\r\nA: b\r\n\r\n1\r\n--x--\r\n", headers=multipart) == (400, "MalformedPOSTRequest")
    fields = [(name, (None, value)) for name, value in form["fields"].items()]
    assert post(files=fields) == (400, "InvalidArgument")
    assert post(files=[*fields, ("file", b"1"), ("file", b"2")]) == (400, "InvalidArgument")
    assert post(files=[("file", b"1"), *fields]) == (400, "InvalidArgument")
    assert post(files=[("x", (None, "y" * 30_000)), *fields]) == (400, "MaxPostPreDataLengthExceeded")
    assert post(files=[("x", (None, b"\xff")), ("file", b"1")]) == (400, "MalformedPOSTRequest")
    assert requests.post(f"{url}/key", timeout=10).status_code == 405
    assert post(files=[*fields, ("file", b"1"), ("tagging", (None, "after the file"))])[0] == 204
    assert bucket.stored["a"][0] == b"1"


@given(
    key=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40),
    content=st.binary(max_size=200),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_key_and_content_arrive_as_they_are(bucket: Bucket, key: str, content: bytes) -> None:
    bucket.stored.clear()
    assert bucket.post(bucket.sign(key.replace("$", "_")), content).status_code == 204
    assert bucket.stored == {key.replace("$", "_"): (content, "binary/octet-stream", {})}
