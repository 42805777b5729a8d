"""A document in one request: the job is there and runs, or the answer says what is wrong with the form."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_capture.api.forms import FORM_TOO_LARGE, MOST_FORM_BYTES, parse_form
from invoice_capture.api.jobs_api import JobsApi
from invoice_capture.domain.api_errors import InvalidRequest
from tests.unit.api.api_world import Answer, ApiWorld, an_order, form_request
from tests.unit.api.aws_world import AwsWorld

JOBS = "/ocr-invoice-job"
DOCUMENTS = f"{JOBS}/documents"
PDF = b"%PDF-1.7 an invoice\r\n--not the boundary--\r\n\x00\xff"
_B = "b0undary"


def upload(world: ApiWorld, fields: Any = None, **options: Any) -> Answer:
    request = form_request({"file": ("invoice.pdf", PDF)} if fields is None else fields)
    request["headers"] |= options.pop("headers", {})
    return world.call("POST", DOCUMENTS, **request, **options)


def raw(world: ApiWorld, body: bytes, content_type: str = f"multipart/form-data; boundary={_B}") -> Answer:
    return world.call(
        "POST", DOCUMENTS, base64.b64encode(body).decode(), is_base64=True, headers={"Content-Type": content_type}
    )


def part(disposition: str, content: bytes = PDF) -> bytes:
    return f"--{_B}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"


END = f"--{_B}--\r\n".encode()


def test_a_document_becomes_a_job_that_runs(world: ApiWorld) -> None:
    answer = upload(world)
    assert answer.status == 201
    job_id = answer.data["_id"]
    assert (answer.data["status"], answer.data["documentName"]) == ("queued", "invoice.pdf")
    assert (answer.data["jobNumber"], answer.data["template"], answer.data["route"]) == (
        job_id,
        "default",
        ["embedded"],
    )
    assert answer.data["documentInfo"] == {"size": len(PDF), "format": "pdf"}
    assert list(world.executions.captures) == [job_id]
    job = world.jobs.jobs[job_id]
    assert job.document.is_stored
    assert world.documents.read(job.document) == PDF
    assert world.call("GET", JOBS).json["total"] == 1


def test_a_form_may_have_the_fields_of_an_order(world: ApiWorld) -> None:
    fields = {"jobNumber": "N1", "template": "receipts", "group": "march", "priority": "urgent", "documentType": "pdf"}
    fields |= {"createdBy": "ada", "documentName": "Rechnung März.pdf"}
    sent = {**fields, "metadata": '{"a": [1, "ü"]}', "file": ("x.pdf", PDF)}
    answer = upload(world, sent)
    assert (answer.data | fields | {"metadata": {"a": [1, "ü"]}}) == answer.data
    assert answer.data["route"] == ["extract_api", "embedded"]


def test_an_empty_field_is_left_out(world: ApiWorld) -> None:
    """A browser sends every input of its form."""
    fields = {"jobNumber": "", "group": "", "metadata": "", "template": "", "file": ("x.pdf", PDF)}
    answer = upload(world, fields)
    assert answer.status == 201
    assert not {"group", "metadata"} & set(answer.data)
    assert (answer.data["jobNumber"], answer.data["template"]) == (answer.data["_id"], "default")


def test_its_document_can_be_ordered_again(world: ApiWorld) -> None:
    shown = upload(world).data
    assert world.call("POST", JOBS, an_order(documentUrl=shown["documentUrl"])).status == 201
    assert world.call("POST", JOBS, an_order(documentUrl=shown["documentUrl"]), client="other").status == 400


def test_a_number_is_taken_once_and_nothing_is_stored_for_the_second(world: ApiWorld) -> None:
    world.create("N1")
    answer = upload(world, {"jobNumber": "N1", "file": ("x.pdf", PDF)})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "jobNumber")
    assert world.documents.objects == {}
    assert upload(world, {"jobNumber": "N1", "file": ("x.pdf", PDF)}, client="other").status == 201


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('name="file"; filename="a b.pdf"', "a b.pdf"),
        ('name="file"; filename="März.pdf"', "März.pdf"),
        ("name=file; filename=plain.pdf", "plain.pdf"),
        ('filename="first.pdf"; name="file"', "first.pdf"),
        ('name="file"; filename="say \\"hi\\".pdf"', 'say "hi".pdf'),
        ('name="file"; filename="say %22hi%22.pdf"', 'say "hi".pdf'),
        ('name="file"; filename="../../etc/invoice.pdf"', "invoice.pdf"),
        ('name="file"; filename="C:\\temp\\invoice.pdf"', "invoice.pdf"),
        ('name="file"; filename="x.pdf"; filename*=UTF-8\'\'R%C3%A9%20%E2%82%AC.pdf', "Ré €.pdf"),
        ("name=\"file\"; filename*=iso-8859-1'de'M%E4rz.pdf", "März.pdf"),
        ('name="file"; filename="x.pdf"; filename*=nothing\'\'%E4.pdf', "x.pdf"),
        ('name="file"; filename="x.pdf"; filename*=utf-8\'\'%E4.pdf', "x.pdf"),
    ],
)
def test_a_document_has_the_name_its_sender_gave_it(world: ApiWorld, disposition: str, name: str) -> None:
    answer = raw(world, part(disposition) + END)
    assert answer.status == 201, answer.text
    assert answer.data["documentName"] == name


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not whole"),
        (END, "no document"),
        (part('name="file"; filename="a.pdf"'), "not whole"),
        (part('name="file"; filename="a.pdf"')[:-30], "not whole"),
        (b"--other\r\n" + part('name="file"; filename="a.pdf"').replace(_B.encode(), b"x") + b"--x--", "not whole"),
        (part('name="file"') + END, "without a name"),
        (part('name="file"; filename=""', b"") + END, "no document"),
        (part('name="file"; filename=""') + END, "without a name"),
        (part('name="file"; filename="a.pdf"', b"") + END, "is empty"),
        (part('name="file"; filename="a.pdf"', b"hello") + END, "no PDF"),
        (part('name="file"; filename="a.pdf"') * 2 + END, "2 documents"),
        (part('name="document"; filename="a.pdf"') + END, "belongs in file"),
        (part('name="group"', b"x") * 2 + part('name="file"; filename="a.pdf"') + END, "more than once"),
        (part('name="group"', b"\xff") + part('name="file"; filename="a.pdf"') + END, "UTF-8"),
        (part('name="metadata"', b"{no") + part('name="file"; filename="a.pdf"') + END, "no JSON"),
        (part('name="metadata"', b"[]") + part('name="file"; filename="a.pdf"') + END, "JSON object"),
        (part('name="note"', b"x") + part('name="file"; filename="a.pdf"') + END, "note: There is no such field"),
        (part('name="documentUrl"', b"x") + part('name="file"; filename="a.pdf"') + END, "documentUrl: There is no"),
        (part('name="priority"', b"now") + part('name="file"; filename="a.pdf"') + END, "priority"),
        (b"--" + _B.encode() + b"\r\nContent-Disposition: form-data\xff\r\n\r\n\r\n" + END, "not whole"),
        (b"".join(part(f'name="x{number}"', b"") for number in range(40)) + END, "Maximum"),
    ],
)
def test_a_wrong_form_is_explained_and_nothing_is_kept(world: ApiWorld, body: bytes, told: str) -> None:
    answer = raw(world, body)
    assert (answer.status, answer.json["success"]) == (400, False)
    assert told in answer.json["message"]
    assert answer.json["errors"]
    assert (world.jobs.jobs, world.documents.objects, world.executions.captures) == ({}, {}, {})


@pytest.mark.parametrize(
    "content_type", ["application/json", "", "multipart/form-data", "multipart/mixed; boundary=b0undary"]
)
def test_what_is_no_form_is_told_how_to_be_one(world: ApiWorld, content_type: str) -> None:
    answer = raw(world, part('name="file"; filename="a.pdf"') + END, content_type)
    assert answer.status == 400
    assert "curl -F file=@" in answer.json["message"]


def test_json_for_a_document_is_told_where_it_belongs(world: ApiWorld) -> None:
    answer = world.call("POST", DOCUMENTS, an_order())
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "file")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", JOBS), ("PUT", f"{JOBS}/1"), ("POST", "/uploads"), ("POST", f"{JOBS}/1/confirm")]
)
@pytest.mark.parametrize("size", [10, 1024**2])
def test_a_form_for_json_is_told_where_it_belongs(world: ApiWorld, method: str, path: str, size: int) -> None:
    answer = world.call(method, path, **form_request({"file": ("a.pdf", PDF + b"x" * size)}))
    assert answer.status == 400
    assert DOCUMENTS in answer.json["message"]


def test_the_largest_form_comes_through_and_a_larger_one_is_told_of_uploads(world: ApiWorld) -> None:
    around = len(base64.b64decode(form_request({"file": ("a.pdf", b"")})["body"]))
    largest = PDF.ljust(MOST_FORM_BYTES - around, b"x")
    assert upload(world, {"file": ("a.pdf", largest)}).status == 201
    answer = upload(world, {"file": ("a.pdf", largest + b"x")})
    assert (answer.status, answer.json["message"]) == (413, FORM_TOO_LARGE)
    assert "/uploads" in FORM_TOO_LARGE
    # What Lambda takes in one call has to hold the event around the form as well.
    assert MOST_FORM_BYTES * 4 / 3 + 2 * 6 * 10_240 <= 6 * 1024**2
    assert "4.4 MB" in FORM_TOO_LARGE
    assert MOST_FORM_BYTES >= 4.4 * 1024**2


def test_a_document_larger_than_any_may_be_is_refused(world: ApiWorld) -> None:
    services = world.services()
    world.api = JobsApi(
        replace(services, upload_document=replace(services.upload_document, maximum_bytes=len(PDF) - 1))
    )
    answer = upload(world)
    assert (answer.status, answer.json["errors"][0]["field"]) == (413, "file")
    assert world.documents.objects == {}


def test_nobody_uploads_without_a_key(world: ApiWorld) -> None:
    assert upload(world, client=None).status == 401
    assert world.documents.objects == {}


def test_no_job_is_called_as_the_route(world: ApiWorld) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/process"), ("GET", "/results")):
        assert world.call(method, DOCUMENTS + path).status == 404


# --- again -----------------------------------------------------------------------------------------------------------


def test_a_repeated_upload_is_one_job(aws_world: AwsWorld) -> None:
    headers = {"Idempotency-Key": "k1"}
    first, second = upload(aws_world, headers=headers), upload(aws_world, headers=headers)
    assert (first.status, second.status, first.data) == (201, 201, second.data)
    assert aws_world.call("GET", JOBS).json["total"] == 1
    other = upload(aws_world, {"file": ("invoice.pdf", PDF + b"x")}, headers=headers)
    assert (other.status, other.json["errors"][0]["field"]) == (400, "Idempotency-Key")
    named = upload(aws_world, {"file": ("other.pdf", PDF)}, headers=headers)
    assert named.status == 400


def test_a_repeated_upload_starts_what_the_first_one_left_lying(aws_world: AwsWorld) -> None:
    headers = {"Idempotency-Key": "k1"}
    job_id = upload(aws_world, headers=headers).data["_id"]
    aws_world.executions.captures.clear()
    assert upload(aws_world, headers=headers).data["_id"] == job_id
    assert list(aws_world.executions.captures) == [job_id]


def test_a_stored_upload_says_what_it_is(aws_world: AwsWorld, aws: Any) -> None:
    job = aws_world.jobs.get(upload(aws_world, {"file": ("a.xml", PDF)}).data["_id"])
    stored = aws.s3.head_object(Bucket=job.document.bucket, Key=job.document.key)
    assert stored["ContentType"] == "application/pdf"


# --- anything --------------------------------------------------------------------------------------------------------

_names = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000), _names.filter(lambda name: not set(name) & set('/\\"%') and name.strip() == name))
def test_any_document_comes_through_as_it_is(content: bytes, name: str) -> None:
    request = form_request({"file": (name, content), "group": "g"})
    form = parse_form(request["headers"]["Content-Type"], base64.b64decode(request["body"]))
    assert (form.name, form.content, dict(form.fields)) == (name, content, {"group": "g"})
    assert json.loads(form.to_json())["file"] == name


_pieces = st.lists(
    st.sampled_from(
        [part('name="file"; filename="a.pdf"'), part('name="group"', b"g"), END, b"\r\n", f"--{_B}".encode()]
    )
    | st.binary(max_size=30),
    max_size=6,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(
    _pieces,
    st.sampled_from([f"multipart/form-data; boundary={_B}", 'multipart/form-data; boundary="a\nb"'])
    | st.text(max_size=40),
)
def test_any_body_is_a_form_or_refused(body: bytes, content_type: str) -> None:
    with suppress(InvalidRequest):
        assert parse_form(content_type, body).name


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400))
def test_a_form_that_was_cut_off_is_never_taken(length: int) -> None:
    whole = part('name="group"', b"g") + part('name="file"; filename="a.pdf"') + f"--{_B}--".encode()
    if length < len(whole):
        with pytest.raises(InvalidRequest):
            parse_form(f"multipart/form-data; boundary={_B}", whole[:length])
