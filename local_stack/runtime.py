"""Runs the handlers the way Lambda does: synchronous, asynchronous with retries, from a queue, on a schedule."""

from __future__ import annotations

import importlib.util
import json
import logging
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3

from local_stack import counting
from local_stack.clock import ScaledClock
from local_stack.event_source import QueuePump
from local_stack.template import Function, Resources

_LOG = logging.getLogger(__name__)
# Lambda waits a minute before the second attempt of an asynchronous event and two before the third.
_RETRY_DELAYS_SECONDS = (60.0, 120.0)
_CONCURRENT_HANDLERS = 16

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class LambdaContext:
    """What a handler may ask of its context."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    deadline: float
    clock: ScaledClock
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - self.clock.elapsed()) * 1000))


@dataclass
class _AsyncEvent:
    payload: bytes
    accepted_at: datetime
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0


class Runtime:
    """The functions of a stack.

    ``environment_of`` is entered around every call of a handler and gives it its function's environment.
    """

    def __init__(
        self,
        resources: Resources,
        clock: ScaledClock,
        environment_of: Callable[[Function], AbstractContextManager[None]],
    ) -> None:
        self._resources = resources
        self._clock = clock
        self._environment_of = environment_of
        self._handlers: dict[str, Handler] = {}
        self._loading = threading.Lock()
        # Everything shares one interpreter: more handlers at a time would only take turns.
        self._slots = threading.BoundedSemaphore(_CONCURRENT_HANDLERS)
        # A container answers one request at a time, and what routes requests in a handler relies on it: it keeps the
        # event in a variable that all of its instances share.
        self._turns = {name: threading.Lock() for api in resources.apis for name in api.function_names}
        self._pool = ThreadPoolExecutor(_CONCURRENT_HANDLERS, thread_name_prefix="async-invocation")
        self._pumps = {source.queue_arn: QueuePump(source, clock, self.invoke) for source in resources.event_sources}
        self._stopped = False

    def start(self) -> None:
        """Begin to take messages from queues and to keep the schedules."""
        for pump in self._pumps.values():
            pump.start()
        for schedule in self._resources.schedules:
            self._arm(schedule.function_name, schedule.every_seconds)

    def stop(self) -> None:
        """Start nothing more. Handlers that run are not waited for; what they still invoke fails."""
        self._stopped = True
        for pump in self._pumps.values():
            pump.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def message_arrived(self, queue_arn: str) -> None:
        if pump := self._pumps.get(queue_arn):
            pump.wake()

    def invoke(
        self, function_name: str, payload: bytes, invocation_type: str = "RequestResponse"
    ) -> tuple[bytes, bool]:
        """The JSON answer of a function and whether it is an error; an asynchronous event is only accepted."""
        function = self._resources.functions[function_name]
        if invocation_type == "Event":
            self._later(function, _AsyncEvent(payload, self._clock.now()))
            return b"", False
        return self._call(function, payload)

    def tick(self, function_name: str) -> tuple[bytes, bool]:
        """Run a scheduled function now."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "time": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resources": [],
            "detail": {},
        }
        with self._clock.work():
            return self._call(self._resources.functions[function_name], json.dumps(event).encode())

    def _call(self, function: Function, payload: bytes) -> tuple[bytes, bool]:
        event = json.loads(payload)
        if self._stopped:
            return json.dumps({"errorType": "Stopped", "errorMessage": "The local stack has ended."}).encode(), True
        with self._turns.get(function.name, nullcontext()):
            return self._run(function, event)

    def _run(self, function: Function, event: Any) -> tuple[bytes, bool]:
        context = LambdaContext(
            function_name=function.name,
            invoked_function_arn=function.arn,
            memory_limit_in_mb=function.memory_megabytes,
            deadline=self._clock.elapsed() + function.timeout,
            clock=self._clock,
        )
        try:
            with self._slots, counting.attributed_to(event), self._environment_of(function):
                answer = self._handler(function)(event, context)
            return json.dumps(answer).encode(), False
        except Exception as error:
            _LOG.exception("%s failed", function.logical_id)
            return json.dumps(_error_answer(error, context)).encode(), True

    def _handler(self, function: Function) -> Handler:
        with self._loading:
            if function.name not in self._handlers:
                module_name, _, attribute = function.handler.rpartition(".")
                path = function.folder / f"{module_name}.py"
                spec = importlib.util.spec_from_file_location(f"local_stack_{function.logical_id}", path)
                if spec is None or spec.loader is None:
                    raise ImportError(f"{path} is no Python module")
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                self._handlers[function.name] = getattr(module, attribute)
            return self._handlers[function.name]

    def _later(self, function: Function, event: _AsyncEvent) -> None:
        self._work_in_background(lambda: self._attempt(function, event))

    def _work_in_background(self, task: Callable[[], None]) -> None:
        """Accepted work is work, also while it waits for a thread."""
        if self._stopped:
            return
        self._clock.begin_work()
        try:
            self._pool.submit(task).add_done_callback(lambda _future: self._clock.end_work())
        except RuntimeError:
            # Stopped between the look and the leap.
            self._clock.end_work()

    def _attempt(self, function: Function, event: _AsyncEvent) -> None:
        try:
            event.attempts += 1
            answer, failed = self._call(function, event.payload)
            if failed and not self._stopped:
                self._retry_or_give_up(function, event, answer)
        except Exception:
            _LOG.exception("An asynchronous invocation of %s was lost", function.logical_id)

    def _retry_or_give_up(self, function: Function, event: _AsyncEvent, answer: bytes) -> None:
        delay = _RETRY_DELAYS_SECONDS[min(event.attempts, len(_RETRY_DELAYS_SECONDS)) - 1]
        age = (self._clock.now() - event.accepted_at).total_seconds() + delay
        if event.attempts <= function.retry_attempts and age <= function.maximum_event_age:
            self._clock.call_later(delay, lambda: self._later(function, event))
            return
        if function.on_failure_arn is not None:
            condition = "RetriesExhausted" if event.attempts > function.retry_attempts else "EventAgeExceeded"
            record = _failure_record(function, event, answer, condition, self._clock.now())
            queue_name = function.on_failure_arn.rsplit(":", 1)[1]
            sqs = boto3.client("sqs")
            queue_url = sqs.get_queue_url(QueueName=queue_name)["QueueUrl"]
            sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(record))

    def _arm(self, function_name: str, every_seconds: float) -> None:
        def run() -> None:
            self.tick(function_name)
            self._arm(function_name, every_seconds)

        self._clock.call_later(every_seconds, lambda: self._work_in_background(run))


def _error_answer(error: Exception, context: LambdaContext) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": context.aws_request_id,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def _failure_record(
    function: Function, event: _AsyncEvent, answer: bytes, condition: str, now: datetime
) -> Mapping[str, Any]:
    """What Lambda sends to the destination for events it gave up."""
    return {
        "version": "1.0",
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": json.loads(answer),
    }
