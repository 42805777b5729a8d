"""One run of a function, which AWS may end at any moment.

A thread cannot be killed. So the one that waits for the answer is answered at once, and whatever the function does
afterwards is void: its next request, and its next wait, raise ``Ended`` on every thread that belongs to it.

Names and shapes of the ends are those of Lambda's newer runtimes, ``Sandbox.Timedout`` for the time limit and
``Runtime.ExitError`` for a process that was killed, by the memory limit for instance; what comes without an
``errorType`` is ``Lambda.Unknown`` to Step Functions. Sources: aws-lambda-runtime-interface-emulator (rapidcore's
``ErrInvokeTimeout``), https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html and
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from local_stack import callers
from local_stack.clock import ScaledClock
from local_stack.hostility.faults import Ending


class Ended(BaseException):
    """The invocation is over, and no handler of exceptions is to think that it could go on."""


class Invocation:
    """Its outcome is settled once: by the handler's answer, or by its end."""

    def __init__(self, time_limit: float) -> None:
        self.request_id = str(uuid.uuid4())
        self.is_ended = False
        self._time_limit = time_limit
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._outcome: tuple[bytes, bool] = (b"null", False)
        self._waits: set[threading.Event] = set()

    def answer(self, answer: Any, failed: bool) -> None:
        """What the handler returned or raised, as JSON; void when the invocation has been ended."""
        outcome = json.dumps(answer).encode(), failed
        with self._lock:
            if not self._settled.is_set():
                self._outcome = outcome
                self._settled.set()

    def end(self, ending: Ending, before_anybody_wakes: Callable[[], None] = lambda: None) -> bool:
        """Answer whoever waits as Lambda does, and let nothing of the function have an effect any more.

        False when it was settled already. ``before_anybody_wakes`` is called if the function itself sleeps.
        """
        outcome = json.dumps(self._words(ending)).encode(), True
        with self._lock:
            if self._settled.is_set():
                return False
            self.is_ended, self._outcome = True, outcome
            if self._waits:
                before_anybody_wakes()
            for wait in self._waits:
                wait.set()
            self._settled.set()
        return True

    def outcome(self) -> tuple[bytes, bool]:
        """The JSON answer and whether it is an error, once it is settled."""
        self._settled.wait()
        return self._outcome

    def go_on(self) -> None:
        """Raises Ended when the invocation is over."""
        if self.is_ended:
            raise Ended

    @contextmanager
    def waiting(self) -> Iterator[threading.Event]:
        """An event that is set when the invocation ends."""
        event = threading.Event()
        with self._lock:
            if self.is_ended:
                raise Ended
            self._waits.add(event)
        try:
            yield event
        finally:
            with self._lock:
                self._waits.discard(event)
        self.go_on()

    def _words(self, ending: Ending) -> dict[str, str]:
        said = {
            "Sandbox.Timedout": f"Task timed out after {self._time_limit:.2f} seconds",
            "Runtime.ExitError": "Runtime exited with error: signal: killed",
            "Lambda.Unknown": "Process exited before completing request",
        }[ending]
        words = {"errorMessage": f"RequestId: {self.request_id} Error: {said}"}
        return words if ending == "Lambda.Unknown" else {"errorType": ending, **words}


class FunctionClock:
    """The stack's clock as functions have it: a wait is over when their invocation is."""

    def __init__(self, clock: ScaledClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Wait as part of a block of work. Raises Ended when the invocation is over."""
        caller = callers.current()
        if caller is None or caller.invocation is None:
            self._clock.sleep(seconds)
            return
        with caller.invocation.waiting() as over:
            self._clock.wait(over, seconds)
