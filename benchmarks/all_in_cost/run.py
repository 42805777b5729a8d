"""A run of the local stack whose documents are captured one after the other and then removed, metered."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from unittest.mock import patch

from benchmarks.all_in_cost.meter import Meter, Usage
from benchmarks.import_time import step_of
from benchmarks.scans import TextractDouble
from local_stack import moto_patches, template
from local_stack.counting import Costs, item_size
from local_stack.stack import PROJECT, STACK_NAME, LocalStack
from local_stack.template import Function

_RETENTION_DAYS = 1
_A_DAY = 24 * 3600.0
_LONGEST_SECONDS = 120.0
_ITEM_OVERHEAD = 100
"""Bytes that DynamoDB adds to what an item stores, in the table and in every index."""
_ROUNDS = "SweepJobsFunction", "RemoveJobsFunction"
_WARMED = (
    *("ReceiveUploadFunction", "SubmitDocumentFunction", "ExtractDocumentFunction", "StoreInvoiceFunction"),
    "RecordChangesFunction",
)
# What Lambda does before the first event of a container, and the first event until its use case is built.
_START = """
import sys, app
from importlib import import_module
from invoice_capture.wiring import application
application().step(getattr(import_module(sys.argv[1]), sys.argv[2]))
"""


@dataclass(frozen=True)
class Stored:
    """Bytes that stay for as long as the documents are kept; ``table`` and ``indexes`` with DynamoDB's own."""

    bucket: int
    table: int
    indexes: int


@dataclass(frozen=True)
class Run:
    """``capture`` and ``removal`` are of ``jobs`` documents, ``sweep`` and ``empty_removal`` of one round each that
    finds nothing to do. ``start_seconds`` are those of the processor for a new container of each function, and
    ``child_seconds`` for the first document of one that reads, beyond that of the next. ``present`` are the logical
    ids of what the stack has by default."""

    jobs: int
    capture: Usage
    costs: Costs
    stored: Stored
    pages_read: int
    removal: Usage
    removal_costs: Costs
    rounds: Mapping[str, Usage]
    round_costs: Mapping[str, Costs]
    start_seconds: Mapping[str, float]
    child_seconds: float
    present: frozenset[str]


def measure(documents: Sequence[bytes], suffix: str, textract: TextractDouble | None = None) -> Run:
    """Capture all but the first document, which loads everything. Raises RuntimeError when one is not captured."""
    meter = Meter()
    with ExitStack() as exits:
        if textract is not None:
            exits.enter_context(patch("invoice_engine.read.ocr.textract.default_client", lambda: textract))
        exits.enter_context(meter.listening())
        parameters = {"RetentionDays": str(_RETENTION_DAYS), "Ocr": "textract" if textract else "none"}
        stack = exits.enter_context(LocalStack(log=meter, parameters=parameters))
        if textract is not None:
            textract.clock = stack.clock
        cloudformation = template.translate(PROJECT / "template.yaml").cloudformation
        present = frozenset(
            name
            for name, resource in cloudformation["Resources"].items()
            if moto_patches.condition_holds(STACK_NAME, resource)
        )
        _capture(stack, f"incoming/first{suffix}", documents[0])
        first = meter.taken()
        rounds, round_costs = {}, {}
        for name in _ROUNDS:
            stack.ledger.clear()
            stack.invoke_function(name, {})
            rounds[name], round_costs[name] = meter.taken(), _total(stack)
        before, read = _stored(stack), textract.read.total() if textract else 0
        stack.ledger.clear()
        for number, content in enumerate(documents[1:]):
            _capture(stack, f"incoming/{number}{suffix}", content)
        # Time passes while histories are written, so that a round or two come in between.
        capture, costs, after = _without_rounds(meter.taken()), _total(stack), _stored(stack)
        pages = textract.read.total() - read if textract else 0
        start_seconds = {name: _start_seconds(stack.resources.function(name)) for name in _WARMED}
        meter.taken()
        stack.ledger.clear()
        stack.clock.advance((_RETENTION_DAYS + 1) * _A_DAY)
        _wait_until_removed(stack)
        removal, removal_costs = _only(meter.taken(), "RemoveJobsFunction"), _total(stack)
    stored = Stored(after.bucket - before.bucket, after.table - before.table, after.indexes - before.indexes)
    jobs = len(documents) - 1
    child = _work(first, "ExtractDocumentFunction") - _work(capture, "ExtractDocumentFunction") / jobs
    return Run(
        *(jobs, capture, costs, stored, pages, removal, removal_costs, rounds, round_costs, start_seconds),
        *(max(0.0, child), present),
    )


