"""Who acts on a thread: a function in an invocation, or a state machine; nobody where the stack itself does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from local_stack.hostility.invocations import Invocation
    from local_stack.iam.policies import Role


@dataclass(frozen=True)
class Caller:
    """Whoever acts by its logical id, in its role, and in its invocation if it is a function."""

    name: str
    role: Role | None
    invocation: Invocation | None = None


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current() -> Caller | None:
    return _caller.get()


@contextmanager
def acting_as(caller: Caller | None) -> Iterator[None]:
    """What this thread does in the block is done by a caller; by the stack itself when it is None."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


@contextmanager
def inherited() -> Iterator[None]:
    """Threads that an invocation starts belong to it, also those of a pool."""
    submit, start = ThreadPoolExecutor.submit, threading.Thread.start

    def submit_as_caller(
        pool: ThreadPoolExecutor, task: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        caller = _caller.get()
        if caller is None or caller.invocation is None:
            return submit(pool, task, *args, **kwargs)
        return submit(pool, _as(caller, task), *args, **kwargs)

    def start_as_caller(thread: threading.Thread) -> None:
        caller = _caller.get()
        if caller is not None and caller.invocation is not None:
            thread.run = _as(caller, thread.run)  # type: ignore[method-assign]
        start(thread)

    with ExitStack() as patches:
        patches.enter_context(patch.object(ThreadPoolExecutor, "submit", submit_as_caller))
        patches.enter_context(patch.object(threading.Thread, "start", start_as_caller))
        yield


def _as(caller: Caller, task: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        with acting_as(caller):
            return task(*args, **kwargs)

    return run
