"""The real use cases as programs that stop before every call of a port, and go on with whatever answer they are given.

A use case is deterministic in the answers it has had. So a running function is a ``Point``: what was started, and the
answers so far. Running it again from its beginning with those answers leads to its next call, which is then known for
every state of the world in which a function has come this far.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import patch

from invoice_capture.use_cases.polling import ask_provider, poll_loop, poll_submissions, round_of_requests
from invoice_capture.use_cases.shared import submitter
from invoice_capture.use_cases.steps import check_submissions

# The poll schedule is no part of the protocol: every unfinished job is looked at again so much later.
_SECONDS_TO_NEXT_POLL = 20.0


@dataclass(frozen=True)
class Call:
    """A call of a port that waits for its answer."""

    port: str
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.port}.{self.method}"

    @property
    def about(self) -> Any:
        return self.args[0] if self.args else None


@dataclass(frozen=True)
class Raised:
    """The answer of a port that raises, or the end of a function that does."""

    kind: type[Exception]
    text: str

    @classmethod
    def of(cls, error: Exception) -> Raised:
        return cls(type(error), str(error))

    def error(self) -> Exception:
        return self.kind(self.text)


@dataclass(frozen=True)
class Returned:
    value: Any


class _Stopped(BaseException):
    """Leaves a use case at the first call that has no answer yet."""

    def __init__(self, call: Call) -> None:
        self.call = call


class _NotRepeatable(BaseException):
    """A use case did something else with the same answers: chance that is not taken out of it here."""


@dataclass(eq=False)
class Point:
    """How far a function has come: ``next`` is the call that it makes there, or how it ends."""

    start: Hashable
    calls: tuple[Call, ...]
    answers: tuple[Any, ...]
    next: Call | Returned | Raised
    further: dict[Any, Point] = field(default_factory=dict)


class Ports:
    """All ports of one run: calls are answered from the past, and the first that is not stops the run."""

    def __init__(self, calls: tuple[Call, ...], answers: tuple[Any, ...]) -> None:
        self._past = zip(calls, answers, strict=True)

    def port(self, name: str) -> Any:
        return _Port(name, self.ask)

    def ask(self, port: str, method: str, *args: Any, **kwargs: Any) -> Any:
        call = Call(port, method, args, kwargs)
        for before, answer in self._past:
            if (before.name, before.about) != (call.name, call.about):
                raise _NotRepeatable(f"{call} instead of {before}")
            if isinstance(answer, Raised):
                raise answer.error()
            return answer
        raise _Stopped(call)


class _Port:
    def __init__(self, name: str, ask: Callable[..., Any]) -> None:
        self._name = name
        self._ask = ask

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._ask(self._name, method, *args, **kwargs)


class Programs:
    """Runs functions, each part of them once: ``run`` is given what to start, and the ports to do it with.

    While it is entered, use cases run without threads and chance.
    """

    def __init__(self, run: Callable[[Any, Ports], Any]) -> None:
        self._run = run
        self._starts: dict[Hashable, Point] = {}
        self._ports = Ports((), ())
        self._patches = ExitStack()
        self.runs = 0

    def __enter__(self) -> Self:
        for module, name, replacement in (
            (poll_loop, "new_owner", self._new_owner),
            (check_submissions, "new_owner", self._new_owner),
            (round_of_requests, "ThreadPoolExecutor", _AtOnce),
            (round_of_requests, "wait", lambda asked, return_when: (list(asked), [])),
            (submitter, "secrets", SimpleNamespace(token_hex=lambda _size: "attempt")),
            (submitter, "seconds_to_next_poll", lambda *_: _SECONDS_TO_NEXT_POLL),
            (poll_submissions, "seconds_to_next_poll", lambda *_: _SECONDS_TO_NEXT_POLL),
            (ask_provider, "random", SimpleNamespace(sample=lambda rows, _size: list(rows))),
        ):
            self._patches.enter_context(patch.object(module, name, replacement))
        return self

    def __exit__(self, *_exc: object) -> None:
        self._patches.close()

    def begin(self, start: Hashable) -> Point:
        if start not in self._starts:
            self._starts[start] = self._come_to(start, (), ())
        return self._starts[start]

    def go_on(self, point: Point, answer: Any) -> Point:
        if answer not in point.further:
            assert isinstance(point.next, Call)
            calls, answers = (*point.calls, point.next), (*point.answers, answer)
            point.further[answer] = self._come_to(point.start, calls, answers)
        return point.further[answer]

    def _come_to(self, start: Hashable, calls: tuple[Call, ...], answers: tuple[Any, ...]) -> Point:
        self.runs += 1
        self._ports = Ports(calls, answers)
        try:
            following: Call | Returned | Raised = Returned(self._run(start, self._ports))
        except _Stopped as stopped:
            following = stopped.call
        except Exception as error:  # however a function fails, the rules tell whether it may
            following = Raised.of(error)
        return Point(start, calls, answers, following)

    def _new_owner(self, provider: str) -> Any:
        """A new loop's name is asked for, so that the world can give one that is free."""
        return self._ports.ask("names", "new_owner", provider)


class _AtOnce:
    """A pool that does its work while it is given: requests of one turn are sent one after another."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...

    def shutdown(self) -> None: ...

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future
