"""What goes wrong is told in envelopes, and logged without what was sent."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from invoice_capture.api.jobs_api import JobsApi
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.domain.job import Job
from tests.unit.api.api_world import ApiWorld, an_order, answer_of, event_of

JOBS = "/ocr-invoice-job"


@pytest.mark.parametrize("path", ["/nothing", "/ocr-invoice-jobs", f"{JOBS}/a/b/c", f"{JOBS}/a/nothing"])
def test_an_unknown_path_is_not_there(world: ApiWorld, path: str) -> None:
    answer = world.call("GET", path)
    assert (answer.status, answer.json["success"]) == (404, False)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", JOBS, "GET, POST"),
        ("HEAD", f"{JOBS}/a", "DELETE, GET, PUT"),
        ("GET", f"{JOBS}/a/process", "POST"),
        ("POST", "/docs", "GET, HEAD"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(world: ApiWorld, method: str, path: str, allowed: str) -> None:
    answer = world.call(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (None, ["body"]),
        ("", ["body"]),
        ("{", ["body"]),
        ("nonsense", ["body"]),
        ("[]", ["body"]),
        (json.dumps([an_order()]), ["body"]),
        ('"text"', ["body"]),
        ("null", ["body"]),
        ("[" * 100_000, ["body"]),
        ('{"a": ' + "9" * 5000 + "}", ["body"]),
        (json.dumps(an_order(metadata={"a": float("nan")})), ["body"]),
        (json.dumps(an_order()).replace("60f7", "\\ud800"), ["body"]),
        ('{"metadata": {"a": 1e999}}', ["body"]),
        ({}, ["jobNumber", "documentName", "documentUrl", "template"]),
        (an_order(""), ["jobNumber"]),
        (an_order("x" * 201), ["jobNumber"]),
        (an_order(7), ["jobNumber"]),
        (an_order(documentName="x" * 256), ["documentName"]),
        (an_order(documentUrl="https://a/" + "x" * 2048), ["documentUrl"]),
        (an_order(documentUrl="ftp://a/b"), ["documentUrl"]),
        (an_order(template="x" * 201), ["template"]),
        (an_order(group="x" * 201), ["group"]),
        (an_order(createdBy="x" * 201), ["createdBy"]),
        (an_order(documentType="doc", priority="now"), ["documentType", "priority"]),
        (an_order(group=None, metadata=None), ["group", "metadata"]),
        (an_order(metadata=[]), ["metadata"]),
        (an_order(metadata={"a": "x" * 16 * 1024}), ["metadata"]),
        (an_order(metadata={"a": [[[[[[[[[[]]]]]]]]]]}), ["metadata"]),
    ],
)
def test_a_wrong_body_is_explained(world: ApiWorld, body: Any, fields: list[str]) -> None:
    answer = world.call("POST", JOBS, body)
    assert answer.status == 400, answer.text
    assert sorted(error["field"] for error in answer.json["errors"]) == sorted(fields)
    assert all(error["message"] for error in answer.json["errors"])
    assert world.jobs.jobs == {}


def test_metadata_as_large_and_deep_as_may_be(world: ApiWorld) -> None:
    metadata = {"a": [[[[[[[[[]]]]]]]]], "b": "x" * 16_000}
    job_id = world.create(metadata=metadata)
    assert world.call("GET", f"{JOBS}/{job_id}").data["metadata"] == metadata


def test_a_body_too_large_is_refused(world: ApiWorld) -> None:
    for body in (json.dumps(an_order(extra="x" * 256 * 1024)), "x" * 600_000, '"' + "ü" * 140_000 + '"'):
        answer = world.call("POST", JOBS, body)
        assert (answer.status, answer.json["success"]) == (413, False)


def test_a_body_in_base64_is_read(world: ApiWorld) -> None:
    body = base64.b64encode(json.dumps(an_order("Nü")).encode()).decode()
    assert world.call("POST", JOBS, body, is_base64=True).data["jobNumber"] == "Nü"
    for wrong in ("?", base64.b64encode(b"\xff\xfe").decode()):
        assert world.call("POST", JOBS, wrong, is_base64=True).status == 400


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""])
def test_a_body_is_json_whatever_it_is_called(world: ApiWorld, content_type: str) -> None:
    assert world.call("POST", JOBS, an_order(), headers={"content-type": content_type}).status == 201


class _Stores:
    """A job store that does not answer, or is broken."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get(self, _job_id: str) -> Job | None:
        raise self._error


def _failing(world: ApiWorld, error: Exception) -> JobsApi:
    services = world.services()
    return JobsApi(replace(services, read_invoice=replace(services.read_invoice, jobs=_Stores(error))))


def test_an_outage_says_to_try_again(world: ApiWorld, log: Any) -> None:
    api = _failing(world, StoreUnavailable("DynamoDB did not answer."))
    answer = answer_of(api(event_of("GET", f"{JOBS}/a"), None))
    assert (answer.status, answer.headers["Retry-After"]) == (500, "2")
    assert "Try again" in answer.json["message"]
    assert '"level":"ERROR"' not in log.getvalue()


def test_a_defect_is_logged_once_without_its_message(world: ApiWorld, log: Any) -> None:
    api = _failing(world, RuntimeError("the document says: total 119.00"))
    answer = answer_of(api(event_of("GET", f"{JOBS}/JOB1"), None))
    assert answer.status == 500
    assert answer.json == {
        "success": False,
        "message": "Something went wrong here; it was logged under request-1.",
        "errors": [],
    }
    errors = [line for line in map(json.loads, log.getvalue().splitlines()) if line["level"] == "ERROR"]
    assert len(errors) == 1
    assert (errors[0]["error"], errors[0]["request_id"]) == ("RuntimeError", "request-1")
    assert (errors[0]["client"], errors[0]["job_id"]) == ("acme", "JOB1")
    assert "119.00" not in log.getvalue()


def test_log_lines_name_client_and_job_and_no_content(world: ApiWorld, log: Any) -> None:
    job_id = world.create("secret-number", metadata={"secret": "secret"})
    world.call("GET", f"{JOBS}/{job_id}")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {line["client"] for line in lines} == {"acme"}
    assert lines[-1]["job_id"] == job_id
    assert "secret" not in log.getvalue()


def test_requests_do_not_leak_into_each_other(world: ApiWorld) -> None:
    job_id = world.create()
    assert world.call("GET", f"{JOBS}/{job_id}", client="other").status == 404
    assert world.call("GET", f"{JOBS}/{job_id}").status == 200
    assert world.call("GET", f"{JOBS}/{job_id}", client=None).status == 401
