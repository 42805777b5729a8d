"""The simulators by the names of their providers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from local_stack.errors import UserError
from local_stack.simulators.abbyy import AbbyySimulator
from local_stack.simulators.extract_api import ExtractApiSimulator
from local_stack.simulators.ocr_job import OcrJobSimulator
from local_stack.simulators.script import Script
from local_stack.simulators.simulator import Clock, Entry, Simulator, WallClock

_SIMULATORS: Mapping[str, type[Simulator]] = MappingProxyType(
    {kind.name: kind for kind in (AbbyySimulator, ExtractApiSimulator, OcrJobSimulator)}
)
NAMES = tuple(_SIMULATORS)


def start(
    name: str,
    *,
    clock: Clock | None = None,
    script: Script | None = None,
    settings: Mapping[str, str] | None = None,
    port: int = 0,
    on_request: Callable[[Entry], None] | None = None,
) -> Simulator:
    """A running simulator of a provider; close it, or use it as a context manager.

    Raises:
        UserError: there is no such simulator, the script does not fit it, or the port is taken.
    """
    if name not in _SIMULATORS:
        raise UserError(f"There is no simulator of {name!r}; there are {', '.join(NAMES)}.")
    try:
        return _SIMULATORS[name](clock or WallClock(), script or Script(), settings or {}, port, on_request)
    except OSError as exc:
        raise UserError(f"Port {port} cannot be used: {exc.strerror}.") from exc
