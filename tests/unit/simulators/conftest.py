"""Simulators on a clock that is set by hand."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter

from local_stack import simulators
from local_stack.simulators import Script, Simulator
from tests.fakes.world import ManualClock

SAMPLES = Path(__file__).resolve().parents[3] / "samples" / "documents"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def start(clock: ManualClock) -> Iterator[Callable[..., Simulator]]:
    """Start a simulator; keywords are the fields of its script, ``settings`` are its settings."""
    with ExitStack() as exits:

        def start(name: str, settings: dict[str, str] | None = None, **script: Any) -> Simulator:
            script.setdefault("latency", {"median": 10, "sigma": 0})
            started = simulators.start(name, clock=clock, script=Script(**script), settings=settings)
            return exits.enter_context(started)

        yield start


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """The bytes of a sample document."""
    return lambda name: (SAMPLES / name).read_bytes()


@pytest.fixture(scope="session")
def encrypted_pdf() -> bytes:
    """A PDF that asks for a password."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("password")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
