"""Lists of ten thousand jobs: what one request reads, counted by the rules of DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from invoice_capture.aws.items import to_attributes
from invoice_capture.aws.job_items import job_item, summary_attribute
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus, Order, new_job_id
from invoice_capture.use_cases.client import list_jobs
from local_stack.isolation import REGION
from local_stack.stack import LocalStack
from tests.workflow.conftest import Stacks

CLIENT = "acme"
JOBS = 10_000
CAPTURED_OF_TEN = 7
# What docs/api.md promises of one request.
MOST_READ_UNITS = 2_200
HEADS_OF_A_UNIT = 15
LOOKED_AT = 1_000


@pytest.fixture(scope="module")
def stack(stacks: Stacks) -> Iterator[LocalStack]:
    stacks.close()
    with LocalStack() as stack:
        table = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].get_table(stack.table)
        now = datetime.now(UTC)
        for number in range(JOBS):
            table.put_item(_item(number, now - timedelta(minutes=JOBS - number)))
        yield stack


def _item(number: int, at: datetime) -> dict[str, Any]:
    """Seven of ten are captured, each with another group and confidence."""
    job = Job(
        job_id=new_job_id(at),
        document=DocumentPointer("documents", f"documents/{CLIENT}/{number}/a.pdf", None, 9),
        route=("embedded",),
        status=JobStatus.CAPTURED if number % 10 < CAPTURED_OF_TEN else JobStatus.CREATED,
        created_at=at,
        updated_at=at,
        deadline_at=at,
        order=Order(CLIENT, f"N-{number}", "a.pdf", "https://files.example/a.pdf", "t", group=f"g-{number % 100}"),
    )
    summary = {"total": "119.00", "type": "invoice", "confidence": number % 100 / 100, "is_valid": True, "findings": []}
    captured = {"summary": summary_attribute(summary)} if job.status is JobStatus.CAPTURED else {}
    return job_item(job, timedelta(days=400)) | to_attributes(captured)


def ask(stack: LocalStack, parameters: dict[str, str], scopes: str = "") -> tuple[Any, float]:
    """A page, or a refusal, of ``GET /ocr-invoice-job``; and the read units that it took."""
    event = json.loads(Path("events/jobs_api.json").read_text())
    event |= {
        "job_id": "list",
        "path": "/ocr-invoice-job",
        "httpMethod": "GET",
        "queryStringParameters": parameters,
        "multiValueQueryStringParameters": {name: [value] for name, value in parameters.items()},
        "body": None,
    }
    event["requestContext"]["authorizer"] = {"client": CLIENT, "scopes": scopes, "keyId": "-"}
    stack.ledger.clear()
    # moto takes a thousand times as long for an entry of an index as DynamoDB.
    with patch.object(list_jobs, "_MOST_SECONDS", 1000.0):
        answer = stack.invoke_function("JobsApiFunction", event)
    return {"status": answer["statusCode"], **json.loads(answer["body"])}, stack.ledger.of("list").read_units


def where(**filters: Any) -> dict[str, str]:
    return {"filter": json.dumps({path.replace("__", "."): value for path, value in filters.items()})}


@pytest.mark.parametrize(
    ("parameters", "total"),
    [
        (where(status="completed"), 700),
        (where(invoiceType="invoice", confidence__overall={"$lte": 0.02}) | {"sort": "confidence.overall"}, 30),
    ],
)
def test_what_people_filter_by_is_read_from_the_index(stack: LocalStack, parameters: Any, total: int) -> None:
    beginning = f"{datetime.now(UTC) - timedelta(minutes=LOOKED_AT + 1):%FT%TZ}"
    narrowed = json.loads(parameters["filter"]) | {"createdAt": {"$gte": beginning}}
    page, units = ask(stack, parameters | {"filter": json.dumps(narrowed)})
    assert abs(page["total"] - total) <= 2
    assert (len(page["data"]), "moreToRead" in page) == (min(50, page["total"]), False)
    # The heads, and the fifty jobs of the page.
    assert units <= LOOKED_AT / HEADS_OF_A_UNIT + 50


@pytest.mark.parametrize(
    ("parameters", "scopes"), [({"search": "nothing has this"}, ""), (where(group="nobody's"), "all")]
)
def test_one_request_reads_a_bounded_part_of_anything_else(stack: LocalStack, parameters: Any, scopes: str) -> None:
    page, units = ask(stack, parameters, scopes)
    assert (page["data"], page["total"], page["moreToRead"]) == ([], 0, True)
    assert 0 < units <= MOST_READ_UNITS


def test_a_list_that_cannot_be_sorted_at_once_says_how_to_narrow_it(stack: LocalStack) -> None:
    refused, units = ask(stack, {"sort": "priority"}, "all")
    assert (refused["status"], refused["errors"][0]["field"]) == (400, "sort")
    assert "createdAt" in refused["message"]
    assert units <= MOST_READ_UNITS


def test_an_offset_is_bounded(stack: LocalStack) -> None:
    refused, units = ask(stack, {"offset": "10001"})
    assert (refused["status"], units) == (400, 0)