def _capture(stack: LocalStack, key: str, content: bytes) -> None:
    job = stack.job(stack.wait_for(stack.upload(key, content)))
    if job.get("status") != "CAPTURED":
        raise RuntimeError(f"{key} ended as {job.get('status')}: {job.get('error')}")
    _wait_until_recorded(stack)


def _wait_until_recorded(stack: LocalStack) -> None:
    """Let the history of a document be written before the next one comes: no two share a portion of the stream."""
    give_up_at = time.monotonic() + _LONGEST_SECONDS
    while not stack._runtime.knows_all_changes:
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"After {_LONGEST_SECONDS:g} s the history was not written.")
        stack.clock.advance(1)
        time.sleep(0.01)


def _total(stack: LocalStack) -> Costs:
    total = Costs()
    for costs in stack.ledger.all().values():
        total.add(costs)
    return total


def _stored(stack: LocalStack) -> Stored:
    pages = stack.s3.get_paginator("list_object_versions").paginate(Bucket=stack.bucket)
    bucket = sum(version["Size"] for page in pages for version in page.get("Versions", []))
    [described] = [stack.dynamodb.describe_table(TableName=stack.table)["Table"]]
    indexes = [
        {*(key["AttributeName"] for key in index["KeySchema"]), *index["Projection"].get("NonKeyAttributes", ())}
        for index in described["GlobalSecondaryIndexes"]
    ]
    keys = [{key["AttributeName"] for key in index["KeySchema"]} for index in described["GlobalSecondaryIndexes"]]
    table = indexed = 0
    for page in stack.dynamodb.get_paginator("scan").paginate(TableName=stack.table):
        for item in page["Items"]:
            table += item_size(item) + _ITEM_OVERHEAD
            for key, names in zip(keys, indexes, strict=True):
                if key <= set(item):
                    entry = {name: item[name] for name in (*names, "PK", "SK") if name in item}
                    indexed += item_size(entry) + _ITEM_OVERHEAD
    return Stored(bucket, table, indexed)


def _wait_until_removed(stack: LocalStack) -> None:
    give_up_at = time.monotonic() + _LONGEST_SECONDS
    while _versions(stack):
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"After {_LONGEST_SECONDS:g} s the documents were not removed.")
        time.sleep(0.1)


def _versions(stack: LocalStack) -> bool:
    return bool(stack.s3.list_object_versions(Bucket=stack.bucket, MaxKeys=1).get("Versions"))


def _only(usage: Usage, function: str) -> Usage:
    return Usage([each for each in usage.invocations if each.function == function], usage.log_bytes, usage.metrics)


def _without_rounds(usage: Usage) -> Usage:
    kept = [each for each in usage.invocations if each.function not in _ROUNDS]
    return Usage(kept, usage.log_bytes, usage.metrics)


def _work(usage: Usage, function: str) -> float:
    return sum(each.work_seconds for each in usage.invocations if each.function == function)


def _start_seconds(function: Function) -> float:
    """Of the processor, in a process of its own."""
    environment = {**os.environ, **function.environment, "AWS_DEFAULT_REGION": "us-east-1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", _START, *step_of(function.folder.name)], cwd=function.folder, env=environment, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
