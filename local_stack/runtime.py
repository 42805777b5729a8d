"""Runs the handlers the way Lambda does: synchronous, asynchronous with retries, from a queue, on a schedule.

A function that is over its time limit is ended, as AWS ends it, and so is one that the script of faults ends; the time
it waits for a turn on this machine does not count. What comes after an end gets a fresh container.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from local_stack import callers, counting
from local_stack.asynchronous import AsynchronousEvents
from local_stack.callers import Caller
from local_stack.clock import ScaledClock, Timer
from local_stack.event_source import QueuePump
from local_stack.hostility.concurrency import Concurrency
from local_stack.hostility.faults import Faults
from local_stack.hostility.gate import Gate
from local_stack.hostility.invocations import Ended, Invocation
from local_stack.metrics import QueueAges
from local_stack.moto_patches import TableCall
from local_stack.stream_source import StreamPump
from local_stack.template import Function, Resources

_LOG = logging.getLogger(__name__)
# Limits of this machine, not of AWS, whose own are in ``Concurrency``: an invocation that waits for a turn here counts
# there. Everything shares one interpreter, so more handlers at a time would only take turns. Batches of messages are
# much work each, in programs of their own as well: of each function, as many run as there are cores.
_CONCURRENT_HANDLERS = 16
MOST_BATCHES = os.cpu_count() or 1

Handler = Callable[[Any, Any], Any]
NewContainer = Callable[[Function], Callable[[], AbstractContextManager[None]]]


@dataclass(frozen=True)
class LambdaContext:
    """What a handler may ask of its context. ``deadline`` is one of the time that the clock has ``lived``."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    deadline: float
    clock: ScaledClock
    aws_request_id: str
    function_version: str = "$LATEST"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - self.clock.lived()) * 1000))


@dataclass(frozen=True)
class _Container:
    """A loaded function; ``environment`` is entered around every call of its handler."""

    handler: Handler
    environment: Callable[[], AbstractContextManager[None]]


