"""Webhooks and events in the whole stack: signed, tried for a day, put aside, and nobody waits for another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from jsonschema import Draft202012Validator

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.table import Table
from invoice_capture.aws.webhook_store import DynamoDBWebhookStore, SecretEndpoints
from invoice_capture.domain.document import client_key
from invoice_capture.domain.webhook import EVERYTHING, Endpoint, Webhook, compose_key
from local_stack.hostility import Fault
from local_stack.stack import LocalStack
from tests.fakes.receiver import Received, Receiver, ids, receiving, redirect_to_metadata, reset, slow_body
from tests.verifying import verified
from tests.waiting import wait_until
from tests.workflow.conftest import Stacks
from tests.workflow.observing import finished
from tools.schemas import FOLDER

XML = Path("samples/documents/peppol_ubl_belgium.xml").read_bytes()
KEY = compose_key(bytes(32))
DAY_SECONDS = 24 * 3600


def a_stack(stacks: Stacks, hooks: dict[str, Receiver], bus: str = "", time_scale: float = 20_000) -> LocalStack:
    """A stack with these webhooks. Receivers on this machine are trusted, as documents on it would be."""
    stack = stacks.get(
        time_scale=time_scale,
        parameters={"Webhooks": "true", "EventBusName": bus},
        trusted_origins=tuple(sorted({receiver.origin for receiver in hooks.values()})),
    )
    prefix = stack.resources.function("DeliverMessagesFunction").environment["WEBHOOK_SECRET_PREFIX"]
    for name, receiver in hooks.items():
        endpoint = Endpoint(f"{receiver.origin}/hook?token=s3cret", KEY)
        version = SecretEndpoints(Clients(), prefix, stack.clock).put(name, endpoint)
        webhook = Webhook(name, receiver.origin, version, stack.clock.now())
        DynamoDBWebhookStore(Table(Clients(), stack.table)).put(webhook)
    return stack


def given_up(stack: LocalStack) -> list[dict[str, Any]]:
    url = stack.resources.ids["DeliveryDeadLetterQueue"]
    found = stack.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def sent_at(request: Received) -> int:
    return int(request.headers["webhook-timestamp"])


def told(requests: Sequence[Received]) -> list[Any]:
    """What requests say that were verified, and fit the schema."""
    said = [
        verified(KEY, request.body, request.headers, datetime.fromtimestamp(sent_at(request), UTC))
        for request in requests
    ]
    for body in said:
        schema("webhook").validate(body)
    return said


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def test_a_captured_invoice_is_told_until_its_receiver_takes_it(stacks: Stacks) -> None:
    with receiving(500, reset, redirect_to_metadata, 404, slow_body) as receiver:
        stack = a_stack(stacks, {EVERYTHING: receiver}, time_scale=200)
        job_id = finished(stack, stack.upload("incoming/a.xml", XML))
        wait_until(lambda: len(receiver.received) == 5, "The fifth attempt")
        [notice] = stack.notifications(job_id)
        body = {"type": "invoice.captured", "timestamp": notice.message["ended_at"], "data": notice.message}
        assert told(receiver.received) == [body] * 5
        assert len(set(ids(receiver.received))) == 1
        # 5 seconds, and then three times as long as has passed: 5, 20, 80, 320, and what the attempts take.
        assert 300 < sent_at(receiver.received[-1]) - sent_at(receiver.received[0]) < 900
        stack.clock.advance(2 * DAY_SECONDS)
        assert given_up(stack) == []
        assert len(receiver.received) == 5


def test_after_a_day_a_message_lies_in_the_dead_letter_queue(stacks: Stacks) -> None:
    with receiving(503) as receiver:
        stack = a_stack(stacks, {EVERYTHING: receiver})
        job_id = finished(stack, stack.upload("incoming/a.xml", XML))
        [letter] = wait_until(lambda: given_up(stack), "The end of the day")
        assert (letter["to"], letter["message"]["job_id"]) == (EVERYTHING, job_id)
        times = [sent_at(request) for request in receiver.received]
        assert DAY_SECONDS - 60 < times[-1] - times[0] < DAY_SECONDS + 3600
        assert 8 <= len(times) <= 16


def test_a_receiver_that_is_down_holds_up_nobody(stacks: Stacks) -> None:
    with receiving(reset) as down, receiving(204) as up:
        stack = a_stack(stacks, {"acme": down, EVERYTHING: up})
        uploads = [stack.upload(f"incoming/{number}.xml", XML + b"\n" * number) for number in range(12)]
        jobs = {finished(stack, upload) for upload in uploads}
        message = {"event": "job.cancelled", "status": "CANCELLED"}
        document = {"bucket": stack.bucket, "key": client_key("acme", "1", "a.xml"), "version_id": None, "size": 0}
        topic = stack.resources.ids["NotificationsTopic"]
        for number in range(12):
            said = json.dumps({**message, "job_id": f"of acme {number}", "document": document})
            boto3.client("sns").publish(TopicArn=topic, Message=said)
        everything = jobs | {f"of acme {number}" for number in range(12)}
        wait_until(lambda: {body["data"]["job_id"] for body in told(up.received)} == everything, "All messages")
        assert len(set(ids(up.received))) == 24
        assert {body["data"]["job_id"] for body in told(down.received)} <= everything - jobs


def test_a_receiver_that_is_gone_is_told_nothing_more(stacks: Stacks) -> None:
    with receiving(410) as receiver:
        stack = a_stack(stacks, {EVERYTHING: receiver})
        finished(stack, stack.upload("incoming/a.xml", XML))
        wait_until(lambda: stack.rows("WEBHOOKS")["WEBHOOK#*"].get("gone_at"), "The end of the webhook")
        finished(stack, stack.upload("incoming/b.xml", XML + b"\n"))
        stack.clock.advance(2 * DAY_SECONDS)
        assert len(receiver.received) == 1
        assert given_up(stack) == []


def test_every_message_is_an_event_on_the_bus_whatever_the_bus_refuses_at_first(stacks: Stacks) -> None:
    stack = a_stack(stacks, {}, bus="default")
    events = boto3.client("events")
    queue = stack.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = stack.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="ours", EventPattern=json.dumps({"source": ["invoice-capture"]}))
    events.put_targets(Rule="ours", Targets=[{"Id": "queue", "Arn": arn}])
    stack.faults.add(Fault("events:PutEvents", error="ThrottlingException", times=8))
    job_id = finished(stack, stack.upload("incoming/a.xml", XML))
    [message] = wait_until(lambda: stack.sqs.receive_message(QueueUrl=queue).get("Messages", []), "The event")
    event = json.loads(message["Body"])
    [notice] = stack.notifications(job_id)
    schema("event").validate(event["detail"])
    assert (event["source"], event["detail-type"]) == ("invoice-capture", "invoice.captured")
    assert event["detail"] == {**notice.message, "message_id": event["detail"]["message_id"]}


def test_without_the_parameters_nobody_listens_to_the_topic_but_the_stack(stacks: Stacks) -> None:
    stack = stacks.get(time_scale=20_000)
    subscriptions = boto3.client("sns").list_subscriptions()["Subscriptions"]
    assert [subscription["Endpoint"].rpartition(":")[2] for subscription in subscriptions] == [
        "local-stack-notifications"
    ]
    assert "DeliverMessagesFunctionMessage" not in stack.resources.ids
