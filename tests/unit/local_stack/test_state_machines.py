"""The interpreter, patched, behaves like Step Functions where moto does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.local_stack.conftest import Machine
from tests.waiting import wait_until

Make = Callable[..., Machine]

ECHO = """
First:
  Type: Pass
  Output: {echo: "{% $states.input.text %}", merged: "{% $merge([$states.input, {'more': 1}]) %}"}
  End: true
"""
WAITS_FOR_TOKEN = """
First:
  Type: Task
  Resource: arn:aws:states:::lambda:invoke.waitForTaskToken
  Arguments:
    FunctionName: ${FunctionArn}
    Payload: {token: "{% $states.context.Task.Token %}"}
  TimeoutSeconds: "{% 72 * 3600 %}"
  Output: "{% $states.result %}"
  End: true
  Catch:
    - ErrorEquals: [States.Timeout]
      Output: timed out
      Next: Last
    - ErrorEquals: [CaptureFailed]
      Output: "{% $states.errorOutput %}"
      Next: Last
Last:
  Type: Succeed
"""
KEEPS_TOKEN = """
    tokens = []
    def handler(event, context):
        tokens.append(event["token"])
"""


def output(machine: Machine, execution: str) -> object:
    """From the history, since moto describes an output that is a string without its quotes."""
    last = machine.states.get_execution_history(executionArn=execution)["events"][-1]
    return json.loads(last["executionSucceededEventDetails"]["output"])


def result_of(machine: Machine, data: str = "{}", name: str = "run") -> object:
    return output(machine, machine.run(data, name)["executionArn"])


def token_of(machine: Machine) -> str:
    function = next(iter(machine.stack.resources.functions.values()))
    wait_until(lambda: machine.stack.runtime._containers)
    tokens = machine.stack.runtime._containers[function.name].handler.__globals__["tokens"]
    wait_until(lambda: tokens)
    return str(tokens[-1])


# --- expressions ------------------------------------------------------------------------------------------------------


def test_any_text_passes_through_an_expression_unchanged(machine: Make) -> None:
    made = machine(ECHO)
    names = iter(range(10_000))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.text())
    def check(text: str) -> None:
        result = result_of(made, json.dumps({"text": text}), f"run-{next(names)}")
        assert result == {"echo": text, "merged": {"text": text, "more": 1}}

    check()


def test_null_stays_null_in_an_object_and_as_a_value(machine: Make) -> None:
    assert result_of(machine(ECHO), '{"text": null}') == {"echo": None, "merged": {"text": None, "more": 1}}


def test_an_undefined_result_and_a_failing_function_are_query_evaluation_errors(machine: Make) -> None:
    made = machine("""
        First:
          Type: Pass
          Output: "{% $states.input.kind = 'missing' ? $states.input.nothing : $number('x') %}"
          End: true
    """)
    for kind in ("missing", "wrong"):
        described = made.run(json.dumps({"kind": kind}), name=kind)
        assert (described["status"], described["error"]) == ("FAILED", "States.QueryEvaluationError")


def test_now_follows_the_clock_of_the_stack(machine: Make) -> None:
    made = machine("""
        First:
          Type: Pass
          Output: "{% $now() %}"
          End: true
    """)
    made.stack.clock.advance(10 * 86_400)
    before = made.stack.clock.now() - timedelta(milliseconds=1)  # the text has no more than milliseconds
    assert before <= datetime.fromisoformat(str(result_of(made))) <= made.stack.clock.now()


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_a_wait_of_a_day_passes_in_stack_time(machine: Make) -> None:
    made = machine(
        """
        First:
          Type: Wait
          Seconds: "{% $states.input.seconds %}"
          Next: Last
        Last:
          Type: Succeed
        """,
        time_scale=1e6,
    )
    before = made.stack.clock.elapsed()
    assert made.run('{"seconds": 86400}')["status"] == "SUCCEEDED"
    assert made.stack.clock.elapsed() - before >= 86_400


def test_retries_wait_in_stack_time_and_end(machine: Make) -> None:
    made = machine(
        """
        First:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: "${FunctionArn}", Payload: {}}
          Retry:
            - {ErrorEquals: [Busy], IntervalSeconds: 600, BackoffRate: 2, MaxAttempts: 3, MaxDelaySeconds: 900}
          End: true
        """,
        "class Busy(Exception): pass\ndef handler(event, context): raise Busy('come back')",
        time_scale=1e5,
    )
    before = made.stack.clock.elapsed()
    described = made.run()
    assert (described["status"], described["error"]) == ("FAILED", "Busy")
    assert made.events(described["executionArn"]).count("TaskScheduled") == 4
    assert made.stack.clock.elapsed() - before >= 600 + 900 + 900


# --- task tokens ------------------------------------------------------------------------------------------------------


def test_a_token_brings_its_output(machine: Make) -> None:
    made = machine(WAITS_FOR_TOKEN, KEEPS_TOKEN)
    arn = made.begin()
    made.states.send_task_success(taskToken=token_of(made), output='{"answer": 42}')
    made.wait_for_end(arn)
    assert output(made, arn) == {"answer": 42}


def test_a_failure_brings_error_and_cause(machine: Make) -> None:
    made = machine(WAITS_FOR_TOKEN, KEEPS_TOKEN)
    arn = made.begin()
    made.states.send_task_failure(taskToken=token_of(made), error="CaptureFailed", cause='because "so"')
    made.wait_for_end(arn)
    assert output(made, arn) == {"Error": "CaptureFailed", "Cause": 'because "so"'}


def test_a_token_is_good_for_one_answer(machine: Make) -> None:
    made = machine(WAITS_FOR_TOKEN, KEEPS_TOKEN)
    made.begin()
    token = token_of(made)
    made.states.send_task_success(taskToken=token, output="1")
    with pytest.raises(made.states.exceptions.TaskTimedOut):
        made.states.send_task_success(taskToken=token, output="2")
    with pytest.raises(made.states.exceptions.TaskTimedOut):
        made.states.send_task_failure(taskToken=token, error="Late")
    with pytest.raises(made.states.exceptions.InvalidToken):
        made.states.send_task_success(taskToken="made up", output="3")


def test_a_task_that_waits_times_out_in_stack_time_and_closes_its_token(machine: Make) -> None:
    made = machine(WAITS_FOR_TOKEN, KEEPS_TOKEN)
    arn = made.begin()
    token = token_of(made)
    # The token exists a moment before the execution waits for it, and its time counts from then.
    wait_until(lambda: made.stack.clock.at_work == 0, "The wait for the token")
    made.stack.clock.advance(71 * 3600)
    assert arn not in made.stack.ended
    made.stack.clock.advance(2 * 3600)
    made.wait_for_end(arn)
    assert output(made, arn) == "timed out"
    with pytest.raises(made.states.exceptions.TaskTimedOut):
        made.states.send_task_success(taskToken=token, output="1")


def test_an_aborted_execution_is_over_at_once_and_its_token_closed(machine: Make) -> None:
    made = machine(WAITS_FOR_TOKEN, KEEPS_TOKEN)
    arn = made.begin()
    token = token_of(made)
    made.states.stop_execution(executionArn=arn)
    assert made.states.describe_execution(executionArn=arn)["status"] == "ABORTED"
    made.wait_for_end(arn)
    assert made.states.describe_execution(executionArn=arn)["status"] == "ABORTED"
    assert made.events(arn)[-1] == "ExecutionAborted"
    with pytest.raises(made.states.exceptions.TaskTimedOut):
        made.states.send_task_success(taskToken=token, output="1")


def test_an_aborted_wait_ends_at_once(machine: Make) -> None:
    made = machine("First: {Type: Wait, Seconds: 86400, End: true}")
    arn = made.begin()
    wait_until(lambda: "WaitStateEntered" in made.events(arn) and made.stack.clock.at_work == 0)
    made.states.stop_execution(executionArn=arn)
    made.wait_for_end(arn)
    assert made.events(arn)[-1] == "ExecutionAborted"


# --- names of errors --------------------------------------------------------------------------------------------------


def test_a_handler_error_is_caught_by_its_literal_name_only(machine: Make) -> None:
    made = machine(
        """
        First:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: "${FunctionArn}", Payload: "{% $states.input %}"}
          End: true
          Catch:
            - {ErrorEquals: [ProviderUnavailable], Output: parent, Next: Last}
            - {ErrorEquals: [RateLimited], Output: literal, Next: Last}
            - {ErrorEquals: [States.TaskFailed], Output: wildcard, Next: Last}
        Last: {Type: Succeed}
        """,
        """
        class ProviderUnavailable(Exception): pass
        class RateLimited(ProviderUnavailable): pass
        def handler(event, context):
            raise RateLimited() if event.get("limited") else ValueError("other")
        """,
    )
    assert result_of(made, '{"limited": true}', "a") == "literal"
    assert result_of(made, "{}", "b") == "wildcard"


def test_dynamodb_errors_and_results_are_named_as_on_aws(machine: Make) -> None:
    made = machine("""
        First:
          Type: Task
          Resource: arn:aws:states:::dynamodb:updateItem
          Arguments:
            TableName: ${TableName}
            Key: {PK: {S: a}, SK: {S: b}}
            UpdateExpression: "SET #n = :n"
            ConditionExpression: attribute_not_exists(#n)
            ExpressionAttributeNames: {"#n": name}
            ExpressionAttributeValues: {":n": {S: "{% $states.input.name %}"}}
            ReturnValues: ALL_NEW
          Output: "{% $states.result.Attributes.name.S %}"
          End: true
          Catch: [{ErrorEquals: [DynamoDB.ConditionalCheckFailedException], Output: taken, Next: Last}]
        Last: {Type: Succeed}
    """)
    assert result_of(made, '{"name": "first \\"one\\""}', "a") == 'first "one"'
    assert result_of(made, '{"name": "second"}', "b") == "taken"


def test_starting_an_execution_twice_is_named_as_on_aws(machine: Make) -> None:
    made = machine("""
        First:
          Type: Task
          Resource: arn:aws:states:::states:startExecution
          Arguments:
            StateMachineArn: "{% $states.context.StateMachine.Id %}"
            Name: "{% $states.context.Execution.Name %}"
            Input: {other: input}
          End: true
          Catch: [{ErrorEquals: [StepFunctions.ExecutionAlreadyExistsException], Output: exists, Next: Last}]
        Last: {Type: Succeed}
    """)
    assert result_of(made) == "exists"


def test_fail_tells_error_and_cause_from_expressions(machine: Make) -> None:
    made = machine("""
        First: {Type: Fail, Error: "{% $states.input.e %}", Cause: "{% 'it was ' & $states.input.c %}"}
    """)
    described = made.run('{"e": "NoLuck", "c": "late"}')
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "NoLuck", "it was late")


# --- the services around ----------------------------------------------------------------------------------------------


def test_a_failed_transaction_leaves_everything_as_it_was(machine: Make) -> None:
    made = machine(ECHO)
    table, dynamodb = made.stack.resources.ids["Table"], boto3.client("dynamodb")
    kept = {"PK": {"S": "kept"}, "SK": {"S": "1"}, "n": {"N": "1"}}
    dynamodb.put_item(TableName=table, Item=kept)
    change = {"TableName": table, "Key": {"PK": {"S": "kept"}, "SK": {"S": "1"}}, "UpdateExpression": "SET n = :n"}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(
            TransactItems=[
                {"Update": {**change, "ExpressionAttributeValues": {":n": {"N": "2"}}}},
                {"Put": {"TableName": table, "Item": {"PK": {"S": "new"}, "SK": {"S": "1"}}}},
                {
                    "ConditionCheck": {
                        "TableName": table,
                        "Key": {"PK": {"S": "absent"}, "SK": {"S": "1"}},
                        "ConditionExpression": "attribute_exists(PK)",
                    }
                },
            ]
        )
    assert dynamodb.scan(TableName=table)["Items"] == [kept]
    assert [call.operation for call in made.stack.calls[:2]] == ["PutItem", "TransactWriteItems"]
    assert made.stack.calls[1].before == made.stack.calls[1].after == (kept, None, None)