class Runtime:
    """The functions of a stack.

    ``new_container`` makes what is entered around every call of a handler: the environment of its function, with what
    a warm container keeps.
    """

    def __init__(
        self, resources: Resources, clock: ScaledClock, new_container: NewContainer, faults: Faults, gate: Gate
    ) -> None:
        self._resources = resources
        self._clock = clock
        self._new_container = new_container
        self._gate = gate
        self._containers: dict[str, _Container] = {}
        self._loading = threading.Lock()
        self._concurrency = Concurrency(resources.functions, faults)
        self._slots = threading.BoundedSemaphore(_CONCURRENT_HANDLERS)
        self._batches = {
            source.function_name: threading.BoundedSemaphore(MOST_BATCHES) for source in resources.event_sources
        }
        # A container answers one request at a time, and what routes requests in a handler relies on it: it keeps the
        # event in a variable that all of its instances share.
        self._turns = {name: threading.Lock() for api in resources.apis for name in api.function_names}
        self._events = AsynchronousEvents(clock, faults, self._call, self._in_role_of, _CONCURRENT_HANDLERS)
        self._pumps = {
            source.queue_arn: QueuePump(source, clock, self._invoke_with_batch, self._poller_of(source.function_name))
            for source in resources.event_sources
        }
        self._queue_ages = QueueAges(self._pumps)
        self._streams = [
            StreamPump(source, clock, faults, self.invoke, self._poller_of(source.function_name))
            for source in resources.streams
        ]
        self._stopped = False

    def start(self) -> None:
        """Begin to take messages from queues and to keep the schedules."""
        self._queue_ages.start()
        for pump in self._pumps.values():
            pump.start()
        for schedule in self._resources.schedules:
            self._arm(schedule.function_name, schedule.every_seconds)

    def stop(self) -> None:
        """Start nothing more. Handlers that run are not waited for; what they still invoke fails."""
        self._stopped = True
        self._queue_ages.stop()
        for pump in self._pumps.values():
            pump.stop()
        for stream in self._streams:
            stream.stop()
        self._events.stop()

    def pump_of(self, queue_arn: str) -> QueuePump | None:
        """Who hands the messages of a queue to a function, if anybody does."""
        return self._pumps.get(queue_arn)

    def table_called(self, call: TableCall) -> None:
        for stream in self._streams:
            stream.table_called(call)

    @property
    def knows_all_changes(self) -> bool:
        """Whether everything that was changed in the table was handed to whoever is told of it."""
        return all(stream.is_idle for stream in self._streams)

    @contextmanager
    def unaware(self) -> Iterator[None]:
        """Hand over nothing of what is changed in the block, nor of what was changed shortly before."""
        for stream in self._streams:
            stream.forget()
            stream.is_deaf = True
        try:
            yield
        finally:
            for stream in self._streams:
                stream.is_deaf = False

    def invoke(
        self, function_name: str, payload: bytes, invocation_type: str = "RequestResponse"
    ) -> tuple[bytes, bool]:
        """The JSON answer of a function and whether it is an error; an asynchronous event is only accepted.

        Raises:
            Throttled: too many run already.
        """
        function = self._resources.functions[function_name]
        if invocation_type == "Event":
            self._events.accept(function, payload)
            return b"", False
        return self._call(function, payload)

    def tick(self, function_name: str) -> tuple[bytes, bool]:
        """Run a scheduled function now. Raises Throttled when too many run already."""
        with self._clock.work():
            return self._call(self._resources.functions[function_name], self._scheduled_event())

    def _invoke_with_batch(self, function_name: str, payload: bytes) -> tuple[bytes, bool]:
        turn = self._turn_of(self._batches[function_name])
        return self._call(self._resources.functions[function_name], payload, turn)

    @contextmanager
    def _turn_of(self, slots: threading.BoundedSemaphore) -> Iterator[None]:
        """A turn on this machine. Waiting for one is no work: time passes for those who sleep in theirs."""
        if not slots.acquire(blocking=False):
            self._clock.end_work()
            slots.acquire()
            self._clock.begin_work()
        try:
            yield
        finally:
            slots.release()

    def _call(
        self, function: Function, payload: bytes, turn: AbstractContextManager[object] | None = None
    ) -> tuple[bytes, bool]:
        event = json.loads(payload)
        if self._stopped:
            return json.dumps({"errorType": "Stopped", "errorMessage": "The local stack has ended."}).encode(), True
        with (
            self._concurrency.admitted(function),
            turn or nullcontext(),
            self._turns.get(function.name, nullcontext()),
            self._turn_of(self._slots),
        ):
            return self._run(function, event)

    def _run(self, function: Function, event: Any) -> tuple[bytes, bool]:
        invocation = Invocation(function.timeout)
        try:
            container = self._container(function)
        except Exception as error:
            return self._failed(function, invocation, error)
        run = _Run(self._clock, function.timeout, invocation)
        # What is attributed to whom goes along to the thread.
        work = copy_context().run
        arguments = (self._handle, function, container, invocation, event, run)
        threading.Thread(target=work, args=arguments, name=function.logical_id, daemon=True).start()
        answer, failed = invocation.outcome()
        run.limit.cancel()
        if invocation.is_ended:
            _LOG.warning("%s was ended: %s", function.logical_id, answer.decode())
            with self._loading:
                if self._containers.get(function.name) is container:
                    del self._containers[function.name]
        return answer, failed

    def _handle(self, function: Function, container: _Container, invocation: Invocation, event: Any, run: _Run) -> None:
        context = LambdaContext(
            function_name=function.name,
            invoked_function_arn=function.arn,
            memory_limit_in_mb=function.memory_megabytes,
            deadline=run.deadline,
            clock=self._clock,
            aws_request_id=invocation.request_id,
        )
        caller = Caller(function.logical_id, self._resources.roles.get(function.role_arn), invocation)
        try:
            with callers.acting_as(caller), counting.attributed_to(event), container.environment():
                self._gate.handler("before")
                answer = container.handler(event, context)
                self._gate.handler("after")
            invocation.answer(answer, failed=False)
        except Ended:
            _LOG.debug("%s saw its end", function.logical_id)
        except Exception as error:
            if not invocation.is_ended:
                said, _ = self._failed(function, invocation, error)
                invocation.answer(json.loads(said), failed=True)
        except BaseException:
            # Such as sys.exit: the process is gone.
            invocation.end("Runtime.ExitError")
        finally:
            run.is_over()

    def _failed(self, function: Function, invocation: Invocation, error: Exception) -> tuple[bytes, bool]:
        _LOG.error("%s failed", function.logical_id, exc_info=error)
        said = {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": invocation.request_id,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
        return json.dumps(said).encode(), True

    def _container(self, function: Function) -> _Container:
        with self._loading:
            if function.name not in self._containers:
                module_name, _, attribute = function.handler.rpartition(".")
                path = function.folder / f"{module_name}.py"
                spec = importlib.util.spec_from_file_location(f"local_stack_{function.logical_id}", path)
                if spec is None or spec.loader is None:
                    raise ImportError(f"{path} is no Python module")
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                self._containers[function.name] = _Container(getattr(module, attribute), self._new_container(function))
            return self._containers[function.name]

    def _in_role_of(self, function: Function) -> AbstractContextManager[None]:
        """What Lambda does for a function, it does in the function's role."""
        return callers.acting_as(Caller(function.logical_id, self._resources.roles.get(function.role_arn)))

    def _poller_of(self, function_name: str) -> Callable[[], AbstractContextManager[None]]:
        function = self._resources.functions[function_name]
        return lambda: self._in_role_of(function)

    def _arm(self, function_name: str, every_seconds: float) -> None:
        """EventBridge invokes its targets asynchronously."""

        def run() -> None:
            self._arm(function_name, every_seconds)
            self._events.accept(self._resources.functions[function_name], self._scheduled_event())

        if not self._stopped:
            self._clock.call_later(every_seconds, run)

    def _scheduled_event(self) -> bytes:
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "time": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resources": [],
            "detail": {},
        }
        return json.dumps(event).encode()


class _Run:
    """Sees to it that an invocation ends at its time limit, in time that the clock has lived."""

    def __init__(self, clock: ScaledClock, seconds: float, invocation: Invocation) -> None:
        self._clock = clock
        self._invocation = invocation
        self._has_block = False
        self.deadline = clock.lived() + seconds
        self.limit: Timer = clock.call_later(seconds, self._check)

    def is_over(self) -> None:
        """The function's thread is done."""
        if self._has_block:
            self._clock.end_work()

    def _check(self) -> None:
        left = self.deadline - self._clock.lived()
        if left > 0:
            # The clock was set forward, which is no time to work in.
            self.limit = self._clock.call_later(left, self._check)
        else:
            self._invocation.end("Sandbox.Timedout", self._hold)

    def _hold(self) -> None:
        """A function that slept wakes up to a block of work of its own, before whoever waits for it goes on."""
        self._clock.begin_work()
        self._has_block = True
