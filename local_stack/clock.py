"""The stack's clock: waiting is shortened, work is not.

While every thread of the stack waits, stack time runs ``scale`` times faster than real time; while anything
works, it runs at real speed. A 24-hour wait therefore takes seconds, yet a handler that needs 100 ms costs 100 ms
of stack time, so leases, deadlines and safety nets do not fire merely because the machine is slow for the scale.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_LOG = logging.getLogger(__name__)
_LONGEST_NAP_SECONDS = 3600.0


class Timer:
    """A callback that is due at a stack time. It runs on the clock's thread, so it must be short."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    @property
    def is_cancelled(self) -> bool:
        return self._callback is None

    def cancel(self) -> None:
        self._callback = None

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class ScaledClock:
    """A clock whose idle time runs ``scale`` times faster than real time; seconds are stack seconds.

    Raises:
        ValueError: ``scale`` is not above zero.
    """

    def __init__(self, scale: float = 1.0, start: datetime | None = None) -> None:
        self._changed = threading.Condition()
        self._start = start or datetime.now(UTC)
        self._elapsed = 0.0
        self._jumped = 0.0
        self._marked_at = time.monotonic()
        self._working = 0
        self._timers: list[tuple[float, int, Timer]] = []
        self._sequence = itertools.count()
        self._closed = False
        self._scale = _positive(scale)
        self._thread = threading.Thread(target=self._run_timers, name="stack-clock", daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        """The stack's time, aware UTC."""
        return self._start + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        """Seconds since the clock was made; never goes back."""
        with self._changed:
            return self._mark()

    def lived(self) -> float:
        """Seconds that have passed without those that were jumped over, in which nobody did anything."""
        with self._changed:
            return self._mark() - self._jumped

    @property
    def scale(self) -> float:
        return self._scale

    @scale.setter
    def scale(self, scale: float) -> None:
        with self._changed:
            self._mark()
            self._scale = _positive(scale)
            self._changed.notify_all()

    def advance(self, seconds: float) -> None:
        """Jump forward; whatever became due happens at once."""
        with self._changed:
            self._mark()
            self._elapsed += max(0.0, seconds)
            self._jumped += max(0.0, seconds)
            self._changed.notify_all()

    @property
    def at_work(self) -> int:
        """How many blocks of work are open."""
        return self._working

    def begin_work(self) -> None:
        with self._changed:
            self._mark()
            self._working += 1

    def end_work(self) -> None:
        with self._changed:
            self._mark()
            self._working -= 1
            if self._working <= 0 and self._scale != 1:
                self._changed.notify_all()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Time runs at real speed in this block."""
        self.begin_work()
        try:
            yield
        finally:
            self.end_work()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` on the clock's thread after ``seconds``; never when the clock is closed."""
        timer = Timer(callback)
        with self._changed:
            if self._closed:
                timer.cancel()
            else:
                heapq.heappush(self._timers, (self._mark() + seconds, next(self._sequence), timer))
                self._changed.notify_all()
        return timer

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait, as part of a block of work, until ``event`` is set or ``seconds`` have passed.

        Returns whether somebody else set the event. It is set afterwards in either case, because it is what the
        waiting thread and the clock share. A closed clock lets nobody wait.
        """
        ran_out = threading.Event()

        def run_out() -> None:
            if not event.is_set():
                # The waiting thread's work begins now, not when it is scheduled, or the idle time in between
                # would be stretched by the scale.
                self.begin_work()
                ran_out.set()
                event.set()

        timer = self.call_later(seconds, run_out)
        if timer.is_cancelled:
            event.set()
            return False
        self.end_work()
        event.wait()
        timer.cancel()
        if not ran_out.is_set():
            self.begin_work()
        return not ran_out.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait, as part of a block of work; of its helper threads, too, several of which may be waiting."""
        self.wait(threading.Event(), seconds)

    def close(self) -> None:
        """End all waits now and start none; the time still runs."""
        with self._changed:
            self._closed = True
            timers, self._timers = self._timers, []
            self._changed.notify_all()
        for _, _, timer in timers:
            timer.fire()

    def _rate(self) -> float:
        return min(1.0, self._scale) if self._working > 0 else self._scale

    def _mark(self) -> float:
        real = time.monotonic()
        elapsed = self._elapsed + (real - self._marked_at) * self._rate()
        while self._timers and self._timers[0][2].is_cancelled:
            heapq.heappop(self._timers)
        if self._working <= 0 and self._timers:
            # A machine that is busy elsewhere wakes this clock late. What is due comes first: idle time never runs
            # past a timer that has not fired.
            elapsed = min(elapsed, max(self._elapsed, self._timers[0][0]))
        self._elapsed, self._marked_at = elapsed, real
        return self._elapsed

    def _run_timers(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                due = self._next_due()
            if due is not None:
                try:
                    due.fire()
                except Exception:
                    # One bad callback must not stop the clock of everybody else.
                    _LOG.exception("A timer of the local stack failed")

    def _next_due(self) -> Timer | None:
        """The next timer if it is due; otherwise None, after a wait for it or for news."""
        if not self._timers:
            self._changed.wait()
            return None
        remaining = self._timers[0][0] - self._mark()
        if remaining <= 0:
            return heapq.heappop(self._timers)[2]
        self._changed.wait(min(_LONGEST_NAP_SECONDS, remaining / self._rate()))
        return None


def _positive(scale: float) -> float:
    if not 0 < scale < float("inf"):
        raise ValueError(f"The time scale must be a number above zero, not {scale:g}.")
    return scale
