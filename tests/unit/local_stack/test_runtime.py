"""Functions are invoked as Lambda does: from uploads, queues and schedules, at once and later."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import boto3
import pytest

from tests.unit.local_stack.conftest import MiniStack
from tests.unit.local_stack.test_template import HEAD
from tests.waiting import wait_until

Start = Callable[..., MiniStack]

QUEUED = (
    HEAD
    + """
    Resources:
      Bucket:
        Type: AWS::S3::Bucket
        Properties:
          VersioningConfiguration: {Status: Enabled}
          NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
      Rule:
        Type: AWS::Events::Rule
        Properties:
          EventPattern:
            source: [aws.s3]
            detail-type: [Object Created]
            detail: {bucket: {name: [!Ref Bucket]}, object: {key: [{prefix: incoming/}]}}
          Targets: [{Id: Queue, Arn: !GetAtt Queue.Arn}]
      Queue:
        Type: AWS::SQS::Queue
        Properties:
          VisibilityTimeout: 360
          RedrivePolicy: {deadLetterTargetArn: !GetAtt Lost.Arn, maxReceiveCount: 3}
      Lost: {Type: AWS::SQS::Queue}
      Work:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: work
          Handler: app.handler
          Runtime: python3.13
          Timeout: 30
          EventInvokeConfig:
            MaximumRetryAttempts: 1
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Lost.Arn}}
          Events:
            Batch:
              Type: SQS
              Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures]}
            Tick: {Type: Schedule, Properties: {Schedule: rate(5 minutes)}}
"""
)
REMEMBERS = {
    "work/app.py": """
        events = []
        def handler(event, context):
            events.append((event, context))
            return answer(event)
        def answer(event):
            return None
    """
}


def started(start: Start, time_scale: float = 1.0, source: str = "") -> tuple[MiniStack, list[Any]]:
    """A stack, and the events its function got with their contexts."""
    files = {"work/app.py": REMEMBERS["work/app.py"] + source}
    stack = start(QUEUED, files, time_scale=time_scale)
    container = stack.runtime._container(stack.resources.function("Work"))
    return stack, container.handler.__globals__["events"]


def messages_in(stack: MiniStack, logical_id: str) -> list[str]:
    received = boto3.client("sqs").receive_message(QueueUrl=stack.resources.ids[logical_id], MaxNumberOfMessages=10)
    return [message["Body"] for message in received.get("Messages", [])]


# --- uploads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["incoming/a b+c.pdf", "incoming/100%25.pdf", "incoming/../ü\"'\\🧾.pdf", "incoming/new\nline.pdf"]
)
def test_an_upload_arrives_with_its_key_as_it_is(start: Start, key: str) -> None:
    stack, events = started(start)
    stored = boto3.client("s3").put_object(Bucket=stack.resources.ids["Bucket"], Key=key, Body=b"hello")
    wait_until(lambda: events)
    [record] = events[0][0]["Records"]
    assert record["eventSource"] == "aws:sqs"
    event = json.loads(record["body"])
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["detail"]["reason"] == "PutObject"
    described = event["detail"]["object"]
    assert described.pop("sequencer")
    assert described == {
        "key": key,
        "size": 5,
        "etag": "5d41402abc4b2a76b9719d911017c592",
        "version-id": stored["VersionId"],
    }


def test_other_prefixes_reach_nobody(start: Start) -> None:
    stack, events = started(start)
    for key in ("elsewhere/a.pdf", "incoming/b.pdf"):
        boto3.client("s3").put_object(Bucket=stack.resources.ids["Bucket"], Key=key, Body=b"x")
    wait_until(lambda: events and stack.clock.at_work == 0)
    assert [json.loads(record["body"])["detail"]["object"]["key"] for record in events[0][0]["Records"]] == [
        "incoming/b.pdf"
    ]


# --- queues -----------------------------------------------------------------------------------------------------------

FAILS_SOME = """
        def answer(event):
            failed = [record["messageId"] for record in event.get("Records", ()) if record["body"].startswith("bad")]
            return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
