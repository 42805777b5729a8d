"""The canonical invoice: the same tree whichever provider read it, every value traceable to a box on a page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class InvoiceType(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


Value = TypeVar("Value", str, Decimal, date, InvoiceType)

Confidence = Annotated[float, Field(ge=0, le=1)]
Page = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Box = tuple[Fraction, Fraction, Fraction, Fraction]


class _Model(BaseModel):
    # What a document says belongs in no error message: messages are logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Reading(_Model, Generic[Value]):
    """One reading of a value.

    ``confidence`` is from 0 to 1, or None when the provider does not say how sure it is. ``page`` counts from 0;
    ``box`` is left, top, right, bottom as fractions of the displayed page, from its top left corner. Both are None when
    the value has no place on a page, as in an e-invoice.
    ``source`` says what was read: ``xml``, ``text``, ``derived`` or the provider's name.
    """

    value: Value
    confidence: Confidence | None = 1.0
    page: Page | None = None
    box: Box | None = None
    source: str | None = None


class InvoiceField(_Model, Generic[Value]):
    """A field of the invoice: the chosen reading, and the candidates it was chosen from, best first."""

    value: Value | None = None
    confidence: Confidence | None = 0.0
    page: Page | None = None
    box: Box | None = None
    source: str | None = None
    candidates: tuple[Reading[Value], ...] = ()


TextField = InvoiceField[str]
AmountField = InvoiceField[Decimal]
DateField = InvoiceField[date]
TypeField = InvoiceField[InvoiceType]


class Party(_Model):
    """Supplier or customer. Country is ISO 3166 alpha-2; numbers are upper case without spaces."""

    name: TextField = TextField()
    vat_number: TextField = TextField()
    tax_number: TextField = TextField()
    address: TextField = TextField()
    country: TextField = TextField()
    iban: TextField = TextField()
    bic: TextField = TextField()


class Tax(_Model):
    """One rate of the tax breakdown; ``rate`` in percent."""

    rate: AmountField = AmountField()
    base: AmountField = AmountField()
    amount: AmountField = AmountField()


class Line(_Model):
    """One line item. ``subtotal`` is net, ``total`` gross; ``discount`` is an amount, positive when it reduces."""

    description: TextField = TextField()
    product_code: TextField = TextField()
    quantity: AmountField = AmountField()
    unit: TextField = TextField()
    unit_price: AmountField = AmountField()
    discount: AmountField = AmountField()
    tax_rate: AmountField = AmountField()
    subtotal: AmountField = AmountField()
    total: AmountField = AmountField()


class Invoice(_Model):
    """A canonical invoice. Money is Decimal and a string in JSON, dates are ISO 8601, currency is ISO 4217."""

    invoice_number: TextField = TextField()
    issue_date: DateField = DateField()
    due_date: DateField = DateField()
    type: TypeField = TypeField()
    currency: TextField = TextField()
    purchase_order: TextField = TextField()
    payment_reference: TextField = TextField()
    supplier: Party = Party()
    customer: Party = Party()
    subtotal: AmountField = AmountField()
    tax_total: AmountField = AmountField()
    total: AmountField = AmountField()
    amount_due: AmountField = AmountField()
    taxes: tuple[Tax, ...] = ()
    lines: tuple[Line, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON-ready and complete: every field is there with all its parts, null where nothing was read."""
        return self.model_dump(mode="json")
