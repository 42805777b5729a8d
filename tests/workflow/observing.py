"""What the workflow tests ask of a stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local_stack.stack import LocalStack, Upload

INVOICE = Path("samples/documents/peppol_ubl_belgium.xml").read_bytes()
ANOTHER = Path("samples/documents/cii_germany.xml").read_bytes()


def captured(stack: LocalStack, content: bytes = INVOICE, key: str = "incoming/invoice.xml") -> str:
    """Drop a document; the id of its job once it has ended."""
    return finished(stack, stack.upload(key, content))


def finished(stack: LocalStack, upload: Upload) -> str:
    return stack.wait_for(upload, give_up_after=400 * 3600)


def states(stack: LocalStack, job_id: str) -> list[str]:
    """The names of the states that the job's first execution entered."""
    return states_of(stack, stack.executions(job_id)[0])


def states_of(stack: LocalStack, execution: str) -> list[str]:
    events = stack.history(execution)
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def status_of(stack: LocalStack, execution: str) -> str:
    return str(stack.states.describe_execution(executionArn=execution)["status"])


def announced(stack: LocalStack, job_id: str) -> list[str]:
    return [str(notification.message["event"]) for notification in stack.notifications(job_id)]


def message(message_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """An SQS record as Lambda passes it on."""
    return {
        "messageId": message_id,
        "receiptHandle": message_id,
        "body": json.dumps(body),
        "attributes": {},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:uploads",
        "awsRegion": "us-east-1",
    }
