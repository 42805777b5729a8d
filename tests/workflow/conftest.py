"""A running local stack for the workflow tests: the real state machines and handlers, on moto.

One stack lives for all tests of this package in a process, and is emptied before each. ``stack.scripted.script`` sets
the scripted provider's latency and faults, ``stack.clock`` jumps ahead or changes the time scale.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import invoice_capture
import invoice_engine
from local_stack.stack import LocalStack
from tests.workflow.samples import printed
from tools.schemas import MESSAGES, check

# The beginnings of API keys, keys of webhooks and signatures of links, and where task tokens stand.
_OPENING_DOORS = ("ick_", "whsec_", "X-Amz-Signature", '"task_token"', '"taskToken"')
# Shorter names stand in many a line.
_NO_COINCIDENCE = 6

Running = Callable[..., AbstractContextManager[LocalStack]]


class Stacks:
    """The one stack that may run in a process; other options need another one."""

    def __init__(self) -> None:
        self._options: Mapping[str, object] = {}
        self._stack: LocalStack | None = None
        self._log = io.StringIO()

    def get(self, **options: object) -> LocalStack:
        if self._stack is not None and options == self._options:
            self._stack.clock.scale = float(str(options.get("time_scale", 1.0)))
            self._stack.reset()
            return self._stack
        self.close()
        self._stack = LocalStack(**{"log": self._log, **options}).__enter__()  # type: ignore[arg-type]
        self._options = options
        return self._stack

    def denied(self) -> list[str]:
        """What the roles of the present stack were refused."""
        return [] if self._stack is None else [str(denial) for denial in self._stack.permissions.denied]

    def told(self) -> list[Mapping[str, Any]]:
        """What the present stack has told since it was emptied."""
        return [] if self._stack is None else [notice.message for notice in self._stack.notifications()]

    def logged(self) -> list[str]:
        """The lines that functions wrote since the last time."""
        text = self._log.getvalue()
        self._log.seek(0)
        self._log.truncate()
        return [line for line in text.splitlines() if line.startswith("{")]

    def documents(self) -> set[str]:
        """What the documents are called that were dropped into the present stack since it was emptied."""
        return set() if self._stack is None else {Path(key).name for key, _version in list(self._stack._job_of)}

    def close(self) -> None:
        if self._stack is not None:
            self._stack.__exit__(None, None, None)
        self._stack = None


@pytest.fixture(scope="package", autouse=True)
def _built_layers_are_used() -> None:
    """Where ``make test-built`` says so; a copy of the project, which some tests make, has layers of its own."""
    built = os.environ.get("BUILT_LAYERS")
    if built and Path(built).is_relative_to(Path.cwd()):
        for package in (invoice_capture, invoice_engine):
            assert Path(str(package.__file__)).is_relative_to(built), f"{package.__name__} is not the built one"


@pytest.fixture(scope="package")
def stacks() -> Iterator[Stacks]:
    running = Stacks()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _no_permission_is_missing(stacks: Stacks) -> Iterator[None]:
    """A denial may hide behind what is tried again, or behind what is no failure."""
    yield
    assert stacks.denied() == []


@pytest.fixture(autouse=True)
def _every_message_fits_its_schema(stacks: Stacks) -> Iterator[None]:
    """And has no field that none has written down."""
    yield
    for message in stacks.told():
        check(message)
        Draft202012Validator(MESSAGES[message["event"]].model_json_schema()).validate(message)


@pytest.fixture(autouse=True)
def _logs_tell_nothing_of_documents(stacks: Stacks) -> Iterator[None]:
    """No name, no value that stands on a sample, no key, no token, no link: whatever a test brings about."""
    stacks.logged()
    yield
    names = {name for name in stacks.documents() if len(name) >= _NO_COINCIDENCE}
    for line in stacks.logged():
        told = [text for text in (*names, *printed(), *_OPENING_DOORS) if text in line]
        assert not told, f"{told} in {line}"


@pytest.fixture
def stack(stacks: Stacks) -> LocalStack:
    """An empty stack with default parameters, in real time."""
    return stacks.get()


@pytest.fixture
def stack_with(stacks: Stacks) -> Callable[..., LocalStack]:
    """An empty stack with options of ``LocalStack``: ``parameters``, ``provider_settings``, ``time_scale``."""
    return stacks.get


@pytest.fixture
def running(stacks: Stacks) -> Running:
    """An empty stack whose waits pass quickly, with a scripted provider behind the loop as the default route."""

    @contextmanager
    def run(route: str = "scripted", hours: int = 72, **script: float) -> Iterator[LocalStack]:
        stack = stacks.get(time_scale=50_000, parameters={"DefaultRoute": route, "JobDeadlineHours": str(hours)})
        for name, value in script.items():
            setattr(stack.scripted.script, name, value)
        yield stack

    return run
