"""The events of the functions, parsed once at the edge into what the use cases take.

Each use case is imported with its first event, so that a function only loads its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from invoice_capture.use_cases.steps.authorize_request import AuthorizationRequest
    from invoice_capture.use_cases.steps.check_submissions import Turn
    from invoice_capture.use_cases.steps.deliver_messages import Queued
    from invoice_capture.use_cases.steps.erase_job import EraseRequest
    from invoice_capture.use_cases.steps.extract_document import ExtractRequest
    from invoice_capture.use_cases.steps.receive_upload import Upload
    from invoice_capture.use_cases.steps.record_changes import ItemChange
    from invoice_capture.use_cases.steps.store_invoice import StoreRequest
    from invoice_capture.use_cases.steps.submit_document import SubmitRequest

from invoice_capture.domain.document import DocumentPointer

_NEVER = datetime.max.replace(tzinfo=UTC)


def upload(message: Mapping[str, Any]) -> Upload:
    """An SQS message whose body is S3's "Object Created" event from EventBridge, where keys are not URL-encoded."""
    from invoice_capture.use_cases.steps.receive_upload import Upload

    detail = json.loads(message["body"])["detail"]
    return Upload(
        bucket=detail["bucket"]["name"],
        key=detail["object"]["key"],
        version_id=detail["object"].get("version-id"),
    )


def submit_request(event: dict[str, Any]) -> SubmitRequest:
    """What the state Submit Document passes."""
    from invoice_capture.use_cases.steps.submit_document import SubmitRequest

    return SubmitRequest(
        job_id=event["job_id"],
        document=DocumentPointer.from_json(event["document"]),
        provider=event["provider"],
        submission=event["submission"],
        task_token=event["task_token"],
        deadline_at=datetime.fromisoformat(event["deadline_at"]),
        # Executions that 0.1.0 started pass it under its former name.
        skip_if_unavailable=event["skip_if_unavailable"] if "skip_if_unavailable" in event else event["moves_on"],
    )


def turn(event: dict[str, Any]) -> Turn:
    """What the state Check Submissions passes."""
    from invoice_capture.use_cases.steps.check_submissions import Turn

    return Turn(provider=event["provider"], owner=event["owner"], number=event["turn"], released=event["released"])


def store_request(event: dict[str, Any]) -> StoreRequest:
    """What the state Store Invoice passes; ``captured`` is what the task token was resolved with."""
    from invoice_capture.use_cases.steps.store_invoice import StoreRequest

    captured = event["captured"]
    return StoreRequest(
        job_id=event["job_id"],
        document=DocumentPointer.from_json(event["document"]),
        provider=captured["provider"],
        submission=captured["submission"],
        result_key=captured["result_key"],
    )


def extract_request(message: Mapping[str, Any], seconds_left: float) -> ExtractRequest:
    """An SQS message that the embedded provider sent, or Extract Document itself."""
    from invoice_capture.use_cases.steps.extract_document import ExtractRequest

    body = json.loads(message["body"])
    return ExtractRequest(
        job_id=body["job_id"],
        submission=body["submission"],
        provider=body["provider"],
        document=DocumentPointer.from_json(body["document"]),
        task_token=body["task_token"],
        # Calls of earlier versions that were given up said nothing of it; whether somebody waits is looked at.
        deadline_at=datetime.fromisoformat(body["deadline_at"]) if "deadline_at" in body else _NEVER,
        seconds_left=seconds_left,
        deliveries=int(message["attributes"]["ApproximateReceiveCount"]),
        put_backs=body.get("put_backs", 0),
        message=body,
    )


def queued_message(record: Mapping[str, Any]) -> Queued:
    """An SQS message: what the topic said, as it said it, or a delivery of that."""
    from invoice_capture.domain.webhook import Delivery
    from invoice_capture.use_cases.steps.deliver_messages import Queued

    body = json.loads(record["body"])
    return Queued(Delivery.from_json(body) if "to" in body else body, record["receiptHandle"])


def authorization_request(event: Mapping[str, Any]) -> AuthorizationRequest:
    """What API Gateway asks a request authorizer; the headers are null when a request has none."""
    from invoice_capture.use_cases.steps.authorize_request import AuthorizationRequest

    return AuthorizationRequest(headers=event["headers"] or {}, method_arn=event["methodArn"])


def erase_request(event: dict[str, Any]) -> EraseRequest:
    """What withdrawing a job queues."""
    from invoice_capture.use_cases.steps.erase_job import EraseRequest

    return EraseRequest(job_id=event["job_id"], was_open=event["was_open"])


def item_changes(event: Mapping[str, Any]) -> list[ItemChange]:
    """What the stream of the table tells of items of jobs."""
    from invoice_capture.aws.stream_records import changes_in
    from invoice_capture.use_cases.steps.record_changes import ItemChange

    return [ItemChange(**change) for change in changes_in(event)]
