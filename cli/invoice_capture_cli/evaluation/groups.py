"""How evenly the engine reads: the scores of each group of documents with one layout, and their spread."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from invoice_capture_cli.evaluation.judging import Judged
from invoice_capture_cli.evaluation.scores import Score, rounded

WEAK = 0.7
"""Groups with less recall or precision than this are worth a look."""


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    kinds: tuple[str, ...]
    documents: int
    score: Score

    @property
    def is_weak(self) -> bool:
        return any(share is not None and share < WEAK for share in (self.score.recall, self.score.precision))

    def to_json(self) -> dict[str, Any]:
        about = {"group": self.name, "kinds": list(self.kinds), "documents": self.documents}
        return about | self.score.to_json()


@dataclass(frozen=True, slots=True)
class Spread:
    """Of shares that each count the same, however many documents they are of."""

    count: int
    least: float
    lower_quartile: float
    median: float
    upper_quartile: float
    most: float
    deviation: float

    @classmethod
    def of(cls, shares: Sequence[float]) -> Spread:
        """Raises ValueError when there are none."""
        if not shares:
            raise ValueError("no shares, no spread")
        # One share has no quartiles of its own.
        lower, median, upper = statistics.quantiles([*shares, *shares[: len(shares) == 1]], n=4, method="inclusive")
        return cls(len(shares), min(shares), lower, median, upper, max(shares), statistics.pstdev(shares))

    def to_json(self) -> dict[str, Any]:
        return {name: rounded(value) for name, value in asdict(self).items()}


def by_group(judged: Iterable[Judged]) -> list[Group]:
    """The groups for which any value is labelled, those with the least recall first."""
    members: dict[str, list[Judged]] = {}
    for one in judged:
        if one.counts:
            members.setdefault(one.group, []).append(one)
    groups = [
        Group(
            name,
            tuple(sorted({one.kind for one in those})),
            len({one.file for one in those}),
            Score.of(those),
        )
        for name, those in members.items()
    ]
    return sorted(groups, key=lambda group: (group.score.recall or 0.0, group.name))


def spreads(groups: Iterable[Group]) -> dict[str, Spread]:
    """The spread of recall, and of precision among the groups for which anything was given."""
    scores = [group.score for group in groups]
    shares = {
        "recall": [score.recall for score in scores if score.recall is not None],
        "precision": [score.precision for score in scores if score.precision is not None],
    }
    return {name: Spread.of(values) for name, values in shares.items() if values}
