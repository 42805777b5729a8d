"""Items that are in a running transaction: whoever writes one of them meanwhile, or reads it in another, conflicts.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from local_stack.hostility.faults import Faults

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
_TRANSACTIONS = frozenset({"TransactWriteItems", "TransactGetItems"})
_MESSAGE = "Transaction is ongoing for the item"


class RunningTransactions:
    """moto does one request after the other; here a transaction takes the time that the script gives it."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._held: Counter[Hashable] = Counter()

    @contextmanager
    def touching(self, operation: str, items: Sequence[Hashable]) -> Iterator[dict[str, Any] | None]:
        """What DynamoDB says instead of doing a request to these items; None when it is free to go on."""
        seconds = self._faults.transaction_seconds
        if not seconds or operation not in _WRITES | _TRANSACTIONS:
            yield None
            return
        holds = operation == "TransactWriteItems"
        with self._lock:
            conflicts = [bool(self._held[item]) for item in items]
            if holds and not any(conflicts):
                self._held.update(items)
        if any(conflicts):
            self._faults.book(f"dynamodb:{operation} conflicts with a transaction")
            yield _cancelled(conflicts) if operation in _TRANSACTIONS else _conflict()
            return
        try:
            if holds:
                time.sleep(seconds)
            yield None
        finally:
            if holds:
                with self._lock:
                    self._held.subtract(items)
                    self._held += Counter()


def _conflict() -> dict[str, Any]:
    return {"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "message": _MESSAGE}


def _cancelled(conflicts: Sequence[bool]) -> dict[str, Any]:
    reasons = [{"Code": "TransactionConflict", "Message": _MESSAGE} if each else {"Code": "None"} for each in conflicts]
    codes = ", ".join(reason["Code"] for reason in reasons)
    return {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        "CancellationReasons": reasons,
    }
