"""What the functions of a local stack take: work of the processor, requests to AWS, and lines of logs.

The work of an invocation is that of its thread, without what the stack itself does there in the name of AWS, and that
of the processes beneath this one while it runs; so one document is captured after the other. Linux only, for the
latter.
"""

from __future__ import annotations

import io
import json
import os
import resource
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from local_stack.hostility.gate import Gate
from local_stack.runtime import Runtime

_TICKS = os.sysconf("SC_CLK_TCK")
_EVENT_OVERHEAD = 26
"""Bytes that CloudWatch adds to every event of a log."""
_ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
_PLATFORM_LINES = (
    f"START RequestId: {_ID} Version: $LATEST",
    f"END RequestId: {_ID}",
    f"REPORT RequestId: {_ID}\tDuration: 1234.56 ms\tBilled Duration: 1235 ms\tMemory Size: 1024 MB\t"
    "Max Memory Used: 123 MB\tXRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1\tSegmentId: 07f5xmpl2d1f6f85\t"
    "Sampled: true",
)


@dataclass(frozen=True)
class Invocation:
    """``work_seconds`` are those of the processor; ``requests`` of AWS are named as ``s3.PutObject``."""

    function: str
    memory_megabytes: int
    work_seconds: float
    requests: Counter[str]


@dataclass
class Usage:
    """What was metered."""

    invocations: list[Invocation] = field(default_factory=list)
    log_bytes: int = 0
    metrics: set[str] = field(default_factory=set)

    @property
    def log_bytes_with_platform(self) -> int:
        """With the lines that Lambda itself writes about every invocation."""
        platform = sum(len(line) + _EVENT_OVERHEAD for line in _PLATFORM_LINES)
        return self.log_bytes + platform * len(self.invocations)


class Meter(io.StringIO):
    """Also the log of the stack that it meters."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Condition()
        self._running = 0
        self._usage = Usage()
        self._present = threading.local()

    def taken(self) -> Usage:
        """What was metered since the last time. Who was answered may wait here for the function's thread to end."""
        with self._lock:
            self._lock.wait_for(lambda: not self._running)
            usage, self._usage = self._usage, Usage()
        return usage

    def write(self, text: str) -> int:
        """Functions write JSON; the lines of the stack itself begin with a date, and cost nobody anything."""
        for line in text.splitlines():
            if line.startswith("{"):
                with self._lock:
                    self._usage.log_bytes += len(line.encode()) + _EVENT_OVERHEAD
                    self._usage.metrics |= _metrics(json.loads(line))
        return len(text)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Meter what a stack that is opened inside does."""
        handle, ask, authorise = Runtime._handle, Gate.aws, Gate.authorise

        def metered(runtime: Runtime, function: Any, *arguments: Any) -> None:
            self._present.requests, self._present.elsewhere = Counter(), 0.0
            with self._lock:
                self._running += 1
            began, children = time.thread_time(), _work_of_children()
            handle(runtime, function, *arguments)
            work = time.thread_time() - began - self._present.elsewhere + _work_of_children() - children
            invocation = Invocation(function.logical_id, function.memory_megabytes, work, self._present.requests)
            with self._lock:
                self._usage.invocations.append(invocation)
                self._running -= 1
                self._lock.notify_all()

        def asked(gate: Gate, event_name: str, request: Any, send: Callable[[], Any]) -> Any:
            if hasattr(self._present, "requests"):
                self._present.requests[event_name.removeprefix("before-send.")] += 1
            with self._elsewhere():
                return ask(gate, event_name, request, send)

        def authorised(gate: Gate, *arguments: Any) -> None:
            with self._elsewhere():
                authorise(gate, *arguments)

        with (
            patch.object(Runtime, "_handle", metered),
            patch.object(Gate, "aws", asked),
            patch.object(Gate, "authorise", authorised),
        ):
            yield

    @contextmanager
    def _elsewhere(self) -> Iterator[None]:
        began = time.thread_time()
        try:
            yield
        finally:
            self._present.elsewhere = getattr(self._present, "elsewhere", 0.0) + time.thread_time() - began


def _metrics(line: dict[str, Any]) -> set[str]:
    """The metrics of an EMF line with their dimensions, each of which CloudWatch charges for."""
    return {
        f"{metric['Name']} {[line[name] for name in dimensions]}"
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for metric in directive["Metrics"]
        for dimensions in directive["Dimensions"]
    }


def _work_of_children() -> float:
    """Of those that ended and of those that run, with theirs that ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # proc_pid_stat(5), behind the name: state, parent, and further on the times of it and of its children.
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(words[1]) == os.getpid():
            ticks += sum(map(int, words[11:15]))
    return ended.ru_utime + ended.ru_stime + ticks / _TICKS
