"""Waiting for what surely comes, however busy the machine is; work counted instead of timed; children that end.

A limit of a clock's seconds says how busy the machine is. What has to be quick is therefore counted in seconds of the
processor, or compared with other work of the same run; what has to come is waited for with patience; and what must not
be waited for never comes, so that a test which waits for it is ended by its timeout.
"""

from __future__ import annotations

import codecs
import os
import pty
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")

# Ten times and more what the slowest of these takes on an idle machine.
PATIENCE_SECONDS = 240.0
_LOOK_EVERY_SECONDS = 0.01


def wait_until(holds: Callable[[], T], what: str = "It") -> T:
    """What ``holds`` returns once that is true. Raises AssertionError, with ``what``, when patience is at its end."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < give_up_at, f"{what} did not happen within {PATIENCE_SECONDS:g} s"
        time.sleep(_LOOK_EVERY_SECONDS)
    return found


class ProcessorTime:
    """Seconds of the processor that this process, or ``who`` of getrusage, has worked since this was made."""

    def __init__(self, who: int = resource.RUSAGE_SELF) -> None:
        self._who = who
        self._before = self._worked()

    @property
    def seconds(self) -> float:
        return self._worked() - self._before

    def _worked(self) -> float:
        usage = resource.getrusage(self._who)
        return usage.ru_utime + usage.ru_stime


@contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process with its output in pipes, as text. However the block ends, so does it, and all that it started."""
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **{**piped, **options}, start_new_session=True) as process:
        try:
            yield process
        finally:
            # Those that it left behind are of its group even when it has ended itself.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


class Terminal:
    """A terminal without a window. ``side`` is what a child writes to."""

    def __init__(self) -> None:
        self._read, self.side = pty.openpty()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._shown = ""

    def read_until(self, text: str) -> None:
        """Returns when ``text`` has been shown. Raises AssertionError when patience is at its end."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while text not in self._shown:
            ready, _, _ = select.select([self._read], [], [], max(0.0, give_up_at - time.monotonic()))
            assert ready, f"{text!r} was not shown within {PATIENCE_SECONDS:g} s, but {self._shown!r}"
            self._shown += self._decoder.decode(os.read(self._read, 4096))

    def read_all(self) -> str:
        """Everything that was shown by children that have ended."""
        while select.select([self._read], [], [], 0)[0]:
            self._shown += self._decoder.decode(os.read(self._read, 4096))
        return self._shown

    def close(self) -> None:
        os.close(self._read)
        os.close(self.side)


@contextmanager
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    try:
        yield made
    finally:
        made.close()


def run_to_end(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Output and status of a command that ends by itself, or is ended when patience is at its end."""
    with child(command, **options) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(command, process.returncode, out, err)
