"""A stage on which the sample events can play: what template.yaml describes, on moto, and nothing running in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.core.config import DefaultConfig

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.document_store import S3DocumentStore
from invoice_capture.aws.history_store import ObjectHistoryStore
from invoice_capture.aws.items import from_attributes
from invoice_capture.aws.job_orders import DynamoDBJobOrders
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.key_store import DynamoDBKeyStore
from invoice_capture.aws.provider_state_store import DynamoDBProviderStateStore
from invoice_capture.aws.submission_store import DynamoDBSubmissionStore
from invoice_capture.aws.table import Table
from invoice_capture.aws.webhook_store import DynamoDBWebhookStore
from local_stack import template

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = PROJECT / "template.yaml"
EVENTS = PROJECT / "events"
SAMPLES = PROJECT / "samples" / "documents"
BUCKET = "invoice-capture-documents"
"""The bucket that the sample events name."""

_RETENTION = timedelta(days=400)
_AWAY_FROM_AWS = {
    "AWS_ACCESS_KEY_ID": "stage",
    "AWS_SECRET_ACCESS_KEY": "stage",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def event_of(step: str) -> Any:
    """The sample event of a function."""
    return json.loads((EVENTS / f"{step}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Stage:
    """The resources of one stack, the stores on them, and how to look at what a function did to them."""

    resources: template.Resources

    def environment(self, logical_id: str) -> dict[str, str]:
        """What the template gives a function, and how it reaches this stage's services."""
        return {**self.resources.function(logical_id).environment, **_AWAY_FROM_AWS}

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @cached_property
    def jobs(self) -> DynamoDBJobStore:
        return DynamoDBJobStore(self._table, _RETENTION)

    @cached_property
    def orders(self) -> DynamoDBJobOrders:
        return DynamoDBJobOrders(self._table, _RETENTION)

    @cached_property
    def keys(self) -> DynamoDBKeyStore:
        return DynamoDBKeyStore(self._table)

    @cached_property
    def webhooks(self) -> DynamoDBWebhookStore:
        return DynamoDBWebhookStore(self._table)

    @cached_property
    def submissions(self) -> DynamoDBSubmissionStore:
        return DynamoDBSubmissionStore(self._table, _RETENTION)

    @cached_property
    def states(self) -> DynamoDBProviderStateStore:
        return DynamoDBProviderStateStore(self._table)

    @cached_property
    def documents(self) -> S3DocumentStore:
        return S3DocumentStore(Clients(), BUCKET)

    @cached_property
    def histories(self) -> ObjectHistoryStore:
        return ObjectHistoryStore(Clients(), BUCKET, self._table)

    def item(self, partition: str, sort: str) -> dict[str, Any]:
        """An item of the table as plain values; empty when there is none."""
        key = {"PK": {"S": partition}, "SK": {"S": sort}}
        return from_attributes(self._table.get(key) or {})

    def items(self, sort: str) -> list[dict[str, Any]]:
        """All items of the table with this sort key."""
        pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=self.resources.ids["Table"])
        return [from_attributes(item) for page in pages for item in page["Items"] if item["SK"]["S"] == sort]

    def executions(self, logical_id: str) -> list[str]:
        """The names of the executions of a state machine that were started."""
        arn = self.resources.state_machines[logical_id]
        answer = boto3.client("stepfunctions").list_executions(stateMachineArn=arn)
        return [execution["name"] for execution in answer["executions"]]

    def messages(self, logical_id: str) -> list[str]:
        """The bodies of the messages in a queue."""
        answer = boto3.client("sqs").receive_message(QueueUrl=self.resources.ids[logical_id], MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]

    def lose_table(self) -> None:
        """Take the table away, which no function expects."""
        boto3.client("dynamodb").delete_table(TableName=self.resources.ids["Table"])

    @cached_property
    def _table(self) -> Table:
        return Table(Clients(), self.resources.ids["Table"])


@contextmanager
def new_stage() -> Iterator[Stage]:
    """An empty stage whose bucket holds the sample documents, below ``incoming/``.

    Its state machines only note what was started, and take any task token for an open one. A moto server in this
    process shows the same stage to other processes.
    """
    user = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    without_docker: DefaultConfig = {"lambda": {"use_docker": False}}
    with patch.dict(os.environ, {**user, **_AWAY_FROM_AWS}, clear=True), mock_aws(config=without_docker):
        translation = template.translate(TEMPLATE)
        translation.cloudformation["Resources"]["DocumentsBucket"]["Properties"]["BucketName"] = BUCKET
        stage = Stage(template.create(translation, "invoice-capture", {}))
        s3 = boto3.client("s3")
        for sample in SAMPLES.iterdir():
            s3.put_object(Bucket=BUCKET, Key=f"incoming/{sample.name}", Body=sample.read_bytes())
        yield stage
