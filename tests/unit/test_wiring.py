"""A step gets what its fields are called; what nothing is called is said by its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from invoice_capture.wiring import build


@dataclass(frozen=True)
class Loops:
    states: str
    clock: str


@dataclass(frozen=True)
class Step:
    jobs: str
    loops: Loops
    origins: frozenset[str] = frozenset()
    names: list[str] = field(default_factory=list)
    lock: object = field(default_factory=object, init=False)


ADAPTERS = SimpleNamespace(jobs="jobs", states="states", clock="clock")


def test_a_field_is_found_by_its_name_and_a_collaborator_built_in_the_same_way() -> None:
    step = build(Step, ADAPTERS)
    assert (step.jobs, step.loops) == ("jobs", Loops("states", "clock"))
    assert (step.origins, step.names) == (frozenset(), [])


def test_the_first_source_that_has_a_name_counts() -> None:
    step = build(Step, SimpleNamespace(clock="another"), ADAPTERS, SimpleNamespace(jobs="never", origins={"here"}))
    assert (step.jobs, step.loops.clock, step.origins) == ("jobs", "another", {"here"})


def test_a_collaborator_that_is_there_is_not_built() -> None:
    given = Loops("given", "given")
    assert build(Step, SimpleNamespace(loops=given), ADAPTERS).loops is given


def test_none_is_a_value() -> None:
    assert build(Loops, SimpleNamespace(states=None, clock="clock")).states is None


@pytest.mark.parametrize(("kind", "missing"), [(Step, "Step needs jobs"), (Loops, "Loops needs states")])
def test_what_nothing_is_called_is_said(kind: type, missing: str) -> None:
    with pytest.raises(TypeError, match=missing):
        build(kind, SimpleNamespace(clock="clock"))


def test_a_collaborator_that_lacks_something_is_named_itself() -> None:
    with pytest.raises(TypeError, match="Loops needs clock"):
        build(Step, SimpleNamespace(jobs="jobs", states="states"))
