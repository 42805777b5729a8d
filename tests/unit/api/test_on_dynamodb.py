"""The API on DynamoDB and S3 as moto has them: the stores in memory are more patient with what no key can be."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from invoice_capture.aws.clients import Clients
from tests.unit.api.api_world import INVOICE, SUMMARY
from tests.unit.api.aws_world import AwsWorld

JOBS = "/ocr-invoice-job"


@pytest.mark.parametrize("name", ["_id", "jobNumber"])
@pytest.mark.parametrize("value", [f'"{"x" * 3000}"', '""', '"\\ud800"', "null", '"ü"', '{"$in":[]}'])
def test_a_filter_by_what_no_key_holds_finds_nothing(aws_world: AwsWorld, name: str, value: str) -> None:
    aws_world.create()
    page = aws_world.call("GET", f'{JOBS}?filter={{"{name}":{value}}}')
    assert (page.status, page.json["total"]) == (200, 0)


@pytest.mark.parametrize(
    ("name", "value", "is_asked_for"),
    [
        ("_id", "x" * 101, False),
        ("_id", "x" * 26, True),
        ("jobNumber", "x" * 201, False),
        ("jobNumber", "\\ud800", False),
        ("jobNumber", "", False),
        ("jobNumber", "ü" * 200, True),
    ],
)
def test_a_filter_asks_only_for_what_can_be_a_key(
    aws_world: AwsWorld, aws: Clients, name: str, value: str, is_asked_for: bool
) -> None:
    requests: list[Any] = []
    aws.dynamodb.meta.events.register(
        "before-send.dynamodb.BatchGetItem", lambda request, **_: requests.append(request)
    )
    assert aws_world.call("GET", f'{JOBS}?filter={{"{name}":"{value}"}}').json["total"] == 0
    assert bool(requests) == is_asked_for


@pytest.mark.parametrize(
    ("job_id", "is_asked_for"), [("x" * 3000, False), ("ü", False), ("a b", True), ("x" * 26, True)]
)
def test_what_cannot_be_an_id_is_not_asked_for(
    aws_world: AwsWorld, aws: Clients, job_id: str, is_asked_for: bool
) -> None:
    """DynamoDB, unlike moto, refuses long keys."""
    requests: list[Any] = []
    aws.dynamodb.meta.events.register("before-send.dynamodb.GetItem", lambda request, **_: requests.append(request))
    assert aws_world.call("GET", f"{JOBS}/{job_id}").status == 404
    assert bool(requests) == is_asked_for


def test_a_job_goes_all_the_way(aws_world: AwsWorld) -> None:
    metadata = {"": 1e300, "list": [None, True, {"ü": "€"}], "small": 0.1}
    job_id = aws_world.create("N" * 200, metadata=metadata, documentName="Rechnung März.pdf")
    aws_world.call("POST", f"{JOBS}/{job_id}/process")
    job = aws_world.jobs.get(job_id)
    aws_world.submissions.begin(aws_world.a_submission(job))
    aws_world.jobs.capture(job_id, 1, INVOICE.to_json(), [], aws_world.clock.now(), summary=SUMMARY)
    shown = aws_world.call("GET", f"{JOBS}/{job_id}").data
    assert (shown["status"], shown["metadata"], shown["documentName"]) == ("completed", metadata, "Rechnung März.pdf")
    [row] = aws_world.call("GET", f'{JOBS}?filter={{"jobNumber":"{"N" * 200}"}}').data
    assert row["extractedData"]["invoice"]["amounts"]["total"] == 119.0
    assert aws_world.call("GET", f"{JOBS}/{job_id}/submissions").data[0]["state"] == "PENDING"
    assert aws_world.call("GET", JOBS).json["total"] == 1


def test_an_upload_is_offered(aws_world: AwsWorld) -> None:
    answer = aws_world.call("POST", "/uploads", {"documentName": "a b.pdf"})
    assert answer.data["documentUrl"].endswith("/a%20b.pdf")
    assert {"key", "policy", "Content-Type"} <= set(answer.data["fields"])


@pytest.mark.parametrize(
    "token", ["[" * 3000, "[]", "null", '{"offset": -1}', '{"offset": "1"}', '[["2026-01-01", 1]]', "\xff"]
)
@pytest.mark.parametrize("query", ["", "&sort=group"])
def test_a_token_of_nobody_is_refused(aws_world: AwsWorld, token: str, query: str) -> None:
    text = base64.urlsafe_b64encode(token.encode("latin-1")).decode().rstrip("=")
    answer = aws_world.call("GET", f"{JOBS}?nextToken={text}{query}")
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "nextToken")
