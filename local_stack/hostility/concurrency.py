"""How many invocations run at a time: the account's limit, and what functions have reserved of it.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local_stack.hostility.faults import Faults

if TYPE_CHECKING:
    from local_stack.template import Function


class Throttled(Exception):
    """429: this invocation would be one too many. ``reason`` is Lambda's."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__("Rate Exceeded.")


def answered(call: Callable[[], tuple[bytes, bool]]) -> tuple[bytes, bool]:
    """The answer of a function, or the refusal as an error of it, for those who know no other."""
    try:
        return call()
    except Throttled as exc:
        return json.dumps({"errorType": "TooManyRequestsException", "errorMessage": str(exc)}).encode(), True


class Concurrency:
    """An invocation counts from its acceptance to its end, also while this machine has no thread for it."""

    def __init__(self, functions: Mapping[str, Function], faults: Faults) -> None:
        self._faults = faults
        self._reserved = {
            name: function.reserved_concurrency
            for name, function in functions.items()
            if function.reserved_concurrency is not None
        }
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    @contextmanager
    def admitted(self, function: Function) -> Iterator[None]:
        """Raises Throttled where a limit is reached."""
        with self._lock:
            reason = self._refusal(function.name)
            self._running[function.name] += reason is None
        if reason is not None:
            self._faults.book(f"lambda throttles {function.logical_id}")
            raise Throttled(reason)
        try:
            yield
        finally:
            with self._lock:
                self._running[function.name] -= 1

    def _refusal(self, name: str) -> str | None:
        limit = self._reserved.get(name)
        if limit is not None:
            too_many = self._running[name] >= limit
            return "ReservedFunctionConcurrentInvocationLimitExceeded" if too_many else None
        if self._faults.concurrency is None:
            return None
        unreserved = sum(count for running, count in self._running.items() if running not in self._reserved)
        too_many = unreserved >= self._faults.concurrency - sum(self._reserved.values())
        return "ConcurrentInvocationLimitExceeded" if too_many else None
