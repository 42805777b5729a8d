"""What the chaos benchmark writes down at a provider's door."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from benchmarks.chaos.door import Door
from benchmarks.chaos.judge import FAILED, ONE_REFERENCE, POISONED
from benchmarks.chaos.weather import PHASES, least, names, troubles_of
from local_stack.simulators import NAMES, Simulator, start
from local_stack.simulators.script import Fault


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with start("extract_api") as running:
        yield running


def call(simulator: Simulator, operation: str, **params: Any) -> Any:
    """What a method answers; None when there is no answer to be had."""
    body = {"jsonrpc": "2.0", "method": "call", "id": "1f", "params": {"version": 120, **params}}
    [path] = [route.path for route in simulator.routes() if route.operation == operation]
    try:
        return requests.post(simulator.origin + path, json=body, timeout=10)
    except requests.RequestException:
        return None


def parse(simulator: Simulator, name: str) -> Any:
    return call(
        simulator,
        "parse",
        account_token=simulator.settings["account_token"],
        documents=[base64.b64encode(b"%PDF-1.7 " + name.encode()).decode()],
        file_names=[name],
        user_infos={},
    )


@pytest.mark.parametrize(
    ("fault", "may_be_taken", "is_clear"),
    [
        (None, True, True),
        ({"status": 429, "retry_after": 1}, False, True),
        ({"page": 302}, False, True),
        ({"code": 9}, False, True),
        ({"status": 500}, True, False),
        ({"status": 500, "charged": True}, True, False),
        ({"reset": True}, True, False),
        ({"lose_answer": True}, True, False),
        ({"body": "truncated"}, True, False),
    ],
    ids=str,
)
def test_a_request_that_spends_is_written_down_with_what_its_client_can_know(
    simulator: Simulator, fault: dict[str, Any] | None, may_be_taken: bool, is_clear: bool
) -> None:
    door = Door(simulator)
    if fault is not None:
        simulator.fail(on="parse", **fault)
    parse(simulator, "one.pdf")
    [entry] = door.spending
    assert (entry.provider, entry.document) == ("extract_api", "one.pdf")
    assert (entry.may_be_taken, entry.is_clear) == (may_be_taken, is_clear)
    assert sum(door.injected.values()) == (fault is not None)


def test_who_suffers_from_what_is_known_by_name(simulator: Simulator) -> None:
    door = Door(simulator)
    simulator.script.poisoned_documents, simulator.script.fail_documents = 1, 2
    for name in ("poisoned.pdf", "failing.pdf"):
        parse(simulator, name)
    simulator.fail(on="parse", repeat_id=True)
    parse(simulator, "doubled.pdf")
    call(simulator, "get_results", documents_ids=[1001])
    assert door.fates_of() == {
        ("extract_api", "poisoned.pdf"): frozenset({POISONED, FAILED}),
        ("extract_api", "failing.pdf"): frozenset({FAILED, ONE_REFERENCE}),
        ("extract_api", "doubled.pdf"): frozenset({ONE_REFERENCE}),
    }
    assert (door.injected[ONE_REFERENCE], door.injected[FAILED]) == (1, 2)


def test_every_fault_has_a_name_of_its_own_and_every_provider_understands_its_troubles() -> None:
    assert len(names()) == len(set(names()))
    for name in NAMES:
        with start(name) as simulator:
            simulator.script.tls = True
            for trouble in troubles_of(name):
                simulator._check(Fault(**trouble))
    assert (least(10_000), least(300), least(20)) == (100, 3, 1)
    assert sum(phase.hours for phase in PHASES) < 72, "no deadline comes while the weather lasts"
