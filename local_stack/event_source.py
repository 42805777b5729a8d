"""A queue as the event source of a function, with the semantics of Lambda's pollers."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local_stack.clock import ScaledClock
from local_stack.hostility.concurrency import Throttled
from local_stack.sources import EventSource

_LOG = logging.getLogger(__name__)
_LARGEST_RECEIVE = 10
_HIDDEN_SECONDS = 43_200
# After SQS did not answer.
_LOOKS_AGAIN_AFTER_SECONDS = 5.0

Invoke = Callable[[str, bytes], tuple[bytes, bool]]


class QueuePump:
    """Hands batches of messages to a function, deletes what succeeded and lets the rest become visible again.

    moto hides a received message in real time. So it is hidden for as long as SQS allows, and shown again when the
    queue's visibility timeout has passed on the stack's clock, or what the function said instead; its redrive policy
    then counts the next receive. So it is with a batch that the function has no concurrency for.

    ``as_poller`` is entered around what Lambda's poller asks of SQS, in the role of the function.
    """

    def __init__(
        self,
        source: EventSource,
        clock: ScaledClock,
        invoke: Invoke,
        as_poller: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._source = source
        self._clock = clock
        self._invoke = invoke
        self._as_poller = as_poller
        self._sqs = boto3.client("sqs")
        name = source.queue_arn.rsplit(":", 1)[1]
        self._queue_url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["VisibilityTimeout"])
        self._visibility_timeout = float(attributes["Attributes"]["VisibilityTimeout"])
        self._free = threading.Semaphore(source.concurrency)
        self._pool = ThreadPoolExecutor(source.concurrency, thread_name_prefix="event-source")
        self._news = threading.Event()
        self._awake = threading.Lock()
        self._is_awake = False
        self._stopped = False
        # Seconds by the receipts of messages at hand.
        self._hidden: dict[str, float] = {}

    def start(self) -> None:
        threading.Thread(target=self._run, name="event-source", daemon=True).start()

    def stop(self) -> None:
        self._stopped = True
        self._news.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Look for messages now."""
        with self._awake:
            if not self._is_awake and not self._stopped:
                self._is_awake = True
                self._clock.begin_work()
            self._news.set()

    def hide(self, receipt: str, seconds: float) -> bool:
        """Have a message come again after so long. False when it is not at hand, or was dealt with."""
        if receipt not in self._hidden:
            return False
        self._hidden[receipt] = seconds
        return True

    def _run(self) -> None:
        while not self._stopped:
            self._news.wait()
            self._news.clear()
            try:
                self._drain()
            except Exception as exc:
                _LOG.warning("The event source of %s stumbled: %s", self._source.function_name, exc)
                self._clock.call_later(_LOOKS_AGAIN_AFTER_SECONDS, self.wake)
            with self._awake:
                if self._is_awake and (self._stopped or not self._news.is_set()):
                    self._is_awake = False
                    self._clock.end_work()

    def _drain(self) -> None:
        while not self._stopped:
            self._wait_for_room()
            try:
                messages = self._received()
            except Exception:
                self._free.release()
                raise
            if not messages or self._stopped:
                self._free.release()
                return
            self._clock.begin_work()
            self._pool.submit(self._handle, messages).add_done_callback(self._handled)

    def _wait_for_room(self) -> None:
        """Until one batch more may be handled. Messages that wait are no work: time passes for them."""
        if not self._free.acquire(blocking=False):
            self._clock.end_work()
            self._free.acquire()
            self._clock.begin_work()

    def _received(self) -> Sequence[Mapping[str, Any]]:
        with self._as_poller():
            answer = self._sqs.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=min(_LARGEST_RECEIVE, self._source.batch_size),
                VisibilityTimeout=_HIDDEN_SECONDS,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        return answer.get("Messages", [])

    def _handled(self, _future: Future[None]) -> None:
        self._free.release()
        self._clock.end_work()

    def _handle(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self._hidden |= {message["ReceiptHandle"]: self._visibility_timeout for message in messages}
        try:
            event = {"Records": [_record(message, self._source.queue_arn) for message in messages]}
            try:
                answer, failed = self._invoke(self._source.function_name, json.dumps(event).encode())
            except Throttled:
                answer, failed = b"null", True
            retried = self._not_done(messages, answer, failed)
            for message in messages:
                handle = message["ReceiptHandle"]
                seconds = self._hidden.pop(handle)
                if message["MessageId"] in retried or not self._is_deleted(handle):
                    self._clock.call_later(seconds, partial(self._show_again, handle))
        except Exception:
            _LOG.exception("A batch for %s was lost", self._source.function_name)

    def _not_done(self, messages: Sequence[Mapping[str, Any]], answer: bytes, failed: bool) -> set[str]:
        """The ids of the messages to deliver again."""
        everything = {message["MessageId"] for message in messages}
        if failed:
            return everything
        if not self._source.reports_item_failures:
            return set()
        reported = (json.loads(answer) or {}).get("batchItemFailures") or []
        named = {failure.get("itemIdentifier") for failure in reported}
        # An identifier that Lambda cannot place makes it retry the whole batch.
        return named if named <= everything else everything

    def _is_deleted(self, handle: str) -> bool:
        """False when SQS would not: the message comes again, though it was handled."""
        try:
            with self._as_poller():
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=handle)
        except (BotoCoreError, ClientError) as exc:
            _LOG.warning("A message for %s could not be deleted: %s", self._source.function_name, exc)
            return False
        return True

    def _show_again(self, handle: str) -> None:
        self._sqs.change_message_visibility(QueueUrl=self._queue_url, ReceiptHandle=handle, VisibilityTimeout=0)
        self.wake()


def _record(message: Mapping[str, Any], queue_arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": message.get("MessageAttributes", {}),
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
