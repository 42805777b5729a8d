"""Every message of a batch is answered for on its own: repeated for hours, put aside early, or done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from invoice_capture.batches import receive_each
from invoice_capture.domain.errors import DocumentMissing, StoreUnavailable


def event(deliveries: int, *bodies: str) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(deliveries)}
    return {
        "Records": [
            {"messageId": body, "body": body, "attributes": attributes, "eventSource": "aws:sqs"} for body in bodies
        ]
    }


def raising(errors: Mapping[str, Exception]) -> Callable[[Mapping[str, Any]], None]:
    def receive(message: Mapping[str, Any]) -> None:
        if message["body"] in errors:
            raise errors[message["body"]]

    return receive


def repeated(deliveries: int, error: Exception) -> tuple[list[str], list[str]]:
    """The messages that are delivered again, and those that were put aside."""
    aside: list[str] = []
    answer = receive_each(event(deliveries, "bad", "good"), raising({"bad": error}), aside.append)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]], aside


@pytest.mark.parametrize("deliveries", [1, 5, 239])
def test_what_aws_does_not_answer_is_repeated_for_as_long_as_the_queue_does(deliveries: int) -> None:
    assert repeated(deliveries, StoreUnavailable("DynamoDB did not answer.")) == (["bad"], [])


@pytest.mark.parametrize(("deliveries", "again"), [(1, True), (4, True), (5, False), (60, False)])
def test_what_fails_by_itself_is_put_aside_after_five_deliveries(deliveries: int, again: bool) -> None:
    assert repeated(deliveries, KeyError("detail")) == ((["bad"], []) if again else ([], ["bad"]))


def test_an_object_that_is_gone_is_done() -> None:
    assert repeated(1, DocumentMissing("a.pdf")) == ([], [])


def test_what_cannot_be_put_aside_is_delivered_again() -> None:
    def refuse(_body: str) -> None:
        raise StoreUnavailable("SQS did not answer.")

    answer = receive_each(event(9, "bad", "good"), raising({"bad": KeyError("detail")}), refuse)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
