"""Transactions that come again because their answer was lost: DynamoDB knows them by their token, moto does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_stack.clock import ScaledClock

_REMEMBERED_SECONDS = 600.0
_MISMATCH = {
    "__type": "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
    "Message": "The request was rejected: its token was used for another transaction.",
}


class AnsweredTransactions:
    """What was answered to transactions that were done, for as long as DynamoDB remembers it.

    boto3 gives every TransactWriteItems a token, and sends it again with each repeat.
    """

    def __init__(self, clock: ScaledClock) -> None:
        self._clock = clock
        self._done: dict[str, tuple[float, Any, Any]] = {}

    def to(self, operation: str, body: Mapping[str, Any]) -> Any | None:
        """The answer to a transaction that was done already, a refusal to one that only has its token, or None."""
        done = self._done.get(str(body.get("ClientRequestToken"))) if operation == "TransactWriteItems" else None
        if done is None or done[0] + _REMEMBERED_SECONDS < self._clock.elapsed():
            return None
        _, items, answer = done
        return answer if items == body["TransactItems"] else (400, {}, json.dumps(_MISMATCH))

    def remember(self, operation: str, body: Mapping[str, Any], answer: Any) -> None:
        if operation != "TransactWriteItems" or answer[0] != 200 or "ClientRequestToken" not in body:
            return
        now = self._clock.elapsed()
        oldest = next(iter(self._done), None)
        if oldest is not None and self._done[oldest][0] + _REMEMBERED_SECONDS < now:
            del self._done[oldest]
        self._done[body["ClientRequestToken"]] = (now, body["TransactItems"], answer)
