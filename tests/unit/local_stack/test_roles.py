"""Every function and every state machine may do what its role may, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_stack import callers
from local_stack.callers import Caller
from local_stack.errors import TemplateError
from local_stack.iam import actions, task_tokens
from local_stack.iam.actions import UnknownRequest
from local_stack.iam.policies import Role, grants_of
from tests.unit.local_stack.conftest import Machine, MiniStack

Make = Callable[..., Machine]
REGION = "us-east-1"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"


@pytest.fixture
def stack(machine: Make) -> Iterator[MiniStack]:
    """A stack in which this thread is its function."""
    made = machine("First: {Type: Succeed}").stack
    work = made.resources.function("Work")
    with callers.acting_as(Caller("Work", made.resources.roles[work.role_arn])):
        yield made


def error_of(act: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        act()
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def role_of(*statements: dict[str, Any]) -> Role:
    return Role("R", "arn:r", tuple(grants_of("R", "P", {"Statement": list(statements)})))


# --- statements -------------------------------------------------------------------------------------------------------


def test_a_denial_wins_and_what_nothing_allows_is_denied() -> None:
    role = role_of(
        {"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "arn:aws:s3:::b/*"},
        {"Effect": "Deny", "Action": "S3:getobject", "Resource": "arn:aws:s3:::b/secret/?.pdf"},
    )
    assert role.decide("s3:GetObject", "arn:aws:s3:::b/a/b.pdf")
    assert role.decide("s3:PutObject", "arn:aws:s3:::b/secret/1.pdf")
    assert not role.decide("s3:GetObject", "arn:aws:s3:::b/secret/1.pdf")
    assert role.decide("s3:GetObject", "arn:aws:s3:::b/secret/12.pdf")
    assert not role.decide("s3:DeleteObject", "arn:aws:s3:::b/a")
    assert not role.decide("s3:GetObject", "arn:aws:s3:::another/a")


@pytest.mark.parametrize(
    "part", [{"Condition": {"Bool": {}}}, {"NotAction": "s3:*"}, {"NotResource": "*"}, {"Effect": "Maybe"}]
)
def test_what_is_not_understood_is_refused(part: dict[str, Any]) -> None:
    with pytest.raises(TemplateError, match="policy P"):
        role_of({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **part})


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "parameters", "needs"),
    [
        ("s3:GetObject", {"Bucket": "b", "Key": "k"}, [("s3:GetObject", "arn:aws:s3:::b/k")]),
        ("s3:HeadObject", {"Bucket": "b", "Key": "k", "VersionId": "v"}, [("s3:GetObjectVersion", "arn:aws:s3:::b/k")]),
        (
            "s3:DeleteObject",
            {"Bucket": "b", "Key": "k", "VersionId": "v"},
            [("s3:DeleteObjectVersion", "arn:aws:s3:::b/k")],
        ),
        ("s3:ListObjectVersions", {"Bucket": "b"}, [("s3:ListBucketVersions", "arn:aws:s3:::b")]),
        ("states:SendTaskSuccess", {"taskToken": task_tokens.new(MACHINE)}, [("states:SendTaskSuccess", MACHINE)]),
        ("states:SendTaskSuccess", {"taskToken": "made up"}, []),
        (
            "lambda:Invoke",
            {"FunctionName": "f"},
            [("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:f")],
        ),
        (
            "dynamodb:Query",
            {"TableName": "t", "IndexName": "i"},
            [("dynamodb:Query", "arn:aws:dynamodb:us-east-1:123456789012:table/t/index/i")],
        ),
        (
            "dynamodb:TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "t"}}]},
            [
                ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:123456789012:table/t"),
                ("dynamodb:ConditionCheckItem", "arn:aws:dynamodb:us-east-1:123456789012:table/t"),
            ],
        ),
        (
            "sqs:SendMessageBatch",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q"},
            [("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:q")],
        ),
    ],
)
def test_what_a_request_needs(request_: str, parameters: dict[str, Any], needs: list[tuple[str, str]]) -> None:
    service, operation = request_.split(":")
    assert list(actions.needed(service, operation, parameters, REGION)) == needs


def test_a_request_that_nobody_wrote_down_is_refused_loudly() -> None:
    with pytest.raises(UnknownRequest, match="kinesis:PutRecord"):
        list(actions.needed("kinesis", "PutRecord", {}, REGION))


def test_a_token_is_as_long_as_those_of_aws_and_knows_its_machine() -> None:
    token = task_tokens.new(MACHINE)
    assert (len(token), task_tokens.machine_of(token)) == (1000, MACHINE)
    assert token != task_tokens.new(MACHINE)
    assert task_tokens.machine_of("made up") is None


# --- a running stack --------------------------------------------------------------------------------------------------


def test_a_function_is_refused_what_its_role_may_not(stack: MiniStack) -> None:
    s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
    bucket, table = stack.resources.ids["Bucket"], stack.resources.ids["Table"]
    key = {"PK": {"S": "1"}, "SK": {"S": "1"}}
    dynamodb.put_item(TableName=table, Item=key)
    assert error_of(lambda: dynamodb.delete_item(TableName=table, Key=key)) == ("AccessDeniedException", 400)
    delete = [{"Put": {"TableName": table, "Item": key}}, {"Delete": {"TableName": table, "Key": key}}]
    assert error_of(lambda: dynamodb.transact_write_items(TransactItems=delete))[0] == "AccessDeniedException"
    s3.put_object(Bucket=bucket, Key="open/a", Body=b"")
    assert error_of(lambda: s3.put_object(Bucket=bucket, Key="elsewhere/a", Body=b"")) == ("AccessDenied", 403)
    assert error_of(lambda: s3.put_object(Bucket=bucket, Key="open/secret", Body=b"")) == ("AccessDenied", 403)
    assert [denial.action for denial in stack.permissions.denied] == ["dynamodb:DeleteItem"] * 2 + ["s3:PutObject"] * 2
    used = {(permission.action, count) for permission, count in stack.permissions.used.items()}
    assert used == {("dynamodb:PutItem", 2), ("s3:*Object", 1)}
    assert "WorkRole: dynamodb:UpdateItem on" in " ".join(map(str, stack.permissions.unused()))


def test_who_may_not_list_is_not_told_that_an_object_is_missing(stack: MiniStack) -> None:
    s3, bucket = boto3.client("s3"), stack.resources.ids["Bucket"]
    assert error_of(lambda: s3.get_object(Bucket=bucket, Key="open/gone")) == ("AccessDenied", 403)
    assert error_of(lambda: s3.head_object(Bucket=bucket, Key="open/gone")) == ("403", 403)
    with callers.acting_as(None):
        assert error_of(lambda: s3.get_object(Bucket=bucket, Key="open/gone")) == ("NoSuchKey", 404)


def test_a_state_machine_acts_in_its_own_role(machine: Make) -> None:
    made = machine("""
        First:
          Type: Task
          Resource: arn:aws:states:::dynamodb:putItem
          Arguments: {TableName: "${TableName}", Item: {PK: {S: a}, SK: {S: b}}}
          End: true
    """)
    assert made.run()["error"] == "DynamoDB.AccessDeniedException"


def test_threads_of_an_invocation_act_in_its_role(machine: Make) -> None:
    made = machine(
        """
        First:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: "${FunctionArn}", Payload: {table: "${TableName}"}}
          Output: "{% $states.result.Payload %}"
          End: true
        """,
        """
        import boto3, threading
        from concurrent.futures import ThreadPoolExecutor
        def handler(event, context):
            client, errors = boto3.client("dynamodb"), []
            def scan():
                try:
                    client.scan(TableName=event["table"])
                except Exception as error:
                    errors.append(type(error).__name__)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(scan).result()
            thread = threading.Thread(target=scan)
            thread.start()
            thread.join()
            return errors
        """,
    )
    described = made.run()
    assert json.loads(described["output"]) == ["ClientError", "ClientError"]
