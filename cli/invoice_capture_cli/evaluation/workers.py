"""Processes that read and draw documents: one document each at a time, and none of them can take the others down."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Generic, ParamSpec, TypeVar

from invoice_capture_cli.parallel import Parallel

P = ParamSpec("P")
R = TypeVar("R")

# The engine ends reading by itself before; this is for a library that never comes back.
LONGEST_WAIT_SECONDS = 90.0
_MEMORY_BYTES = 1 << 30


class WorkerLost(Exception):
    """The process crashed, or did not answer in time. The message says which."""


class Worker:
    """A process that calls functions; a new one after each that was lost."""

    def __init__(self, max_wait: float = LONGEST_WAIT_SECONDS) -> None:
        self._max_wait = max_wait
        self._starting = threading.Lock()
        self._closed = False
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What ``function`` returns; it and everything else can be pickled, and it raises nothing.

        Raises WorkerLost.
        """
        pipe = self._ready()
        try:
            pipe.send((function, args, kwargs))
            if not pipe.poll(self._max_wait):
                self._end()
                raise WorkerLost(f"took longer than {self._max_wait:g} seconds")
            answer: R = pipe.recv()
        except (EOFError, OSError) as exc:
            self._end()
            raise WorkerLost("crashed") from exc
        return answer

    def close(self) -> None:
        """End the process, whatever it does, for good."""
        # One that is just being started would complain of being left alone.
        with self._starting:
            self._closed = True
            self._end()

    def _end(self) -> None:
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if process is not None:
            if sys.platform != "win32" and process.pid and process.is_alive():
                # Its Tesseract is of its group, which it leads as soon as it serves.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()

    def _ready(self) -> Connection:
        with self._starting:
            if self._closed:
                raise WorkerLost("was stopped")
            if self._pipe is None or self._process is None or not self._process.is_alive():
                self._end()
                context = multiprocessing.get_context("spawn")
                self._pipe, theirs = context.Pipe()
                self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
                with _without_interrupts():
                    self._process.start()
                theirs.close()
            return self._pipe


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What is started in here hears of Ctrl-C only when it is ready for it."""
    if sys.platform == "win32":
        yield
        return
    # Starting it later, among what follows, would end the mask.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection) -> None:
    # Ctrl-C is for the process that asked, which ends this one. A handler is not inherited by the programs that are
    # started from here, ignoring would be.
    signal.signal(signal.SIGINT, lambda *_: None)
    if sys.platform != "win32":
        import resource

        os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        # A document that wants all the memory there is fails instead, before the machine ends other programs for it.
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    while True:
        try:
            function, args, kwargs = pipe.recv()
            pipe.send(function(*args, **kwargs))
        except (EOFError, BrokenPipeError):
            return


class Workers(Generic[R]):
    """Calls a function with many arguments on several workers, one per core when None, and closes them when left."""

    def __init__(self, count: int | None) -> None:
        self._workers = [Worker() for _ in range(count or os.cpu_count() or 1)]
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def __enter__(self) -> Workers[R]:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()

    def results(
        self, function: Callable[..., R], jobs: Iterable[tuple[Any, ...]], lost: Callable[[tuple[Any, ...], str], R]
    ) -> Iterator[R]:
        """The results as they come. ``lost`` makes one of the arguments of a call whose process was lost, and why."""

        def run(job: tuple[Any, ...]) -> R:
            worker = self._idle.get()
            try:
                return worker.call(function, *job)
            except WorkerLost as exc:
                return lost(job, str(exc))
            finally:
                self._idle.put(worker)

        work = Parallel(run, jobs, threads=len(self._workers))
        try:
            yield from work.results()
        finally:
            list(work.stop(0.0))
