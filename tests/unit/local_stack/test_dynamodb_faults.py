"""DynamoDB conflicts, throttles, loses answers and shows its indexes late, under the names that each caller sees."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_stack import callers
from local_stack.callers import Caller
from local_stack.hostility import FOREVER, Fault
from tests.unit.local_stack.conftest import Machine, MiniStack
from tests.waiting import wait_until

Make = Callable[..., Machine]
KEY = {"PK": {"S": "a"}, "SK": {"S": "1"}}

UPDATES = """
First:
  Type: Task
  Resource: arn:aws:states:::dynamodb:updateItem
  Arguments:
    TableName: ${TableName}
    Key: {PK: {S: a}, SK: {S: "1"}}
    UpdateExpression: "ADD n :one"
    ExpressionAttributeValues: {":one": {N: "1"}}
  End: true
"""


@pytest.fixture
def stack(machine: Make) -> MiniStack:
    return machine("First: {Type: Succeed}").stack


def table(stack: MiniStack) -> str:
    return stack.resources.ids["Table"]


def put(stack: MiniStack, **attributes: str) -> None:
    item = KEY | {name: {"S": value} for name, value in attributes.items()}
    boto3.client("dynamodb").put_item(TableName=table(stack), Item=item)


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        act()
    return str(refused.value.response["Error"]["Code"])


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ProvisionedThroughputExceededException", "DynamoDB.ProvisionedThroughputExceededException"),
        ("ThrottlingException", "DynamoDB.AmazonDynamoDBException"),
        ("RequestLimitExceeded", "DynamoDB.RequestLimitExceededException"),
        ("InternalServerError", "DynamoDB.InternalServerErrorException"),
        ("TransactionConflictException", "DynamoDB.TransactionConflictException"),
    ],
)
def test_an_error_has_one_name_for_boto3_and_one_for_a_state_machine(machine: Make, code: str, name: str) -> None:
    made = machine(UPDATES)
    made.stack.faults.add(Fault(on="dynamodb:UpdateItem", by="Machine", error=code))
    assert made.run()["error"] == name
    # boto3 repeats what may pass: five requests are one call.
    made.stack.faults.add(Fault(on="dynamodb:*", by="Work", error=code, times=FOREVER))
    with callers.acting_as(Caller("Work", None)):
        assert code_of(lambda: put(made.stack)) == code


def test_a_lost_answer_is_a_broken_connection_after_the_work(machine: Make) -> None:
    made = machine(UPDATES)
    made.stack.faults.add(Fault(on="dynamodb:UpdateItem", loses_answer=True))
    assert made.run()["error"] == "DynamoDB.SdkClientException"
    item = boto3.client("dynamodb").get_item(TableName=table(made.stack), Key=KEY)["Item"]
    assert item["n"] == {"N": "1"}


def test_other_services_speak_their_own_languages(machine: Make) -> None:
    stack = machine("First: {Type: Succeed}").stack
    stack.faults.add(
        Fault(on="s3:*", error="SlowDown", times=FOREVER),
        Fault(on="sns:*", error="Throttled", times=FOREVER),
        Fault(on="states:*", error="ThrottlingException", times=FOREVER),
        Fault(on="secretsmanager:*", error="InternalServiceError", times=FOREVER),
        Fault(on="lambda:Invoke", error="ServiceException", times=FOREVER),
    )
    arn = "arn:aws:sns:us-east-1:123456789012:topic"
    with callers.acting_as(Caller("Work", None)):
        assert code_of(lambda: boto3.client("s3").get_object(Bucket="b", Key="k")) == "SlowDown"
        assert code_of(lambda: boto3.client("sns").publish(TopicArn=arn, Message="m")) == "Throttled"
        assert code_of(lambda: boto3.client("secretsmanager").get_secret_value(SecretId="s")) == "InternalServiceError"
        assert code_of(lambda: boto3.client("lambda").invoke(FunctionName="f")) == "ServiceException"
        states = boto3.client("stepfunctions")
        assert code_of(lambda: states.send_task_success(taskToken="t", output="{}")) == "ThrottlingException"


# --- transactions -----------------------------------------------------------------------------------------------------


def test_what_is_in_a_running_transaction_is_nobody_elses(stack: MiniStack) -> None:
    # Long enough for what is asked meanwhile, on a busy machine as well.
    stack.faults.transaction_seconds = 3
    dynamodb = boto3.client("dynamodb")
    other = {"PK": {"S": "b"}, "SK": {"S": "1"}}

    def transact(*keys: dict[str, Any]) -> None:
        dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": table(stack), "Item": {**key, "n": {"N": "1"}}}} for key in keys]
        )

    def read_together() -> Any:
        return dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": table(stack), "Key": KEY}}])

    running = threading.Thread(target=transact, args=(KEY,))
    running.start()
    wait_until(lambda: code_of_nothing(lambda: put(stack)) == "TransactionConflictException")
    assert code_of(read_together) == "TransactionCanceledException"
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        transact(other, KEY)
    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "TransactionConflict"]
    assert "Item" not in dynamodb.get_item(TableName=table(stack), Key=KEY), "reading alone is not refused"
    running.join()
    stack.faults.transaction_seconds = 0
    transact(other, KEY)
    put(stack)
    assert stack.faults.injected["dynamodb:TransactGetItems conflicts with a transaction"] == 1


def test_a_transaction_whose_answer_was_lost_is_done_once(stack: MiniStack) -> None:
    dynamodb = boto3.client("dynamodb")
    only_new = {"ConditionExpression": "attribute_not_exists(PK)"}

    def create(**more: Any) -> None:
        put_new = {"TableName": table(stack), "Item": {**KEY, "n": {"N": "1"}}, **only_new}
        dynamodb.transact_write_items(TransactItems=[{"Put": put_new}], **more)

    stack.faults.add(Fault(on="dynamodb:TransactWriteItems", loses_answer=True))
    with callers.acting_as(Caller("Work", None)):
        create(ClientRequestToken="first")
    assert stack.faults.injected.total() == 1, "boto3 repeated it"
    create(ClientRequestToken="first")
    assert code_of(lambda: create(ClientRequestToken="second")) == "TransactionCanceledException"
    other = {"Delete": {"TableName": table(stack), "Key": KEY}}
    again = {"TransactItems": [other], "ClientRequestToken": "first"}
    assert code_of(lambda: dynamodb.transact_write_items(**again)) == "IdempotentParameterMismatchException"
    stack.clock.advance(601)
    assert code_of(lambda: create(ClientRequestToken="first")) == "TransactionCanceledException"


def code_of_nothing(act: Callable[[], Any]) -> str:
    try:
        act()
    except ClientError as exc:
        return str(exc.response["Error"]["Code"])
    return ""


# --- indexes ----------------------------------------------------------------------------------------------------------


def due(stack: MiniStack, shard: str, **arguments: Any) -> list[str]:
    answer = boto3.client("dynamodb").query(
        TableName=table(stack),
        IndexName="due-index",
        KeyConditionExpression="due = :due",
        ExpressionAttributeValues={":due": {"S": shard}},
        **arguments,
    )
    return [item["SK"]["S"] for item in answer["Items"]]


def test_an_index_shows_a_write_when_the_lag_has_passed(stack: MiniStack) -> None:
    stack.faults.index_lag_seconds = 60
    put(stack, due="x")
    assert due(stack, "x") == []
    stack.clock.advance(30)
    put(stack, due="y")
    assert (due(stack, "x"), due(stack, "y")) == ([], [])
    stack.clock.advance(31)
    assert (due(stack, "x"), due(stack, "y")) == (["1"], []), "it shows what was true then"
    stack.clock.advance(31)
    assert (due(stack, "x"), due(stack, "y")) == ([], ["1"])
    boto3.client("dynamodb").delete_item(TableName=table(stack), Key=KEY)
    assert due(stack, "y") == ["1"], "also what is gone"
    stack.clock.advance(61)
    assert due(stack, "y") == []


# --- limits that are always there -------------------------------------------------------------------------------------


def test_an_item_has_at_most_400_kb(stack: MiniStack) -> None:
    put(stack, text="x" * 390_000)
    assert code_of(lambda: put(stack, text="x" * 410_000)) == "ValidationException"


@pytest.mark.parametrize(
    "begin", [{"PK": {"S": "b"}, "SK": {"S": "1"}}, {"PK": {"S": "a"}, "SK": {"S": "0"}}], ids=["partition", "range"]
)
def test_a_page_begins_where_its_query_looks(stack: MiniStack, begin: dict[str, Any]) -> None:
    def query(key: dict[str, Any]) -> Any:
        return boto3.client("dynamodb").query(
            TableName=table(stack),
            KeyConditionExpression="PK = :a AND SK > :zero",
            ExpressionAttributeValues={":a": {"S": "a"}, ":zero": {"S": "0"}},
            ExclusiveStartKey=key,
        )

    assert code_of(lambda: query(begin)) == "ValidationException"
    assert query(KEY)["Count"] == 0
