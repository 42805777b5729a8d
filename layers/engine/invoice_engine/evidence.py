"""What was seen while an invoice was read, for whoever asks why. In production nobody does, and nothing is kept."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from invoice_engine.model import Box, Invoice, ReadAs, Value

MOST_SUMS = 5


class Seen(NamedTuple):
    """A value near a label: `fields` are those that the label may name, `score` (0..1) is what the place is worth."""

    fields: tuple[str, ...]
    label: str
    label_box: Box
    value: Value
    score: float
    page: int
    box: Box


class Sum(NamedTuple):
    """A choice of subtotal, tax and total, what it is worth against others, and why. None: the field stays empty."""

    subtotal: Decimal | None
    tax_total: Decimal | None
    total: Decimal | None
    worth: float
    reasons: tuple[str, ...]


@dataclass
class Evidence:
    """Give one to `extract`, and it is filled.

    `sums` are the best choices of the totals, best first. `scored` is the invoice before its scores became
    probabilities, and `read_as` says whose curve made them so; both are None where the values were stated as data.
    """

    seen: list[Seen] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    scored: Invoice | None = None
    read_as: ReadAs | None = None
