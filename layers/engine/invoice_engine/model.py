"""What the engine returns: an invoice whose every value says how sure it is and where it stands.

Values are native (Decimal, date, str) until `to_json`, which writes money, quantities and rates as plain decimal
strings and dates as ISO 8601.
"""

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from invoice_engine.version import __version__

Value = str | Decimal | date
Source = Literal["xml", "text", "derived"]
ReadAs = Literal["data", "text", "ocr", "receipt"]
Standard = Literal["cii", "ubl", "fatturapa", "facturae"]
MAX_CANDIDATES = 5


class Box(NamedTuple):
    """A rectangle in fractions of the page as displayed, origin top left."""

    left: float
    top: float
    right: float
    bottom: float

    def union(self, other: "Box") -> "Box":
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class Candidate(NamedTuple):
    """One reading of a field. `page` counts from 0; page and box are None when the value stands on no page."""

    value: Value
    confidence: float
    page: int | None = None
    box: Box | None = None
    source: Source = "text"

    def to_json(self) -> dict[str, Any]:
        return {
            "value": text_of(self.value),
            "confidence": round(self.confidence, 3),
            "page": self.page,
            "box": [round(edge, 5) for edge in self.box] if self.box else None,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Field:
    """A leaf of the invoice: the chosen reading, or none, and what else was considered (best first)."""

    chosen: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def value(self) -> Value | None:
        return self.chosen.value if self.chosen else None

    def to_json(self) -> dict[str, Any]:
        empty = {"value": None, "confidence": 0.0, "page": None, "box": None, "source": None}
        leaf = self.chosen.to_json() if self.chosen else empty
        return leaf | {"candidates": [one.to_json() for one in self.candidates[:MAX_CANDIDATES]]}


EMPTY = Field()


@dataclass(slots=True)
class Party:
    name: Field = EMPTY
    vat_number: Field = EMPTY
    tax_number: Field = EMPTY
    address: Field = EMPTY
    country: Field = EMPTY
    iban: Field = EMPTY
    bic: Field = EMPTY


@dataclass(slots=True)
class Tax:
    """One line of the tax breakdown. `rate` is in percent."""

    rate: Field = EMPTY
    base: Field = EMPTY
    amount: Field = EMPTY


@dataclass(slots=True)
class Line:
    """One invoice line. `discount` is allowances minus charges; `subtotal` is net, `total` gross."""

    description: Field = EMPTY
    product_code: Field = EMPTY
    quantity: Field = EMPTY
    unit: Field = EMPTY
    unit_price: Field = EMPTY
    discount: Field = EMPTY
    tax_rate: Field = EMPTY
    subtotal: Field = EMPTY
    total: Field = EMPTY


@dataclass(slots=True)
class Invoice:
    invoice_number: Field = EMPTY
    issue_date: Field = EMPTY
    due_date: Field = EMPTY
    type: Field = EMPTY
    currency: Field = EMPTY
    purchase_order: Field = EMPTY
    payment_reference: Field = EMPTY
    subtotal: Field = EMPTY
    tax_total: Field = EMPTY
    total: Field = EMPTY
    amount_due: Field = EMPTY
    supplier: Party = field(default_factory=Party)
    customer: Party = field(default_factory=Party)
    taxes: list[Tax] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader of the result should know. `code` is stable, `message` is a sentence."""

    code: str
    message: str


@dataclass(slots=True)
class Extraction:
    """The result of reading one document. `pages` is 0 for XML, which has none.

    `read_as` is the way of reading by which confidences are calibrated; values of "data" were stated, not read.
    """

    source: Standard | Literal["pdf_text", "ocr"]
    read_as: ReadAs
    pages: int
    invoice: Invoice
    notes: list[Note] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "engine": "invoice_engine",
            "version": __version__,
            "source": self.source,
            "read_as": self.read_as,
            "pages": self.pages,
            "invoice": _tree(self.invoice),
            "notes": [{"code": note.code, "message": note.message} for note in self.notes],
        }


def text_of(value: Value) -> str:
    """A value as the interface writes it: decimals without exponent, dates as ISO 8601."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value


def trimmed(number: Decimal) -> Decimal:
    """`number` without trailing zeros after the decimal point."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def _tree(node: Invoice | Party | Tax | Line) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for member in fields(node):
        value = getattr(node, member.name)
        if isinstance(value, Field):
            tree[member.name] = value.to_json()
        elif isinstance(value, list):
            tree[member.name] = [_tree(item) for item in value]
        else:
            tree[member.name] = _tree(value)
    return tree
