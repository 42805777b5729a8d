"""Wanted against given: every field of every document, judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from invoice_capture_cli.evaluation.equality import same_value
from invoice_capture_cli.evaluation.labels import Label
from invoice_capture_cli.evaluation.reading import FIELDS, Reading

# The amount of a receipt of which nobody knows whether it is with or without tax.
GROSS_AMOUNT = "gross_amount"
# The fields that one of is to be a gross amount; the first one is what is given for it.
_GROSS_SOURCES = ("total", "subtotal")
SCORED_FIELDS = (*FIELDS, GROSS_AMOUNT)


class Outcome(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    MISSING = "missing"
    UNLABELLED = "unlabelled"
    """Given, and nobody said what is right: it counts neither way."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One field of one document. ``known`` is the value of an unlabelled field that is not printed, if it is known."""

    file: str
    kind: str
    group: str
    field: str
    outcome: Outcome
    wanted: str | None
    given: str | None
    confidence: float | None
    known: str | None = None

    @property
    def is_right(self) -> bool:
        return self.outcome is Outcome.RIGHT

    @property
    def counts(self) -> bool:
        return self.outcome is not Outcome.UNLABELLED


def judge_all(labels: Iterable[Label], readings: Mapping[str, Reading]) -> list[Judged]:
    """All fields of all labels, by the readings of their files. A document without a reading has nothing given."""
    return [judged for label in labels for judged in judge(label, readings.get(label.file) or Reading(label.file, 0.0))]


def judge(label: Label, reading: Reading) -> Iterator[Judged]:
    """The fields that are wanted, then what else is given."""
    for field in SCORED_FIELDS:
        wanted = label.fields.get(field)
        source = _GROSS_SOURCES[0] if field == GROSS_AMOUNT else field
        leaf = reading.leaves.get(source) or {}
        given: str | None = leaf.get("value") or None
        if wanted is None and (given is None or field == GROSS_AMOUNT):
            continue
        yield Judged(
            file=label.file,
            kind=label.kind,
            group=label.group,
            field=field,
            outcome=_outcome(field, wanted, given, reading),
            wanted=wanted,
            given=given,
            confidence=leaf.get("confidence") if given else None,
            known=label.not_printed.get(field) if wanted is None else None,
        )


def _outcome(field: str, wanted: str | None, given: str | None, reading: Reading) -> Outcome:
    if wanted is None:
        return Outcome.UNLABELLED
    sources = _GROSS_SOURCES if field == GROSS_AMOUNT else (field,)
    values = [(reading.leaves.get(source) or {}).get("value") for source in sources]
    if any(same_value(field, wanted, value) for value in values):
        return Outcome.RIGHT
    return Outcome.MISSING if given is None else Outcome.WRONG
