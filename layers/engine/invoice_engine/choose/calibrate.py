"""Turn scores into probabilities: of the values that say 0.9, nine in ten are right.

The finders score a reading by its evidence: label, place, agreement with others. How often a score is right depends
on how the document was read, so each way of reading has curves of its own, in `calibration.json`: one for the fields of
the header, one for those of the lines. They are measured, not chosen: `benchmarks/calibration.py` fits them.
"""

import json
import math
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from invoice_engine import choose
from invoice_engine.model import Candidate, Field, Invoice, Line, Party, ReadAs, Tax

Node = TypeVar("Node", Invoice, Party, Tax, Line)
# Below this probability a field stays empty: a wrong value costs more than a missing one.
PROBABLE = 0.6
# Nothing that is read from a page is certain, and nothing that was found is impossible.
LEAST, MOST = 0.001, 0.999


@dataclass(frozen=True, slots=True)
class Curve:
    """log-odds of being right = offset + slope * log-odds of the score."""

    offset: float
    slope: float

    def probability(self, score: float) -> float:
        return 1 / (1 + math.exp(-(self.offset + self.slope * log_odds(score))))

    def score(self, probability: float) -> float:
        """The score that has this probability."""
        return 1 / (1 + math.exp(-(log_odds(probability) - self.offset) / self.slope))


@dataclass(frozen=True, slots=True)
class Curves:
    header: Curve
    lines: Curve


@cache
def curves() -> dict[ReadAs, Curves]:
    """The curves of every way of reading that leaves a doubt."""
    text = resources.files(choose).joinpath("calibration.json").read_text(encoding="utf-8")
    return {
        read_as: Curves(**{part: Curve(**curve) for part, curve in parts.items()})
        for read_as, parts in json.loads(text).items()
    }


def calibrated(invoice: Invoice, read_as: ReadAs) -> Invoice:
    """`invoice` with probabilities for scores.

    Fields whose best reading is improbable keep their candidates only; lines without a probable description go.
    """
    both = curves()[read_as]
    lines = [_with_members(line, both.lines) for line in invoice.lines]
    probable = [line for line in lines if line.description.chosen]
    return replace(_with_members(replace(invoice, lines=[]), both.header), lines=probable)


def _with_members(node: Node, curve: Curve) -> Node:
    changes: dict[str, Any] = {}
    for member in fields(node):
        value = getattr(node, member.name)
        if isinstance(value, Field):
            changes[member.name] = _calibrated_field(value, curve)
        elif isinstance(value, list):
            changes[member.name] = [_with_members(item, curve) for item in value]
        else:
            changes[member.name] = _with_members(value, curve)
    return replace(node, **changes)


def _calibrated_field(field: Field, curve: Curve) -> Field:
    candidates = tuple(_calibrated(candidate, curve) for candidate in field.candidates)
    chosen = _calibrated(field.chosen, curve) if field.chosen else None
    return Field(chosen if chosen and chosen.confidence >= PROBABLE else None, candidates)


def _calibrated(candidate: Candidate, curve: Curve) -> Candidate:
    return candidate._replace(confidence=curve.probability(candidate.confidence))


def log_odds(share: float) -> float:
    bounded = min(MOST, max(LEAST, share))
    return math.log(bounded / (1 - bounded))
