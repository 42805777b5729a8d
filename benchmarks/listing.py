"""What a page of the API's job list costs: requests to DynamoDB, read units and time, by the number of jobs.

    python -m benchmarks.listing [--sizes 100,1000,10000]

Every size is a local stack of its own. Its jobs belong to one client, are spread over sixty days and were written by
the same transactions that ordering makes. Each list is asked of the jobs_api function once to warm up and then five
times, or once where all jobs are read; the time is the median, as a share of that of the first list at the smallest
size, and says more of this machine than of DynamoDB. Read units are counted from the items that each request reads, by
the rules in local_stack/counting.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table as Shown

from benchmarks.bounds import Figure, conclude
from invoice_capture.aws.clients import Clients
from invoice_capture.aws.job_orders import DynamoDBJobOrders
from invoice_capture.aws.table import Table
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus, Order, new_job_id
from local_stack.stack import LocalStack

_CLIENT = "benchmark"
_REPEATS = 5
_DAYS = 60
_MARGIN = 1.1
# 2,000 jobs without much metadata, their heads, and the page.
_MOST_READ_UNITS = 2_200


@dataclass(frozen=True)
class Asked:
    """A list that is asked for. ``flat``: it must cost the same at every size."""

    name: str
    parameters: Mapping[str, str]
    scopes: str = ""
    flat: bool = False
    follows: bool = False


_TOTAL = "extractedData.invoice.amounts.total"
_LISTS = (
    Asked("newest 50", {"limit": "50"}, flat=True),
    Asked("next 50, by nextToken", {"limit": "50"}, flat=True, follows=True),
    Asked("50 after 40, by offset", {"limit": "50", "offset": "40"}, flat=True),
    Asked("newest 50 of everybody", {"limit": "50"}, scopes="all", flat=True),
    Asked(
        "by jobNumber, 50 of them",
        {"filter": json.dumps({"jobNumber": {"$in": [f"N-{n}" for n in range(50)]}})},
        flat=True,
    ),
    Asked("one day, by createdAt", {"filter": '{"createdAt": {"$gte": "DAY", "$lte": "DAYT23:59:59Z"}}'}),
    Asked("by status and group", {"filter": '{"status": "created", "group": "g-7"}'}),
    Asked("by confidence, sorted by total", {"filter": '{"confidence.overall": null}', "sort": _TOTAL}),
    Asked("by search", {"search": "nothing has this"}),
    Asked("by group, of everybody", {"filter": '{"group": "g-7"}'}, scopes="all"),
)


@dataclass(frozen=True)
class Cost:
    requests: int
    read_units: float
    seconds: float


def main() -> int:
    """1 when a list that must cost the same does not."""
    parser = argparse.ArgumentParser(description="What a page of the API's job list costs.")
    parser.add_argument("--sizes", default="100,1000,10000", help="numbers of jobs (default: %(default)s)")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    costs = {size: _measure(size) for size in sizes}
    _show(costs)
    smallest = min(sizes)
    grown = [
        f"{asked.name} at {size} jobs"
        for asked in _LISTS
        for size in sizes
        if asked.flat and not _is_alike(costs[smallest][asked.name], costs[size][asked.name])
    ]
    print(f"costs more as the table grows, and must not: {', '.join(grown) or 'nothing'}")
    dearest = max(cost.read_units for lists in costs.values() for cost in lists.values())
    return conclude(
        [
            Figure("lists of jobs that cost more as the table grows", len(grown), 0),
            Figure("read units of the dearest request for a list", dearest, _MOST_READ_UNITS),
        ]
    )


def _is_alike(small: Cost, large: Cost) -> bool:
    """Counters of days and shards without a job yet are missing at the smallest size; that is all that may differ."""
    return large.requests <= small.requests and large.read_units <= small.read_units * _MARGIN


def _measure(size: int) -> dict[str, Cost]:
    with LocalStack() as stack:
        _order(stack, size)
        return {asked.name: _cost(stack, asked, size) for asked in _LISTS}


def _order(stack: LocalStack, size: int) -> None:
    environment = stack.resources.function("JobsApiFunction").environment
    retention = timedelta(days=float(environment["RETENTION_DAYS"]))
    orders = DynamoDBJobOrders(Table(Clients(), stack.table), retention)
    now = datetime.now(UTC)
    for number in range(size):
        at = now - timedelta(days=_DAYS) * (size - number) / size
        document = DocumentPointer(stack.bucket, f"documents/{_CLIENT}/{number}/a.pdf", None, 0, is_stored=False)
        orders.place(
            Job(
                job_id=new_job_id(at),
                document=document,
                route=("embedded",),
                status=JobStatus.CREATED,
                created_at=at,
                updated_at=at,
                deadline_at=at,
                order=Order(
                    _CLIENT,
                    f"N-{number}",
                    "invoice_2026_001.pdf",
                    f"s3://{stack.bucket}/{document.key}",
                    "t",
                    group=f"g-{number % 100}",
                ),
            )
        )


def _cost(stack: LocalStack, asked: Asked, size: int) -> Cost:
    parameters = {
        name: value.replace("DAY", f"{datetime.now(UTC) - timedelta(days=30):%F}")
        for name, value in asked.parameters.items()
    }
    if asked.follows:
        parameters["nextToken"] = _ask(stack, parameters, asked.scopes)["nextToken"]
    answer = _ask(stack, parameters, asked.scopes)
    assert answer["total"] == size or not asked.flat or "filter" in parameters, answer["total"]
    stack.ledger.clear()
    times = []
    repeats = _REPEATS if asked.flat else 1
    for _ in range(repeats):
        began = time.perf_counter()
        _ask(stack, parameters, asked.scopes)
        times.append(time.perf_counter() - began)
    costs = stack.ledger.of(_CLIENT)
    return Cost(sum(costs.aws_calls.values()) // repeats, costs.read_units / repeats, statistics.median(times))


def _ask(stack: LocalStack, parameters: Mapping[str, str], scopes: str) -> Any:
    event = {
        # What the ledger books the costs on.
        "job_id": _CLIENT,
        "resource": "/{proxy+}",
        "path": "/ocr-invoice-job",
        "httpMethod": "GET",
        "headers": {"Accept": "application/json"},
        "multiValueHeaders": {"Accept": ["application/json"]},
        "queryStringParameters": dict(parameters),
        "multiValueQueryStringParameters": {name: [value] for name, value in parameters.items()},
        "pathParameters": {"proxy": "ocr-invoice-job"},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/{proxy+}",
            "httpMethod": "GET",
            "path": "/v1/ocr-invoice-job",
            "stage": "v1",
            "requestId": "benchmark",
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": {"client": _CLIENT, "scopes": scopes, "keyId": "-"},
        },
        "body": None,
        "isBase64Encoded": False,
    }
    answer = stack.invoke_function("JobsApiFunction", event)
    if answer.get("statusCode") != 200:
        sys.exit(f"The list was refused: {answer}")
    return json.loads(answer["body"])


def _show(costs: Mapping[int, Mapping[str, Cost]]) -> None:
    reference = costs[min(costs)][_LISTS[0].name].seconds
    shown = Shown(title="Requests to DynamoDB / read units / time as a share of the first", title_justify="left")
    shown.add_column("List")
    for size in costs:
        shown.add_column(f"{size:,} jobs", justify="right")
    for asked in _LISTS:
        cells = (
            f"{cost.requests} / {cost.read_units:g} / {cost.seconds / reference:.2f}"
            for cost in (costs[size][asked.name] for size in costs)
        )
        shown.add_row(asked.name, *cells)
    Console(width=110).print(shown)


if __name__ == "__main__":
    sys.exit(main())
