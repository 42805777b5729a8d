"""Messages of the dead-letter queues, sent to where they failed.

A message is deleted only after it was sent: whoever interrupts this has some of them twice, which is harmless, and
none lost. Taking in an upload twice is the same job, and a function that is called late finds its work done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from invoice_capture.domain.timestamps import timestamp
from invoice_capture_cli.errors import Unreachable
from invoice_capture_cli.redrive_actions import Action, Result
from invoice_capture_cli.stack import Stack, calling_aws

_INTAKE = "UploadDeadLetterQueueUrl"
_INTAKE_TARGET = "UploadQueueUrl"
_EXTRACTION = "ExtractionDeadLetterQueueUrl"
_EXTRACTION_TARGET = "ExtractionQueueUrl"
DELIVERIES = "DeliveryDeadLetterQueueUrl"
_DELIVERIES_TARGET = "DeliveryQueueUrl"
_QUEUES = "DeadLetterQueueUrl"
# Long enough to send a message again, and to look through a queue.
_HIDDEN_SECONDS = 120
# Asking without any patience may miss messages that are there.
_LONGEST_WAIT_SECONDS = 2


class Messages:
    """One run through all queues."""

    def __init__(self, stack: Stack, *, dry_run: bool) -> None:
        self._stack = stack
        self._dry_run = dry_run
        self._sqs = stack.client("sqs")

    def __call__(self) -> Iterator[Action]:
        """Raises Unreachable."""
        for output in sorted(name for name in self._stack.outputs if name.endswith(_QUEUES)):
            yield from self.of(output)

    def of(self, output: str) -> Iterator[Action]:
        """One queue, by the name of its output."""
        url = self._stack.output(output)
        held: set[str] = set()
        try:
            while messages := self._receive(url):
                held |= {message["ReceiptHandle"] for message in messages}
                for message in messages:
                    action = self._handle(output, message)
                    if action.result is Result.DONE:
                        with calling_aws(self._stack.name):
                            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                        held.remove(message["ReceiptHandle"])
                    yield action
        finally:
            # What stays is to be seen by others at once.
            for handle in held:
                with suppress(Exception):
                    self._sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)

    def _receive(self, url: str) -> list[dict[str, Any]]:
        with calling_aws(self._stack.name):
            answer = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=_LONGEST_WAIT_SECONDS,
            )
        return list(answer.get("Messages", ()))

    def _handle(self, output: str, message: Mapping[str, Any]) -> Action:
        about = str(message["MessageId"])
        if output == _INTAKE:
            kind, what = "upload", f"{_object(message['Body'])} goes to the intake queue again"
            target = {"QueueUrl": self._stack.output(_INTAKE_TARGET), "MessageBody": message["Body"]}
            return self._carry_out(Action(kind, about, Result.PLANNED, what), lambda: self._sqs.send_message(**target))
        if output == _EXTRACTION:
            return self._extract(about, message["Body"])
        if output == DELIVERIES:
            return self._deliver(about, message["Body"])
        call = _call(message["Body"])
        if call is None:
            return Action("call", about, Result.LEFT, f"in {output} is no failed call of a function: look at it")
        function, payload = call
        name = function.split(":function:")[-1].partition(":")[0]
        what = f"{name} is called again{_of_job(payload)}"
        functions = self._stack.client("lambda")
        request = {"FunctionName": function, "InvocationType": "Event", "Payload": json.dumps(payload).encode()}
        return self._carry_out(Action("call", about, Result.PLANNED, what), lambda: functions.invoke(**request))

    def _extract(self, about: str, body: str) -> Action:
        """Its message once more. Up to release 0.1 the queue had Lambda's records of calls with the same content."""
        call = _call(body)
        request = call[1] if call is not None else _json(body)
        if not isinstance(request, Mapping) or "task_token" not in request:
            return Action("document", about, Result.LEFT, f"in {_EXTRACTION} is no document to read: look at it")
        target = {"QueueUrl": self._stack.output(_EXTRACTION_TARGET), "MessageBody": json.dumps(request)}
        what = f"the engine is to read the document again{_of_job(request)}"
        return self._carry_out(
            Action("document", about, Result.PLANNED, what), lambda: self._sqs.send_message(**target)
        )

    def _deliver(self, about: str, body: str) -> Action:
        """For another day. What the topic said, and nobody addressed, goes as it is."""
        request = _json(body)
        told = request.get("message", request) if isinstance(request, Mapping) else None
        if not (isinstance(request, Mapping) and isinstance(told, Mapping) and "event" in told):
            return Action("message", about, Result.LEFT, f"in {DELIVERIES} is no message to deliver: look at it")
        again = {**request, "since": timestamp(datetime.now(UTC))} if "to" in request else request
        target = {"QueueUrl": self._stack.output(_DELIVERIES_TARGET), "MessageBody": json.dumps(again)}
        what = f"{told['event']} is sent again{_of_job(told)}"
        return self._carry_out(Action("message", about, Result.PLANNED, what), lambda: self._sqs.send_message(**target))

    def _carry_out(self, planned: Action, send: Any) -> Action:
        if self._dry_run:
            return planned
        try:
            with calling_aws(self._stack.name):
                send()
        except Unreachable as exc:
            return Action(planned.kind, planned.about, Result.PROBLEM, str(exc))
        return Action(planned.kind, planned.about, Result.DONE, planned.what)


def _object(body: str) -> str:
    """The key of the upload that an event of EventBridge is about."""
    try:
        return str(json.loads(body)["detail"]["object"]["key"])
    except (ValueError, KeyError, TypeError):
        return "a message"


def _call(body: str) -> tuple[str, Any] | None:
    """Function and payload of the record that Lambda leaves of a call it gave up; None for anything else."""
    try:
        record = json.loads(body)
        function, payload = record["requestContext"]["functionArn"], record["requestPayload"]
    except (ValueError, KeyError, TypeError):
        return None
    return (function, payload) if isinstance(function, str) and ":function:" in function else None


def _json(body: str) -> object:
    """None for what is no JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _of_job(payload: object) -> str:
    return f" for job {payload['job_id']}" if isinstance(payload, Mapping) and "job_id" in payload else ""
