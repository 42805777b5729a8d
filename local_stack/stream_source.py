"""The stream of a table as the event source of a function, with the semantics of Lambda's poller.

One shard: changes come in their order, one batch at a time. A batch that fails comes again, in halves, until it
succeeds or has been tried too often; what comes after it waits meanwhile.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import boto3

from local_stack.clock import ScaledClock
from local_stack.hostility.concurrency import Throttled
from local_stack.hostility.faults import Faults
from local_stack.moto_patches import TableCall
from local_stack.sources import StreamSource

_LOG = logging.getLogger(__name__)
_FIRST_BACKOFF_SECONDS, _LONGEST_BACKOFF_SECONDS = 1.0, 60.0
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})

Record = Mapping[str, Any]
Invoke = Callable[[str, bytes], tuple[bytes, bool]]


@dataclass
class _Batch:
    records: Sequence[Record]
    failures: int = 0


class StreamPump:
    """``in_role`` is entered around what Lambda does for the function, in the role of the function."""

    def __init__(
        self,
        source: StreamSource,
        clock: ScaledClock,
        faults: Faults,
        invoke: Invoke,
        in_role: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._source = source
        self._clock = clock
        self._faults = faults
        self._invoke = invoke
        self._in_role = in_role
        self._lock = threading.Lock()
        self._gathered: list[Record] = []
        self._batches: deque[_Batch] = deque()
        self._is_running = False
        self._sequence = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="stream-source")
        self._stopped = False
        self.is_deaf = False

    def stop(self) -> None:
        self._stopped = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was changed was handed over."""
        with self._lock:
            return not (self._gathered or self._batches or self._is_running)

    def forget(self) -> None:
        """Drop what was not handed over yet."""
        with self._lock:
            self._gathered.clear()
            self._batches.clear()

    def table_called(self, call: TableCall) -> None:
        """Take the changes that a request made, in the order of the requests."""
        if call.operation not in _WRITES or self._stopped or self.is_deaf:
            return
        with self._lock:
            for before, after in zip(call.before, call.after, strict=True):
                if before != after and _fits(self._keys(call, before, after), self._source.patterns):
                    self._gather(self._record(call, before, after))

    # --- gathering ----------------------------------------------------------------------------------------------------

    def _keys(self, call: TableCall, before: Record | None, after: Record | None) -> Record:
        item = after or before or {}
        return {"dynamodb": {"Keys": {name: item[name] for name in call.key}}}

    def _record(self, call: TableCall, before: Record | None, after: Record | None) -> Record:
        self._sequence += 1
        images = {"OldImage": before, "NewImage": after}
        return {
            "eventID": uuid.uuid4().hex,
            "eventName": "INSERT" if before is None else "REMOVE" if after is None else "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self._source.stream_arn.split(":")[3],
            "dynamodb": {
                "ApproximateCreationDateTime": int(self._clock.now().timestamp()),
                **self._keys(call, before, after)["dynamodb"],
                **{name: image for name, image in images.items() if image is not None},
                "SequenceNumber": f"{self._sequence:021d}",
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": self._source.stream_arn,
        }

    def _gather(self, record: Record) -> None:
        self._gathered.append(record)
        if len(self._gathered) >= self._source.batch_size:
            self._close_batch()
        elif len(self._gathered) == 1:
            self._clock.call_later(self._source.window_seconds, self._window_is_over)

    def _window_is_over(self) -> None:
        with self._lock:
            if self._gathered:
                self._close_batch()

    def _close_batch(self) -> None:
        records, self._gathered = self._gathered, []
        # A script of faults may have the stream deliver a batch more than once.
        for _ in self._faults.delays("dynamodb:stream", self._source.function_name):
            self._batches.append(_Batch(records))
        self._work()

    # --- handing over -------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Begin to hand over batches, unless that goes on already. The lock is held."""
        if self._batches and not self._is_running and not self._stopped:
            self._is_running = True
            self._clock.begin_work()
            self._pool.submit(self._run)

    def _run(self) -> None:
        pause: float | None = None
        try:
            while pause is None and (batch := self._next()) is not None:
                pause = self._pause_after(batch) if self._fails(batch) else None
        except Exception:
            _LOG.exception("Changes for %s were lost", self._source.function_name)
        finally:
            with self._lock:
                self._is_running = False
                if pause is None:
                    self._work()
                else:
                    self._clock.call_later(pause, self._go_on)
            self._clock.end_work()

    def _next(self) -> _Batch | None:
        with self._lock:
            return self._batches.popleft() if self._batches and not self._stopped else None

    def _go_on(self) -> None:
        with self._lock:
            self._work()

    def _fails(self, batch: _Batch) -> bool:
        try:
            event = json.dumps({"Records": batch.records}, default=_in_base64)
            return self._invoke(self._source.function_name, event.encode())[1]
        except Throttled:
            return True

    def _pause_after(self, batch: _Batch) -> float | None:
        """Put a batch that failed back to the front; how long to wait, or None when it was given up."""
        batch.failures += 1
        if batch.failures > self._source.most_retries:
            self._give_up(batch)
            return None
        middle = (len(batch.records) + 1) // 2
        halves = [batch.records[:middle], batch.records[middle:]]
        with self._lock:
            self._batches.extendleft(_Batch(half, batch.failures) for half in reversed(halves) if half)
        return min(_FIRST_BACKOFF_SECONDS * 2.0 ** (batch.failures - 1), _LONGEST_BACKOFF_SECONDS)

    def _give_up(self, batch: _Batch) -> None:
        first, last = (batch.records[place]["dynamodb"] for place in (0, -1))
        message = {
            "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": batch.failures},
            "DDBStreamBatchInfo": {
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "batchSize": len(batch.records),
                "streamArn": self._source.stream_arn,
            },
        }
        sqs = boto3.client("sqs")
        queue_url = sqs.get_queue_url(QueueName=self._source.on_failure_arn.rsplit(":", 1)[1])["QueueUrl"]
        with self._in_role():
            sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message))


def _in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _fits(record: Record, patterns: Sequence[Mapping[str, Any]]) -> bool:
    return not patterns or any(_matches(record, pattern) for pattern in patterns)


def _matches(value: Any, pattern: Any) -> bool:
    """Lambda's filter rules, as far as equality and prefixes go."""
    if isinstance(pattern, Mapping):
        return isinstance(value, Mapping) and all(_matches(value.get(name), part) for name, part in pattern.items())
    return any(_is_one(value, rule) for rule in pattern)


def _is_one(value: Any, rule: Any) -> bool:
    if isinstance(rule, Mapping):
        [(kind, text)] = rule.items()
        if kind != "prefix":
            raise ValueError(f"The local stack knows no filter rule {kind}.")
        return isinstance(value, str) and value.startswith(text)
    return bool(value == rule)
