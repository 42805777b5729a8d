"""What was written down while the jobs ran: by the simulators, the topic, the table, and the faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Spending:
    """A request that costs money, as it came to a provider's door.

    ``may_be_taken``: the document was taken, or the answer does not say for certain that it was not. ``effect`` is the
    fault that the request met, or empty.
    """

    provider: str
    document: str
    may_be_taken: bool
    is_clear: bool
    effect: str = ""


@dataclass(frozen=True)
class Job:
    """A document that was dropped, by its name, and what became of it. ``row`` is None when there is no job."""

    document: str
    key: str
    row: Mapping[str, Any] | None
    submissions: Sequence[Mapping[str, Any]] = ()
    told: Sequence[str] = ()
    """The status of each announced end, in the order of the topic."""
    is_running: bool = False

    @property
    def status(self) -> str:
        return "LOST" if self.row is None else str(self.row["status"])

    @property
    def is_marked(self) -> bool:
        return bool(self.row and self.row.get("possible_double_charge"))


@dataclass(frozen=True)
class Books:
    """Of one stack. ``charged`` counts by provider and document; ``fates`` names, for these, what may end a job."""

    stack: int
    jobs: Sequence[Job]
    spending: Sequence[Spending] = ()
    charged: Mapping[tuple[str, str], int] = field(default_factory=dict)
    fates: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    injected: Counter[str] = field(default_factory=Counter)
    denied: Sequence[str] = ()
    stack_hours: float = 0.0
    seconds: float = 0.0
