"""Lambda refuses what would be one invocation too many, and each kind of invocation bears it in its own way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_stack.hostility import Delivery, Fault
from tests.unit.local_stack.conftest import Machine, MiniStack
from tests.unit.local_stack.test_runtime import QUEUED, deliveries, invoke_later, messages_in, send
from tests.waiting import wait_until

Start = Callable[..., MiniStack]
HOLDS = {
    "work/app.py": """
        import threading
        events, may_go_on = [], threading.Event()
        def handler(event, context):
            if "Records" not in event and "n" not in event:
                return None  # a tick
            events.append((event, context))
            if event.get("hold"):
                may_go_on.wait(600)
    """
}


def holding(start: Start, reserved: str = "") -> tuple[MiniStack, dict[str, Any]]:
    """A stack with a function that keeps what it was given, and holds an event until it may go on."""
    text = QUEUED.replace("          Timeout: 30\n", f"          Timeout: 30\n{reserved}")
    stack = start(text, HOLDS)
    return stack, stack.runtime._container(stack.resources.function("Work")).handler.__globals__


def call(stack: MiniStack, **event: Any) -> None:
    functions = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    functions.invoke(FunctionName=stack.resources.ids["Work"], Payload=json.dumps(event).encode())


@pytest.mark.parametrize("limit", ["account", "reserved"])
def test_a_call_over_the_limit_is_answered_429(start: Start, limit: str) -> None:
    stack, inside = holding(start, "          ReservedConcurrentExecutions: 1\n" if limit == "reserved" else "")
    stack.faults.concurrency = 1 if limit == "account" else None
    invoke_later(stack, {"n": 1, "hold": True})
    wait_until(lambda: inside["events"])
    with pytest.raises(ClientError) as refused:
        call(stack, n=2)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    inside["may_go_on"].set()
    wait_until(lambda: stack.clock.at_work == 0)
    call(stack, n=3)
    assert [event["n"] for event, _ in inside["events"]] == [1, 3]
    assert stack.faults.injected["lambda throttles Work"] == 1


def test_an_asynchronous_event_over_the_limit_comes_back_later_and_then_to_its_destination(start: Start) -> None:
    stack, inside = holding(start)
    stack.faults.concurrency = 0
    invoke_later(stack, {"n": 1})
    wait_until(lambda: stack.faults.injected["lambda throttles Work"] == 1 and stack.clock.at_work == 0)
    for refusals, seconds in ((2, 1), (3, 2), (4, 4)):
        stack.clock.advance(seconds)
        wait_until(lambda refusals=refusals: stack.faults.injected["lambda throttles Work"] >= refusals)
    stack.faults.concurrency = None
    stack.clock.advance(8)
    wait_until(lambda: len(inside["events"]) == 1)

    stack.faults.concurrency = 0
    invoke_later(stack, {"n": 2})

    def given_up() -> bool:
        wait_until(lambda: stack.clock.at_work == 0)
        stack.clock.advance(301)
        return stack.resources.function("Work").on_failure_arn in stack.arrivals

    wait_until(given_up)
    records = [json.loads(body) for body in messages_in(stack, "Lost")]
    [record] = [record for record in records if record["requestPayload"] == {"n": 2}]
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responsePayload" not in record


def test_messages_stay_in_the_queue_and_their_receives_count(start: Start) -> None:
    stack, inside = holding(start)
    stack.faults.concurrency = 0
    send(stack, "one")
    wait_until(lambda: stack.faults.injected["lambda throttles Work"] >= 1 and stack.clock.at_work == 0)
    stack.faults.concurrency = None
    stack.clock.advance(361)
    wait_until(lambda: deliveries(inside["events"], "one") == 1)
    [record] = inside["events"][-1][0]["Records"]
    assert record["attributes"]["ApproximateReceiveCount"] == "2"


def test_a_state_machine_sees_throttling_as_an_error_of_its_own(machine: Callable[..., Machine]) -> None:
    made = machine("""
        First:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: "${FunctionArn}", Payload: {}}
          End: true
    """)
    made.stack.faults.concurrency = 0
    assert made.run()["error"] == "Lambda.TooManyRequestsException"


def test_an_event_may_come_twice_from_the_queue_of_lambda(start: Start) -> None:
    stack, inside = holding(start)
    stack.faults.add(Delivery(on="lambda:event", copies=2))
    invoke_later(stack, {"n": 1})
    wait_until(lambda: len(inside["events"]) == 2)


def test_an_outage_of_the_queue_ends_and_what_could_not_be_deleted_comes_again(start: Start) -> None:
    stack, inside = holding(start)
    stack.faults.add(
        Fault(on="sqs:ReceiveMessage", error="ServiceUnavailable", times=10),
        Fault(on="sqs:DeleteMessage", error="ServiceUnavailable", times=10),
    )
    send(stack, "one")

    def delivered(times: int) -> bool:
        wait_until(lambda: stack.clock.at_work == 0)
        if deliveries(inside["events"], "one") < times:
            stack.clock.advance(370 if times > 1 else 6)
        return deliveries(inside["events"], "one") >= times

    wait_until(lambda: delivered(1))
    wait_until(lambda: delivered(2))
