"""Functions end: at their limits, at a chosen point, and nothing that they do afterwards counts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from local_stack.clock import ScaledClock
from local_stack.hostility import Fault
from local_stack.hostility.invocations import Ended, FunctionClock, Invocation
from tests.unit.local_stack.conftest import Machine, MiniStack
from tests.waiting import wait_until

Make = Callable[..., Machine]

INVOKES = """
First:
  Type: Task
  Resource: arn:aws:states:::lambda:invoke
  Arguments: {FunctionName: "${FunctionArn}", Payload: {table: "${TableName}"}}
  End: true
"""
WRITES = """
    import boto3
    seen = []
    def handler(event, context):
        dynamodb = boto3.client("dynamodb")
        for number in ("1", "2"):
            dynamodb.put_item(TableName=event["table"], Item={"PK": {"S": number}, "SK": {"S": "-"}})
            seen.append(number)
        return "done"
"""


def rows(stack: MiniStack) -> int:
    return int(boto3.client("dynamodb").scan(TableName=stack.resources.ids["Table"])["Count"])


def failed_as(made: Machine, name: str = "run") -> tuple[str, str]:
    described = made.run(name=name)
    return described["error"], described["cause"]


# --- at a chosen point ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "after", "written"), [("before", 0, 0), ("after", 0, 1), ("before", 1, 1), ("after", 1, 2)]
)
def test_a_function_ends_before_or_after_its_nth_call(machine: Make, when: Any, after: int, written: int) -> None:
    made = machine(INVOKES, WRITES)
    fault = Fault(on="dynamodb:PutItem", by="Work", ends="Sandbox.Timedout", when=when, after=after)
    made.stack.faults.add(fault)
    error, cause = failed_as(made)
    assert (error, rows(made.stack)) == ("Sandbox.Timedout", written)
    assert json.loads(cause)["errorMessage"].endswith("Task timed out after 30.00 seconds")
    assert dict(made.stack.faults.injected) == {f"dynamodb:PutItem {when}: Sandbox.Timedout": 1}
    made.run(name="again")
    assert rows(made.stack) == 2, "it strikes once"


@pytest.mark.parametrize(("ends", "error"), [("Runtime.ExitError", "Runtime.ExitError"), ("Lambda.Unknown",) * 2])
def test_the_ends_have_the_names_that_step_functions_reports(machine: Make, ends: Any, error: str) -> None:
    made = machine(INVOKES, WRITES)
    made.stack.faults.add(Fault(on="lambda:Handler", ends=ends, when="after"))
    assert failed_as(made)[0] == error
    assert rows(made.stack) == 2, "all was done, but nobody was told"


def test_a_handler_that_exits_is_gone(machine: Make) -> None:
    assert failed_as(machine(INVOKES, "def handler(event, context): raise SystemExit(1)"))[0] == "Runtime.ExitError"


def test_no_handler_of_exceptions_survives_the_end_and_what_it_tries_is_void(machine: Make) -> None:
    made = machine(
        INVOKES,
        """
        import boto3
        from concurrent.futures import ThreadPoolExecutor
        tried = []
        def handler(event, context):
            dynamodb = boto3.client("dynamodb")
            def put(name):
                dynamodb.put_item(TableName=event["table"], Item={"PK": {"S": name}, "SK": {"S": "-"}})
            for name in ("first", "second"):
                try:
                    put(name)
                except BaseException as error:
                    tried.append(type(error).__name__)
            try:
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(put, "on a thread").result()
            finally:
                tried.append("finally")
        """,
    )
    container = made.stack.runtime._container(made.stack.resources.function("Work"))
    made.stack.faults.add(Fault(on="dynamodb:PutItem", ends="Sandbox.Timedout"))
    assert failed_as(made)[0] == "Sandbox.Timedout"
    tried = container.handler.__globals__["tried"]
    wait_until(lambda: tried[-1:] == ["finally"])
    assert (tried, rows(made.stack)) == (["Ended", "Ended", "finally"], 0)


def test_what_comes_after_an_end_gets_a_fresh_container(machine: Make) -> None:
    made = machine(INVOKES, WRITES)
    before = made.stack.runtime._container(made.stack.resources.function("Work"))
    made.run(name="fine")
    assert made.stack.runtime._container(made.stack.resources.function("Work")) is before
    made.stack.faults.add(Fault(on="lambda:Handler", ends="Runtime.ExitError"))
    made.run(name="ends")
    assert made.stack.runtime._container(made.stack.resources.function("Work")) is not before


def test_http_requests_are_points_to_end_at_as_well(machine: Make) -> None:
    made = machine(
        INVOKES,
        """
        import requests
        def handler(event, context):
            return requests.get("http://127.0.0.1:9/documents", timeout=1).text
        """,
    )
    made.stack.faults.add(Fault(on="http:GET */documents", by="Work", ends="Sandbox.Timedout"))
    assert failed_as(made)[0] == "Sandbox.Timedout"
    made.stack.faults.add(Fault(on="http:*", unreachable=True))
    assert failed_as(made, "again")[0] == "ConnectionError"


# --- at the time limit ------------------------------------------------------------------------------------------------


def test_who_works_longer_than_the_limit_is_ended_while_it_works(machine: Make) -> None:
    made = machine(
        INVOKES,
        """
        import threading, time, boto3
        may_go_on, went_on = threading.Event(), []
        def handler(event, context):
            may_go_on.wait(600)
            try:
                boto3.client("dynamodb").put_item(TableName=event["table"], Item={"PK": {"S": "1"}, "SK": {"S": "-"}})
            finally:
                went_on.append(True)
        """,
    )
    inside = made.stack.runtime._container(made.stack.resources.function("Work")).handler.__globals__
    # It waits far longer than its limit for something outside of the stack.
    error, _ = failed_as(made)
    assert (error, inside["went_on"]) == ("Sandbox.Timedout", []), "nobody waits for what cannot be stopped"
    inside["may_go_on"].set()
    wait_until(lambda: inside["went_on"])
    assert rows(made.stack) == 0


def test_a_jump_of_the_clock_is_no_time_to_work_in(machine: Make) -> None:
    made = machine(
        INVOKES,
        """
        import threading
        begun, may_go_on, left = threading.Event(), threading.Event(), []
        def handler(event, context):
            begun.set()
            may_go_on.wait(600)
            left.append(context.get_remaining_time_in_millis())
            return "done"
        """,
    )
    inside = made.stack.runtime._container(made.stack.resources.function("Work")).handler.__globals__
    arn = made.begin()
    assert inside["begun"].wait(10)
    made.stack.clock.advance(3600)
    inside["may_go_on"].set()
    made.wait_for_end(arn)
    assert made.states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
    assert 0 < inside["left"][0] <= 30_000


def test_who_sleeps_is_woken_by_its_end_and_the_books_of_work_stay_balanced() -> None:
    clock = ScaledClock(1e4)
    invocation, slept = Invocation(3), []

    def sleep() -> None:
        from local_stack import callers

        with callers.acting_as(callers.Caller("Work", None, invocation)):
            try:
                FunctionClock(clock).sleep(10**9)
            except Ended:
                slept.append("ended")

    with clock.work():
        thread = threading.Thread(target=sleep)
        thread.start()
        wait_until(lambda: invocation._waits)
        invocation.end("Sandbox.Timedout", clock.begin_work)
        thread.join(10)
        assert (slept, invocation.outcome()[1], clock.at_work) == (["ended"], True, 2)
        clock.end_work()
    assert clock.at_work == 0
    clock.close()


def test_an_outcome_is_settled_once() -> None:
    invocation = Invocation(3)
    invocation.answer({"n": 1}, failed=False)
    assert not invocation.end("Sandbox.Timedout")
    invocation.answer({"n": 2}, failed=False)
    assert invocation.outcome() == (b'{"n": 1}', False)
