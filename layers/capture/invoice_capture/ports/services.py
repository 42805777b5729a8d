"""The clock, Step Functions, notifications, metrics, other functions and queues."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from invoice_capture.domain.errors import CaptureError
from invoice_capture.domain.job import Job


class Clock(Protocol):
    def now(self) -> datetime:
        """The present time, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Executions(Protocol):
    def start_capture(self, job: Job, name: str) -> None:
        """Start the capture of a job; an execution of this name that exists already is the one that was wanted."""
        ...

    def start_loop(self, provider: str, owner: str) -> None:
        """Start a provider's loop under the name that owns the lease."""
        ...


class Callbacks(Protocol):
    """Both raise TokenClosed when the token was resolved before, timed out or was replaced."""

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> None: ...

    def fail(self, task_token: str, error: CaptureError) -> None: ...


class Notifier(Protocol):
    def publish(self, subject: str, message: Mapping[str, Any]) -> None: ...


class Metrics(Protocol):
    def count(self, metric: str, value: int = 1, **dimensions: str) -> None: ...


class FunctionInvoker(Protocol):
    def invoke_later(self, function: str, payload: Mapping[str, Any]) -> None:
        """Queue an asynchronous invocation."""
        ...


class MessageQueue(Protocol):
    def send(self, message: Mapping[str, Any], delay_seconds: int = 0) -> None:
        """Queue a message, to be seen after a delay of up to 900 seconds."""
        ...


class ExtractionRuns(Protocol):
    """How often the engine began to read for a submission and did not come to an end."""

    def begin(self, key: tuple[str, int]) -> int:
        """Count one more; returns how many there are by now."""
        ...

    def end(self, key: tuple[str, int]) -> None:
        """The run came to an end, whatever that was."""
        ...
