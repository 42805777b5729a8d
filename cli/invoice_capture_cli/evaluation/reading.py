"""What was read from one document, in the terms of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from invoice_capture_cli.evaluation.labels import Line

Leaf = Mapping[str, Any]
"""A value with its confidence, page, box and candidates, as the engine's JSON has it."""

# field of a label -> path in the extraction's invoice
FIELDS: Mapping[str, tuple[str, ...]] = {
    "invoice_id": ("invoice_number",),
    "date": ("issue_date",),
    "due_date": ("due_date",),
    "total": ("total",),
    "subtotal": ("subtotal",),
    "tax_total": ("tax_total",),
    "currency": ("currency",),
    "supplier": ("supplier", "name"),
    "vat_number": ("supplier", "vat_number"),
    "iban": ("supplier", "iban"),
    "swift": ("supplier", "bic"),
}

# field of a labelled line -> the fields of an extracted line it may come from, the first that has a value
LINE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "description": ("description",),
    "quantity": ("quantity",),
    "unit": ("unit",),
    "unit_price": ("unit_price",),
    "tax_rate": ("tax_rate",),
    "amount": ("subtotal", "total"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle on a page, in fractions of it; pages count from 0."""

    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document could not be read: a stable code, and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """``leaves`` has every field of FIELDS unless the document was refused; ``seconds`` is the time of reading alone.

    ``read_as`` is the engine's way of reading, by which confidences are calibrated: data, text, ocr or receipt.
    ``best_of_lines`` has the best candidate of every field of every line with its confidence, given or not.
    ``places`` says where wanted values that were not given stand on the pages, as far as somebody asked and they do.
    """

    file: str
    seconds: float
    leaves: Mapping[str, Leaf] = field(default_factory=dict)
    lines: Sequence[Line] = ()
    pages: int = 0
    refusal: Refusal | None = None
    places: Mapping[str, Sequence[Place]] = field(default_factory=dict)
    read_as: str = ""
    best_of_lines: Sequence[Mapping[str, tuple[str, float]]] = ()

    def to_row(self) -> dict[str, Any]:
        """The reading as a prediction for a scorer."""
        given = {name: leaf for name, leaf in self.leaves.items() if leaf["value"]}
        row: dict[str, Any] = {
            "file": self.file,
            "fields": {name: leaf["value"] for name, leaf in given.items()},
            "confidence": {name: leaf["confidence"] for name, leaf in given.items()},
            "pages": self.pages,
            "read_as": self.read_as,
        }
        row |= {"lines": list(self.lines)} if self.refusal is None else {"error": self.refusal.code}
        return row | {"seconds": self.seconds}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Reading:
        """The reading that `to_row` made this row of, without what rows do not have."""
        sure = row.get("confidence") or {}
        leaves = {
            name: {"value": value, "confidence": sure.get(name), "page": None, "box": None, "candidates": []}
            for name, value in row["fields"].items()
        }
        return cls(
            file=row["file"],
            seconds=row["seconds"],
            leaves=leaves,
            lines=row.get("lines") or (),
            pages=row.get("pages", 0),
            refusal=Refusal(row["error"], "") if "error" in row else None,
            read_as=row.get("read_as", ""),
        )
