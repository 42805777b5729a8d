"""What items of jobs say of their writer."""

from __future__ import annotations

from typing import Any

import pytest

from invoice_capture.aws.stamping import stamped, without_stamp
from invoice_capture.domain.acting import acting_for
from invoice_capture.domain.audited import BY, writer_of
from invoice_capture.settings import Settings

_JOB = {"PK": {"S": "JOB#1"}, "SK": {"S": "JOB"}}
_UPDATE: dict[str, Any] = {
    "Key": _JOB,
    "UpdateExpression": "SET a = :a REMOVE b",
    "ExpressionAttributeValues": {":a": {"S": "x"}},
}


def test_an_update_says_who_made_it_and_no_two_say_the_same() -> None:
    first, second = stamped("SubmitDocument", _UPDATE), stamped("SubmitDocument", _UPDATE)
    assert first["UpdateExpression"] == f"SET {BY} = :{BY}, a = :a REMOVE b"
    texts = [update["ExpressionAttributeValues"][f":{BY}"]["S"] for update in (first, second)]
    assert texts[0] != texts[1]
    assert [writer_of({BY: "another"}, {BY: text}) for text in texts] == ["SubmitDocument"] * 2


def test_a_put_says_for_which_client() -> None:
    with acting_for("acme & sons"):
        put = stamped("JobsApi", {"Item": _JOB})
    assert writer_of({}, {BY: put["Item"][BY]["S"]}) == "JobsApi acme & sons"
    assert without_stamp(put["Item"]) == _JOB


@pytest.mark.parametrize(
    ("writer", "request_"),
    [(None, _UPDATE), ("X", {**_UPDATE, "Key": {"PK": {"S": "PROVIDER#a"}}}), ("X", {"Key": _JOB})],
    ids=["nobody", "no item of a job", "a deletion"],
)
def test_the_rest_is_left_as_it_is(writer: str | None, request_: dict[str, Any]) -> None:
    assert stamped(writer, request_) == request_


@pytest.mark.parametrize(
    ("before", "after"), [({BY: "SubmitDocument 1"}, {BY: "SubmitDocument 1"}), ({}, {}), ({BY: "X 1"}, {})]
)
def test_a_write_that_leaves_the_stamp_is_none_of_ours(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert writer_of(before, after) is None


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("invoice-capture-SubmitDocumentFunction-1A2B3C4D5E6F", "SubmitDocument"),
        ("local-JobsApiFunction-ABC", "JobsApi"),
        ("something-else", "something-else"),
        ("", None),
    ],
)
def test_a_function_writes_as_its_step(name: str, step: str | None) -> None:
    assert Settings({"AWS_LAMBDA_FUNCTION_NAME": name}).step == step
