"""Why a field has its value: what was seen of it, what it was chosen from, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, NamedTuple

from invoice_engine.choose.calibrate import PROBABLE
from invoice_engine.evidence import Evidence, Seen, Sum
from invoice_engine.model import Box, Candidate, Extraction, Field, Invoice, Party, Value, text_of

# What the labels of a field are called where it is not the field's own name. What is due may be the total as well.
_LABELS = {
    "total": ("total", "amount_due"),
    "supplier.iban": ("iban",),
    "supplier.bic": ("bic",),
    "supplier.tax_number": ("tax_number",),
}
_SUMMED = ("subtotal", "tax_total", "total")
_WITHOUT_DOUBT = "data"


class Reading(NamedTuple):
    """A candidate. `probability` is of being right; `score` is what it was before, None where nothing was scored."""

    candidate: Candidate
    score: float | None

    @property
    def probability(self) -> float:
        return self.candidate.confidence


class Explanation(NamedTuple):
    """Of one field. `candidates` are all readings, best first; `sums` stand with the totals alone."""

    field: str
    chosen: Reading | None
    candidates: tuple[Reading, ...]
    seen: tuple[Seen, ...]
    sums: tuple[Sum, ...]
    read_as: str

    @property
    def verdict(self) -> str:
        """One sentence: why this value, or why none."""
        if self.chosen is not None and self.read_as == _WITHOUT_DOUBT:
            return "The document states it as data."
        if self.chosen is not None and self.sums and self.sums[0].worth > 0 and self.field in _SUMMED:
            return "It is part of the best choice of subtotal, tax and total."
        if self.chosen is not None and self.chosen.candidate.source == "derived":
            return "It is printed nowhere, and follows from what is."
        if self.chosen is not None:
            return "Of all readings it is the most probable."
        if self.candidates:
            best = self.candidates[0]
            return (
                f"Left empty: the best reading is right with a probability of {best.probability:.2f}, "
                f"and {PROBABLE:.2f} is asked."
            )
        return "Left empty: nothing was found that could be it."

    def to_json(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "value": None if self.chosen is None else text_of(self.chosen.candidate.value),
            "verdict": self.verdict,
            "read_as": self.read_as,
            "candidates": [_reading(one) for one in self.candidates],
            "seen": [
                {"label": one.label, "value": text_of(one.value), "score": round(one.score, 3), "page": one.page}
                | {"box": list(one.box), "label_box": list(one.label_box), "place": place(one.label_box, one.box)}
                for one in self.seen
            ],
            "sums": [
                {name: _amount(getattr(one, name)) for name in _SUMMED}
                | {"worth": round(one.worth, 3), "reasons": list(one.reasons)}
                for one in self.sums
            ],
        }


def names() -> list[str]:
    """The fields that can be explained: those of the header and of the parties."""
    return [name for name, _ in _leaves(Invoice())]


def explain(extraction: Extraction, evidence: Evidence, name: str) -> Explanation:
    """Raises KeyError for a field that is not among ``names()``."""
    leaf = dict(_leaves(extraction.invoice))[name]
    scored = dict(_leaves(evidence.scored)).get(name) if evidence.scored is not None else None
    scores = {} if scored is None else {one.value: one.confidence for one in scored.candidates}
    readings = tuple(Reading(one, scores.get(one.value)) for one in leaf.candidates)
    chosen = None if leaf.chosen is None else Reading(leaf.chosen, scores.get(leaf.chosen.value))
    labels = set(_LABELS.get(name, (name,)))
    seen = tuple(sorted({one for one in evidence.seen if labels & set(one.fields)}, key=lambda one: -one.score))
    return Explanation(
        name, chosen, readings, seen, tuple(evidence.sums) if name in _SUMMED else (), extraction.read_as
    )


def place(label: Box, value: Box) -> str:
    """Where a value stands, seen from its label."""
    if value.top >= label.bottom:
        return "below"
    if value.bottom <= label.top:
        return "above"
    return "left" if value.right <= label.left else "right"


def _leaves(invoice: Invoice) -> Iterator[tuple[str, Field]]:
    for member in fields(invoice):
        value = getattr(invoice, member.name)
        if isinstance(value, Field):
            yield member.name, value
        elif isinstance(value, Party):
            for part in fields(value):
                yield f"{member.name}.{part.name}", getattr(value, part.name)


def _reading(one: Reading) -> dict[str, Any]:
    return one.candidate.to_json() | {"score": None if one.score is None else round(one.score, 3)}


def _amount(value: Value | None) -> str | None:
    return None if value is None else text_of(value)