"""


def send(stack: MiniStack, *bodies: str) -> None:
    sqs = boto3.client("sqs")
    for body in bodies:
        sqs.send_message(QueueUrl=stack.resources.ids["Queue"], MessageBody=body)


def deliveries(events: list[Any], body: str) -> int:
    return sum(record["body"] == body for event, _ in list(events) if "Records" in event for record in event["Records"])


def test_a_message_that_fails_comes_again_after_the_visibility_timeout_then_to_the_dead_letters(start: Start) -> None:
    stack, events = started(start, source=FAILS_SOME)
    send(stack, "good", "bad")
    wait_until(lambda: deliveries(events, "bad") == 1 and stack.clock.at_work == 0)
    stack.clock.advance(350)
    wait_until(lambda: stack.clock.at_work == 0)
    assert deliveries(events, "bad") == 1, "it is still hidden"
    for delivery in (2, 3):
        stack.clock.advance(361)
        wait_until(lambda delivery=delivery: deliveries(events, "bad") == delivery and stack.clock.at_work == 0)
    stack.clock.advance(361)
    wait_until(lambda: stack.resources.function("Work").on_failure_arn in stack.arrivals)
    assert messages_in(stack, "Lost") == ["bad"]
    assert (deliveries(events, "good"), deliveries(events, "bad")) == (1, 3)


HIDES = """
        import boto3
        def answer(event):
            [record] = event["Records"]
            boto3.client("sqs").change_message_visibility(
                QueueUrl=record["body"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=7200
            )
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
"""


def test_a_message_comes_again_when_its_function_said(start: Start) -> None:
    allowed = "{Statement: [{Effect: Allow, Action: sqs:ChangeMessageVisibility, Resource: !GetAtt Queue.Arn}]}"
    template = QUEUED.replace("Timeout: 30", f"Timeout: 30\n          Policies: [{allowed}]")
    stack = start(template, {"work/app.py": REMEMBERS["work/app.py"] + HIDES})
    events = stack.runtime._container(stack.resources.function("Work")).handler.__globals__["events"]
    url = stack.resources.ids["Queue"]
    send(stack, url)
    wait_until(lambda: deliveries(events, url) == 1 and stack.clock.at_work == 0)
    stack.clock.advance(7000)
    wait_until(lambda: stack.clock.at_work == 0)
    assert deliveries(events, url) == 1
    stack.clock.advance(300)
    wait_until(lambda: deliveries(events, url) == 2)


def test_a_message_with_a_delay_comes_when_it_has_passed_on_the_clock_of_the_stack(start: Start) -> None:
    stack, events = started(start)
    boto3.client("sqs").send_message(QueueUrl=stack.resources.ids["Queue"], MessageBody="later", DelaySeconds=600)
    send(stack, "now")
    wait_until(lambda: deliveries(events, "now") == 1 and stack.clock.at_work == 0)
    stack.clock.advance(590)
    assert deliveries(events, "later") == 0
    stack.clock.advance(11)
    wait_until(lambda: deliveries(events, "later") == 1)


def test_no_more_batches_at_a_time_than_there_are_cores_and_waiting_for_one_is_no_work(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_stack.runtime.MOST_BATCHES", 2)
    sleeps = """
        import threading
        inside, most, lock = [], [], threading.Lock()
        def answer(event):
            if "Records" not in event:
                return
            with lock:
                inside.append(event)
                most.append(len(inside))
            events[-1][1].clock.sleep(20)
            with lock:
                inside.remove(event)
    """
    stack, events = started(start, time_scale=200, source=sleeps)
    most = stack.runtime._container(stack.resources.function("Work")).handler.__globals__["most"]
    for number in range(30):
        send(stack, str(number))
    wait_until(lambda: sum(deliveries(events, str(number)) for number in range(30)) == 30)
    assert max(most) == 2


@pytest.mark.parametrize(
    "answer",
    [
        'raise ValueError("all of it")',
        'return {"batchItemFailures": [{"itemIdentifier": "nobody knows this one"}]}',
    ],
)
def test_a_failed_function_and_a_strange_answer_bring_the_whole_batch_again(start: Start, answer: str) -> None:
    stack, events = started(start, source=f"\n        def answer(event):\n            {answer}\n")
    send(stack, "one")
    wait_until(lambda: deliveries(events, "one") == 1 and stack.clock.at_work == 0)
    stack.clock.advance(361)
    wait_until(lambda: deliveries(events, "one") == 2)
    assert deliveries(events, "one") == 2


def test_many_messages_come_once_each_in_batches(start: Start) -> None:
    stack, events = started(start)
    bodies = [f"message {number}" for number in range(40)]
    threads = [threading.Thread(target=send, args=(stack, body)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: sum(len(event["Records"]) for event, _ in list(events)) == 40 and stack.clock.at_work == 0)
    assert sorted(record["body"] for event, _ in events for record in event["Records"]) == sorted(bodies)
    assert max(len(event["Records"]) for event, _ in events) <= 5


# --- asynchronous invocations and schedules ---------------------------------------------------------------------------

FAILS = """
        def answer(event):
            raise RuntimeError("no")
"""


def invoke_later(stack: MiniStack, payload: dict[str, Any]) -> None:
    answer = boto3.client("lambda").invoke(
        FunctionName=stack.resources.ids["Work"], InvocationType="Event", Payload=json.dumps(payload)
    )
    assert answer["StatusCode"] == 202


def test_an_asynchronous_event_is_accepted_and_run(start: Start) -> None:
    stack, events = started(start)
    invoke_later(stack, {"n": 1})
    wait_until(lambda: events)
    event, context = events[0]
    assert event == {"n": 1}
    assert 0 < context.get_remaining_time_in_millis() <= 30_000
    assert context.function_name == stack.resources.ids["Work"]


def test_a_failed_asynchronous_event_is_repeated_and_then_told_to_its_destination(start: Start) -> None:
    stack, events = started(start, source=FAILS)
    invoke_later(stack, {"n": 1})
    wait_until(lambda: len(events) == 1 and stack.clock.at_work == 0)
    assert messages_in(stack, "Lost") == []
    stack.clock.advance(61)
    wait_until(lambda: len(events) == 2 and stack.clock.at_work == 0)
    [body] = messages_in(stack, "Lost")
    record = json.loads(body)
    assert record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["errorType"] == "RuntimeError"


def test_an_error_is_answered_as_lambda_does(start: Start) -> None:
    stack, _ = started(start, source=FAILS)
    answer = boto3.client("lambda").invoke(FunctionName=stack.resources.ids["Work"], Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    error = json.load(answer["Payload"])
    assert (error["errorType"], error["errorMessage"]) == ("RuntimeError", "no")
    assert isinstance(error["stackTrace"], list)


def test_a_schedule_ticks_in_stack_time(start: Start) -> None:
    stack, events = started(start)
    for count in (1, 2, 3):
        stack.clock.advance(301)
        wait_until(lambda count=count: len(events) == count and stack.clock.at_work == 0)
    assert {event["detail-type"] for event, _ in events} == {"Scheduled Event"}


def test_a_stopped_runtime_runs_nothing_more(start: Start) -> None:
    stack, events = started(start)
    stack.runtime.stop()
    invoke_later(stack, {})
    answer, failed = stack.runtime.invoke(stack.resources.ids["Work"], b"{}")
    assert (json.loads(answer)["errorType"], failed, events) == ("Stopped", True, [])


# --- one table, many threads ------------------------------------------------------------------------------------------


def test_conditional_writes_from_many_threads_let_one_through(machine: Callable[..., Any]) -> None:
    made = machine("First: {Type: Succeed}")
    table, dynamodb, won = made.stack.resources.ids["Table"], boto3.client("dynamodb"), []

    def claim(number: int) -> None:
        with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.put_item(
                TableName=table,
                Item={"PK": {"S": "one"}, "SK": {"S": "one"}, "owner": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(PK)",
            )
            won.append(number)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    item = dynamodb.get_item(TableName=table, Key={"PK": {"S": "one"}, "SK": {"S": "one"}})["Item"]
    assert item["owner"] == {"N": str(won[0])}
