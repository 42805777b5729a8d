"""A few things at the same time, on threads that nobody has to wait for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_THREADS = 4


class Parallel(Generic[T, R]):
    """Calls ``function`` with every item, several at a time.

    Threads are daemons, so that a request which hangs holds no Ctrl-C up.
    """

    def __init__(self, function: Callable[[T], R], items: Iterable[T], threads: int = _THREADS) -> None:
        self._function = function
        self._waiting: queue.SimpleQueue[tuple[int, T]] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, R | BaseException]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._missing = 0
        for place, item in enumerate(items):
            self._waiting.put((place, item))
            self._missing += 1
        self._threads = [
            threading.Thread(target=self._work, name="invoice-capture", daemon=True)
            for _ in range(min(threads, self._missing))
        ]
        for thread in self._threads:
            thread.start()

    def results(self) -> Iterator[R]:
        """The results as they come. An exception of the function is raised here."""
        while self._missing:
            yield self._take()[1]

    def in_order(self) -> Iterator[R]:
        """The results in the order of the items."""
        ready: dict[int, R] = {}
        following = 0
        while self._missing or ready:
            while following not in ready:
                place, result = self._take()
                ready[place] = result
            yield ready.pop(following)
            following += 1

    def stop(self, max_wait: float) -> Iterator[R]:
        """Begin nothing more; the results of what was under way, as far as they come within ``max_wait`` seconds."""
        self._stopped.set()
        until = time.monotonic() + max_wait
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        while True:
            try:
                _, result = self._done.get_nowait()
            except queue.Empty:
                return
            if not isinstance(result, BaseException):
                yield result

    def _take(self) -> tuple[int, R]:
        place, result = self._done.get()
        self._missing -= 1
        if isinstance(result, BaseException):
            self._stopped.set()
            raise result
        return place, result

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                place, item = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self._done.put((place, self._function(item)))
            except BaseException as exc:
                self._done.put((place, exc))
