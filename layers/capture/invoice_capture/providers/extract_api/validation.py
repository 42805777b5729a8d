"""A canonical invoice as the values that the Extract API is told it should have read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from invoice_capture.domain.invoice import Invoice, Line, Tax
from invoice_capture.domain.money import smallest_unit
from invoice_capture.providers.extract_api.wire import (
    ContentForm,
    GlobalTaxesForm,
    LineForm,
    LinesForm,
    LineTaxForm,
    TaxForm,
    ValidationValues,
)


def to_values(invoice: Invoice) -> ValidationValues:
    """Every feature that the invoice has a value for. The lines are those of the document, never merged."""
    supplier = invoice.supplier
    return ValidationValues(
        merged_lines=False,
        swift_code=_content(supplier.bic.value),
        vat_number=_content(supplier.vat_number.value),
        country=_content(supplier.country.value),
        currency=_content(invoice.currency.value),
        date=_content(invoice.issue_date.value),
        due_date=_content(invoice.due_date.value),
        global_taxes=_global_taxes(invoice),
        global_taxes_amount=_content(invoice.tax_total.value),
        invoice_id=_content(invoice.invoice_number.value),
        subtotal=_content(invoice.subtotal.value),
        total=_content(invoice.total.value),
        supplier=_content(supplier.name.value),
        invoice_lines=LinesForm(lines=tuple(map(_line, invoice.lines))) if invoice.lines else None,
    )


def _content(value: str | Decimal | date | None) -> ContentForm | None:
    if value is None:
        return None
    if isinstance(value, date):
        # Results have a time of day, so what they are corrected to has one, too.
        return ContentForm(content=f"{value.isoformat()} 00:00:00")
    return ContentForm(content=float(value) if isinstance(value, Decimal) else value)


def _global_taxes(invoice: Invoice) -> GlobalTaxesForm | None:
    """All rows of the breakdown, or nothing: a part of them would teach that the others are wrong."""
    rows = [_tax(tax, _base(tax, invoice)) for tax in invoice.taxes]
    told = tuple(row for row in rows if row is not None)
    return GlobalTaxesForm(content=told) if told and len(told) == len(rows) else None


def _base(tax: Tax, invoice: Invoice) -> Decimal | None:
    """What a rate applies to; of a single rate it is the subtotal, when that explains the tax."""
    if tax.base.value is not None or len(invoice.taxes) != 1:
        return tax.base.value
    rate, subtotal, total = tax.rate.value, invoice.subtotal.value, invoice.tax_total.value
    if rate is None or subtotal is None or total is None:
        return None
    return subtotal if abs(subtotal * rate / 100 - total) <= smallest_unit(invoice.currency.value) else None


def _tax(tax: Tax, base: Decimal | None) -> TaxForm | None:
    rate, amount = tax.rate.value, tax.amount.value
    size = amount if rate is None else rate
    if base is None or size is None:
        return None
    return TaxForm(
        amount=float(base),
        tax_amount=float(size),
        tax_amount_type="fixed" if rate is None else "percent",
        tax_price_include=False,
    )


def _line(line: Line) -> LineForm:
    rate, subtotal, total = line.tax_rate.value, line.subtotal.value, line.total.value
    return LineForm(
        description=line.description.value,
        quantity=_float(line.quantity.value),
        unit_price=_float(line.unit_price.value),
        product=line.product_code.value,
        taxes_amount=None if subtotal is None or total is None else float(total - subtotal),
        taxes=None if rate is None else (LineTaxForm(amount=float(rate), type="percent", price_include=False),),
        subtotal=_float(subtotal),
        total=_float(total),
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
