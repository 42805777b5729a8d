"""Events that make a function fail over words that must not be printed, neither by it nor by its runtime."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

WORDS = (
    "Rechnung-Erika-Mustermann.pdf",
    "DE89370400440532013000",
    "icap_0123456789abcdef_hEw7kQ2vN9xR4tY6uB8mZ1cA3sD5fG7jK0lP2oI4",
    "AQCsAAAAKgAAAAMAAAAAAAAAATaskTokenOfAnExecution",
)
"""A document's name, what stands in one, a key of the API and a task token."""

# What log lines name on purpose: ids, and the method of a request. No client chooses the first or writes into them.
_NAMED = frozenset({"job_id", "provider", "owner", "httpMethod", "keyId", "client", "requestId"})


def spoiled(event: Any) -> Iterator[Any]:
    """The event with one of its texts at a time replaced by all of the words; then with all of them replaced at once.

    Bodies of messages are events as well.
    """
    places = list(_places(event))
    for place in places:
        yield _replaced(event, [place])
    yield _replaced(event, places)


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the texts of an event are; ``json`` stands for going into a text that is JSON."""
    if isinstance(value, dict):
        for name, entry in value.items():
            if name not in _NAMED:
                yield from _places(entry, (*place, name))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _places(entry, (*place, number))
    elif isinstance(value, str):
        yield place
        if value.startswith("{"):
            yield from _places(json.loads(value), (*place, json))


def _replaced(event: Any, places: list[tuple[Any, ...]]) -> Any:
    spoiled = copy.deepcopy(event)
    for place in places:
        spoiled = _with(spoiled, place)
    return spoiled


def _with(value: Any, place: tuple[Any, ...]) -> Any:
    if not place:
        return " ".join(WORDS)
    step, *further = place
    if step is json:
        # Replaced as a whole before, perhaps.
        return json.dumps(_with(json.loads(value), tuple(further))) if value.startswith("{") else value
    value[step] = _with(value[step], tuple(further))
    return value
