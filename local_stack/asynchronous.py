"""Events that Lambda has accepted and runs later: from its queue, with its retries, and to their destination.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: an error of the function is repeated
twice, a refusal for want of concurrency, or an error of Lambda itself, for as long as the event may be old.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3

from local_stack.clock import ScaledClock
from local_stack.hostility.concurrency import Throttled
from local_stack.hostility.faults import Faults
from local_stack.template import Function

_LOG = logging.getLogger(__name__)
# After an error Lambda waits a minute before the second attempt and two before the third.
_RETRY_DELAYS_SECONDS = (60.0, 120.0)
# After a refusal it waits longer each time.
_FIRST_BACKOFF_SECONDS, _LONGEST_BACKOFF_SECONDS = 1.0, 300.0

Call = Callable[[Function, bytes], tuple[bytes, bool]]
InRoleOf = Callable[[Function], AbstractContextManager[None]]


@dataclass
class _Event:
    payload: bytes
    accepted_at: datetime
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    refusals: int = 0


class AsynchronousEvents:
    """``call`` runs a function and may raise Throttled; a destination is told ``in_role_of`` the function."""

    def __init__(self, clock: ScaledClock, faults: Faults, call: Call, in_role_of: InRoleOf, threads: int) -> None:
        self._clock = clock
        self._faults = faults
        self._call = call
        self._in_role_of = in_role_of
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="async-invocation")
        self._stopped = False

    def accept(self, function: Function, payload: bytes) -> None:
        """Run a function once, later; more than once where the script says that the queue does."""
        for seconds in self._faults.delays("lambda:event", function.logical_id):
            event = _Event(payload, self._clock.now())
            if seconds:
                self._clock.call_later(seconds, lambda event=event: self._run(function, event))  # type: ignore[misc]
            else:
                self._run(function, event)

    def stop(self) -> None:
        self._stopped = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, function: Function, event: _Event) -> None:
        """Accepted work is work, also while it waits for a thread."""
        if self._stopped:
            return
        self._clock.begin_work()
        try:
            self._pool.submit(self._attempt, function, event).add_done_callback(lambda _done: self._clock.end_work())
        except RuntimeError:
            # Stopped between the look and the leap.
            self._clock.end_work()

    def _attempt(self, function: Function, event: _Event) -> None:
        try:
            try:
                answer, failed = self._call(function, event.payload)
            except Throttled:
                self._come_back(function, event)
                return
            event.attempts += 1
            if failed and not self._stopped:
                self._retry_or_give_up(function, event, answer)
        except Exception:
            _LOG.exception("An asynchronous invocation of %s was lost", function.logical_id)

    def _come_back(self, function: Function, event: _Event) -> None:
        delay = min(_FIRST_BACKOFF_SECONDS * 2**event.refusals, _LONGEST_BACKOFF_SECONDS)
        event.refusals += 1
        if self._age(event) + delay <= function.maximum_event_age:
            self._clock.call_later(delay, lambda: self._run(function, event))
        else:
            self._give_up(function, event, "EventAgeExceeded", None)

    def _retry_or_give_up(self, function: Function, event: _Event, answer: bytes) -> None:
        delay = _RETRY_DELAYS_SECONDS[min(event.attempts, len(_RETRY_DELAYS_SECONDS)) - 1]
        if event.attempts > function.retry_attempts:
            self._give_up(function, event, "RetriesExhausted", answer)
        elif self._age(event) + delay > function.maximum_event_age:
            self._give_up(function, event, "EventAgeExceeded", answer)
        else:
            self._clock.call_later(delay, lambda: self._run(function, event))

    def _give_up(self, function: Function, event: _Event, condition: str, answer: bytes | None) -> None:
        if function.on_failure_arn is None:
            return
        record = _failure_record(function, event, answer, condition, self._clock.now())
        sqs = boto3.client("sqs")
        queue_url = sqs.get_queue_url(QueueName=function.on_failure_arn.rsplit(":", 1)[1])["QueueUrl"]
        with self._in_role_of(function):
            sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(record))

    def _age(self, event: _Event) -> float:
        return (self._clock.now() - event.accepted_at).total_seconds()


def _failure_record(
    function: Function, event: _Event, answer: bytes | None, condition: str, now: datetime
) -> Mapping[str, Any]:
    """What Lambda sends to the destination for events it gave up; one that was never run has no response."""
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload),
    }
    if answer is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
        record["responsePayload"] = json.loads(answer)
    return record
