"""What the stack tells of documents and jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from invoice_capture.aws.invoice_items import unpacked


@dataclass(frozen=True)
class Upload:
    """A document that was dropped. ``dropped_at`` is a ``time.monotonic`` value."""

    key: str
    version_id: str
    dropped_at: float


@dataclass(frozen=True)
class Notification:
    subject: str
    message: Mapping[str, Any]
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """A job's items as plain values. ``invoice`` is the canonical invoice with all its lines, or None."""

    job: dict[str, Any]
    submissions: list[dict[str, Any]]
    invoice: dict[str, Any] | None
    findings: list[dict[str, Any]]


def record_of(items: Mapping[str, dict[str, Any]]) -> Record:
    """What the items of a job's partition say, by their sort keys."""
    submissions = [item for name, item in sorted(items.items()) if name.startswith("SUBMISSION#")]
    head = items.get("INVOICE")
    if head is None:
        return Record(items.get("JOB", {}), submissions, None, [])
    invoice = unpacked(head["invoice"])
    for name, item in sorted(items.items()):
        if name.startswith("INVOICE#LINES#"):
            invoice["lines"] += unpacked(item["lines"])
    return Record(items.get("JOB", {}), submissions, invoice, json.loads(head["findings"]))


@dataclass
class Executions:
    """The executions of one job."""

    arns: list[str] = field(default_factory=list)
    running: int = 0
    ended_at: float | None = None


def empty(table: str) -> None:
    """Delete every item of a table."""
    dynamodb = boto3.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ProjectionExpression="PK, SK"):
        for key in page["Items"]:
            dynamodb.delete_item(TableName=table, Key=key)
