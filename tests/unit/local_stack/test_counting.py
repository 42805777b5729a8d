"""Costs are computed from the items, and belong to whom they are caused by."""

from __future__ import annotations

from typing import Any

import pytest

from local_stack.counting import SHARED, Ledger, attributed_to, item_size, subject_of, units
from local_stack.moto_patches import TableCall

KEY = {"PK": {"S": "JOB#1"}, "SK": {"S": "JOB"}}
INDEXES = {"due-index": ("due_shard", "next_check_at")}
DUE = {"due_shard": {"S": "x"}, "next_check_at": {"S": "1"}}


def call(
    operation: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    body: dict[str, Any] | None = None,
    queried: tuple[dict[str, Any], ...] = (),
) -> TableCall:
    return TableCall(operation, body or {"Key": KEY}, (before,), (after,), queried, ("PK", "SK"), INDEXES)


@pytest.mark.parametrize(
    ("item", "size"),
    [
        (None, 0),
        ({"ab": {"S": "été"}}, 2 + 5),
        ({"n": {"N": "123.45"}}, 1 + 4),
        ({"n": {"N": "-7"}}, 1 + 3),
        ({"n": {"N": "1200000"}}, 1 + 2),
        ({"b": {"BOOL": True}, "n": {"NULL": True}}, 2 + 2),
        ({"m": {"M": {"k": {"S": "v"}}}}, 1 + 3 + 1 + 1 + 1),
        ({"l": {"L": [{"S": "v"}, {"S": "w"}]}}, 1 + 3 + 2 * 2),
        ({"s": {"SS": ["ab", "c"]}}, 1 + 3),
        ({"r": {"B": b"12345"}}, 1 + 5),
        ({"r": {"B": "MTIzNDU="}}, 1 + 5),
    ],
)
def test_items_are_as_large_as_dynamodb_says(item: dict[str, Any] | None, size: int) -> None:
    assert item_size(item) == size


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        pytest.param(call("PutItem", None, KEY), 1, id="a small item"),
        pytest.param(call("PutItem", None, KEY | {"t": {"S": "x" * 1500}}), 2, id="a started KB counts"),
        pytest.param(call("UpdateItem", KEY | {"t": {"S": "x" * 3000}}, KEY), 3, id="the larger of both"),
        pytest.param(call("PutItem", KEY, KEY), 1, id="a failed condition costs as well"),
        pytest.param(call("TransactWriteItems", None, KEY), 2, id="twice in a transaction"),
        pytest.param(call("PutItem", None, KEY | DUE), 2, id="an index entry appears"),
        pytest.param(call("UpdateItem", KEY | DUE, KEY), 2, id="an index entry disappears"),
        pytest.param(
            call("UpdateItem", KEY | DUE, KEY | DUE | {"next_check_at": {"S": "2"}}), 3, id="an index key changes"
        ),
        pytest.param(
            call("UpdateItem", KEY | DUE, KEY | DUE | {"other": {"S": "2"}}), 1, id="nothing that the index has changes"
        ),
        pytest.param(call("PutItem", None, KEY | {"due_shard": {"S": "x"}}), 1, id="half an index key is none"),
        pytest.param(call("TransactWriteItems", None, KEY | DUE), 3, id="an index is no part of the transaction"),
    ],
)
def test_write_units(recorded: TableCall, expected: float) -> None:
    assert units(recorded) == (expected, 0, 0)


