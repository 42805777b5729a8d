"""One function's view of the system, made of its environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar, cast

from invoice_capture.ports import Clock
from invoice_capture.settings import Settings
from invoice_capture.wiring.adapters import Adapters
from invoice_capture.wiring.build import build

Step = TypeVar("Step")


class Application:
    """Makes steps, each once. ``adapters`` are what stands behind their ports."""

    def __init__(self, environment: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = Settings(environment)
        self.adapters = Adapters(self._settings, clock)
        self._steps: dict[type, Any] = {}

    def step(self, kind: type[Step]) -> Step:
        """The step of this class. Raises SettingMissing when the environment lacks something that it needs."""
        if kind not in self._steps:
            self._steps[kind] = build(kind, self.adapters, self._settings)
        return cast("Step", self._steps[kind])


_override: ContextVar[Application | None] = ContextVar("application", default=None)


@contextmanager
def using(application: Application) -> Iterator[None]:
    """Make handlers that are called inside use this application instead of the process's environment."""
    token = _override.set(application)
    try:
        yield
    finally:
        _override.reset(token)


def application() -> Application:
    """The application of this invocation."""
    return _override.get() or _from_environment()


@cache
def _from_environment() -> Application:
    return Application(os.environ)
