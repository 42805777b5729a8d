"""Recall, precision and calibration of judged fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from invoice_capture_cli.evaluation.equality import missed_lines
from invoice_capture_cli.evaluation.judging import Judged, Outcome
from invoice_capture_cli.evaluation.labels import Label
from invoice_capture_cli.evaluation.reading import Reading

BINS = 10


@dataclass(frozen=True, slots=True)
class Score:
    """How many values were wanted and given, and what became of them. Unlabelled values count nowhere."""

    wanted: int
    given: int
    right: int
    wrong: int
    missing: int
    confidence: float | None
    """The mean over given values; compare it with the precision."""

    @classmethod
    def of(cls, judged: Iterable[Judged]) -> Score:
        counted = [one for one in judged if one.counts]
        outcomes = Counter(one.outcome for one in counted)
        sure = [one.confidence for one in counted if one.confidence is not None]
        return cls(
            wanted=len(counted),
            given=sum(one.given is not None for one in counted),
            right=outcomes[Outcome.RIGHT],
            wrong=outcomes[Outcome.WRONG],
            missing=outcomes[Outcome.MISSING],
            confidence=fmean(sure) if sure else None,
        )

    @property
    def recall(self) -> float | None:
        """Right of wanted; None when nothing was wanted."""
        return self.right / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        """Right of given; None when nothing was given."""
        return self.right / self.given if self.given else None

    def to_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("wanted", "given", "right", "wrong", "missing")}
        shares = {name: rounded(getattr(self, name)) for name in ("recall", "precision", "confidence")}
        return counts | shares


@dataclass(frozen=True, slots=True)
class Bin:
    """Given values whose confidence is at least ``lower`` and below ``upper``, or 1 in the last bin."""

    lower: float
    upper: float
    count: int
    confidence: float
    right: float

    def to_json(self) -> dict[str, Any]:
        return {
            "from": self.lower,
            "to": self.upper,
            "count": self.count,
            "confidence": rounded(self.confidence),
            "right": rounded(self.right),
        }


def reliability(sure: Iterable[tuple[float, bool]]) -> list[Bin]:
    """Confidences, each with whether its value is right, in ten bins of equal width; empty bins are left out."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in sure:
        bins.setdefault(min(BINS - 1, int(confidence * BINS)), []).append((confidence, right))
    return [
        Bin(
            lower=place / BINS,
            upper=(place + 1) / BINS,
            count=len(values),
            confidence=fmean(confidence for confidence, _ in values),
            right=fmean(right for _, right in values),
        )
        for place, values in sorted(bins.items())
    ]


def confidences(judged: Iterable[Judged]) -> list[tuple[float, bool]]:
    """The confidence of every labelled value that was given, and whether it is right."""
    return [(one.confidence, one.is_right) for one in judged if one.counts and one.confidence is not None]


def calibration_error(bins: Collection[Bin]) -> float | None:
    """The expected calibration error: sum over bins of count / all * |mean confidence - share right|.

    None when nothing was given.
    """
    count = sum(one.count for one in bins)
    return sum(one.count * abs(one.confidence - one.right) for one in bins) / count if count else None


@dataclass(frozen=True, slots=True)
class LineScore:
    """Line items of documents for which any is known. ``exact`` ones have their whole description right, too."""

    wanted: int
    found: int
    right: int
    exact: int

    @classmethod
    def of(cls, label: Label, reading: Reading | None) -> LineScore:
        wanted = [line for line in label.lines if "amount" in line]
        if not wanted:
            return cls(0, 0, 0, 0)
        found = reading.lines if reading else ()
        right, exact = (len(wanted) - len(missed_lines(wanted, found, exact=how)) for how in (False, True))
        return cls(len(wanted), len(found), right, exact)

    def __add__(self, other: LineScore) -> LineScore:
        return LineScore(
            self.wanted + other.wanted, self.found + other.found, self.right + other.right, self.exact + other.exact
        )

    @property
    def recall(self) -> float | None:
        return self.right / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        return self.right / self.found if self.found else None

    def to_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("wanted", "found", "right", "exact")}
        return counts | {name: rounded(getattr(self, name)) for name in ("recall", "precision")}


def rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