@pytest.mark.parametrize("sort_key", ["INVOICE", "INVOICE#LINES#0002"])
def test_the_invoice_item_is_counted_apart(sort_key: str) -> None:
    invoice = {"PK": {"S": "JOB#1"}, "SK": {"S": sort_key}, "t": {"S": "x" * 2000}}
    assert units(call("TransactWriteItems", None, invoice)) == (0, 4, 0)


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (call("GetItem", None, None), 0.5),
        (call("GetItem", KEY, KEY, {"Key": KEY, "ConsistentRead": True}), 1),
        (call("GetItem", KEY | {"t": {"S": "x" * 5000}}, None, {"Key": KEY, "ConsistentRead": True}), 2),
        (call("TransactGetItems", KEY, KEY), 2),
        (call("BatchGetItem", KEY, KEY, {"RequestItems": {"t": {"Keys": [KEY], "ConsistentRead": True}}}), 1),
        (call("Query", queried=(KEY, KEY | {"t": {"S": "x" * 4100}}), body={"ConsistentRead": True}), 2),
        (call("Query", queried=(KEY | DUE | {"t": {"S": "x" * 9000}},), body={"IndexName": "due-index"}), 0.5),
        (call("DescribeTable"), 0),
    ],
)
def test_read_units(recorded: TableCall, expected: float) -> None:
    assert units(recorded) == (0, 0, expected)


def test_costs_belong_to_the_job_of_the_invocation() -> None:
    ledger = Ledger()
    with attributed_to({"job_id": "j1"}):
        ledger.aws_call("dynamodb:UpdateItem", {"Key": KEY})
        ledger.table_called(call("PutItem", None, KEY))
        ledger.provider_request()
    with attributed_to({"provider": "some", "turn": 1}):
        ledger.aws_call("states:SendTaskSuccess", {"taskToken": "t"})
    ledger.aws_call("s3:GetObject", {"Key": "asked by nobody's invocation"})
    costs = ledger.all()
    assert set(costs) == {"j1", SHARED}
    assert dict(costs["j1"].aws_calls) == {"dynamodb:UpdateItem": 1}
    assert (costs["j1"].write_units, costs["j1"].provider_requests) == (1, 1)
    assert dict(costs[SHARED].aws_calls) == {"states:SendTaskSuccess": 1}


def test_what_serves_all_jobs_is_shared_also_when_one_of_them_causes_it() -> None:
    ledger = Ledger()
    with attributed_to({"job_id": "j1"}):
        ledger.aws_call("secretsmanager:GetSecretValue", {"SecretId": "s"})
        ledger.aws_call("states:StartExecution", {"stateMachineArn": "loop", "input": '{"provider": "p"}'})
        ledger.aws_call("dynamodb:PutItem", {"Item": {"PK": {"S": "PROVIDER#p#0"}, "SK": {"S": "LEASE"}}})
        ledger.aws_call("dynamodb:Query", {"TableName": "t"})
    assert ledger.of(SHARED).aws_calls.total() == 3
    assert dict(ledger.of("j1").aws_calls) == {"dynamodb:Query": 1}


def test_in_a_batch_every_request_names_its_job_or_its_document() -> None:
    ledger = Ledger()
    with attributed_to({"Records": [{}, {}]}):
        ledger.aws_call("s3:HeadObject", {"Key": "incoming/a.pdf", "VersionId": "v1"})
        ledger.aws_call("s3:HeadObject", {"Key": "incoming/ignored.pdf", "VersionId": "v2"})
        ledger.aws_call("dynamodb:PutItem", {"Item": {"PK": {"S": "JOB#j1"}, "SK": {"S": "JOB"}}})
        ledger.aws_call("states:StartExecution", {"stateMachineArn": "capture", "input": '{"job_id": "j1"}'})
    ledger.job_of_document({"key": "incoming/a.pdf", "version_id": "v1"}, "j1")
    assert ledger.of("j1").aws_calls.total() == 3
    assert ledger.all()[SHARED].aws_calls.total() == 1


def test_transitions_are_states_entered_and_tasks_tried_again() -> None:
    ledger = Ledger()
    kinds = ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskFailed", "TaskScheduled", "TaskSucceeded"]
    kinds += ["TaskStateExited", "ChoiceStateEntered", "ChoiceStateExited", "ExecutionSucceeded"]
    ledger.execution_ended({"job_id": "j1"}, [{"type": kind} for kind in kinds])
    assert ledger.of("j1").state_transitions == 2 + 1
    assert ledger.of("j1").history_events == len(kinds)


@pytest.mark.parametrize("payload", [None, [], "text", {"provider": "p"}])
def test_what_names_no_job_is_shared(payload: object) -> None:
    assert subject_of(payload) == SHARED
