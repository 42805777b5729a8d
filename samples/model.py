"""What a sample invoice says, before it becomes a PDF or an XML file.

Money is Decimal with two places, in the currency of the invoice. A credit note carries positive amounts: its
kind says which way they flow.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, TypeVar

T = TypeVar("T")
CENT = Decimal("0.01")


def to_cents(value: Decimal) -> Decimal:
    """Round half up, as invoices do; Decimal's own default rounds half to even."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def given(value: T | None) -> T:
    """A value that not every invoice has, for a layout that prints it. Raises ValueError where it is missing."""
    if value is None:
        raise ValueError("The layout prints a value that the sample does not have: add it in samples/catalogue.py.")
    return value


@dataclass(frozen=True)
class Party:
    """A supplier or a customer. VAT numbers and IBANs are compact; layouts print them as is customary."""

    name: str
    street: str
    postcode: str
    city: str
    country: str
    vat_number: str | None = None
    registration: str | None = None
    iban: str | None = None
    bic: str | None = None
    contact: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Line:
    """One position. `unit` is a UN/ECE Recommendation 20 code; `tax_rate` is in percent."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal
    product_code: str
    unit: str

    @property
    def net(self) -> Decimal:
        return to_cents(self.quantity * self.unit_price)


@dataclass(frozen=True)
class Tax:
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Invoice:
    """One sample. `layout` names a drawing of `samples.layouts`, or an XML syntax: `cii` or `ubl`."""

    file_name: str
    layout: str
    language: str
    number: str
    issue_date: date
    due_date: date | None
    currency: str
    supplier: Party
    customer: Party
    lines: tuple[Line, ...]
    kind: Literal["invoice", "credit_note"] = "invoice"
    purchase_order: str | None = None
    payment_reference: str | None = None
    delivery_date: date | None = None
    corrects: tuple[str, date] | None = None
    factur_x: bool = False

    @property
    def subtotal(self) -> Decimal:
        return sum((line.net for line in self.lines), Decimal("0.00"))

    @property
    def taxes(self) -> tuple[Tax, ...]:
        """One entry per rate, highest rate first; tax is rounded once per rate, as EN 16931 asks."""
        bases: dict[Decimal, Decimal] = {}
        for line in self.lines:
            bases[line.tax_rate] = bases.get(line.tax_rate, Decimal("0.00")) + line.net
        return tuple(Tax(rate, base, to_cents(base * rate / 100)) for rate, base in sorted(bases.items(), reverse=True))

    @property
    def tax_total(self) -> Decimal:
        return sum((tax.amount for tax in self.taxes), Decimal("0.00"))

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax_total


@dataclass(frozen=True)
class Refused:
    """A file that intake must turn away, with the code of the reason it must give."""

    file_name: str
    content: bytes
    reason: Literal["unsupported_format", "empty_document"]
