"""One state of the world: a table of facts, as small as what is different from other states."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

Key = tuple[Any, ...]


class Facts:
    """Every fact of any state, once, with a number: a state is the set of its facts' numbers."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Key, Any], int] = {}
        self.by_number: list[tuple[Key, Any]] = []

    def number(self, key: Key, value: Any) -> int:
        number = self._numbers.setdefault((key, value), len(self.by_number))
        if number == len(self.by_number):
            self.by_number.append((key, value))
        return number


class State:
    """Facts by their key. The first part of a key says what it is a fact of, such as ``row`` or ``lease``."""

    __slots__ = ("_facts", "_numbers")

    def __init__(self, facts: Facts, numbers: dict[Key, int] | None = None) -> None:
        self._facts = facts
        self._numbers = {} if numbers is None else numbers

    @classmethod
    def unpacked(cls, facts: Facts, packed: bytes) -> State:
        numbers = array("I", packed)
        return cls(facts, {facts.by_number[number][0]: number for number in numbers})

    def packed(self) -> bytes:
        return array("I", sorted(self._numbers.values())).tobytes()

    def copy(self) -> State:
        return State(self._facts, self._numbers.copy())

    def __contains__(self, key: Key) -> bool:
        return key in self._numbers

    def __getitem__(self, key: Key) -> Any:
        return self._facts.by_number[self._numbers[key]][1]

    def get(self, key: Key, otherwise: Any = None) -> Any:
        return self[key] if key in self._numbers else otherwise

    def __setitem__(self, key: Key, value: Any) -> None:
        self._numbers[key] = self._facts.number(key, value)

    def remove(self, key: Key) -> None:
        self._numbers.pop(key, None)

    def of(self, kind: str) -> Iterator[tuple[Key, Any]]:
        """The facts of a kind, in the order of their keys."""
        keys = sorted(key for key in self._numbers if key[0] == kind)
        return ((key, self[key]) for key in keys)
