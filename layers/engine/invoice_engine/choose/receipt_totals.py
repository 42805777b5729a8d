"""The totals of a till receipt: its total is found by other means, and what contradicts it is given up."""

from dataclasses import replace
from decimal import Decimal

from invoice_engine.choose.totals import Totals
from invoice_engine.model import Field

# What tills round cash by is part of the total and of nothing else.
LARGEST_ROUNDING = Decimal("0.50")
# No tax on goods is more than this share of what is paid.
LARGEST_TAX = Decimal("0.4")


def reconcile_with_receipt_total(totals: Totals, total: Field) -> Totals:
    """`totals` with the total of the receipt, and without a subtotal or tax that cannot be part of it."""
    tax = totals.tax_total if _may_be_tax(totals.tax_total, total) else _given_up(totals.tax_total)
    subtotal = totals.subtotal if _adds_up(totals.subtotal, tax, total) else _given_up(totals.subtotal)
    return replace(totals, total=total, tax_total=tax, subtotal=subtotal, taxes=totals.taxes if tax.chosen else [])


def _may_be_tax(tax: Field, total: Field) -> bool:
    amount, whole = tax.value, total.value
    if not isinstance(amount, Decimal) or not isinstance(whole, Decimal):
        return False
    return 0 <= amount <= LARGEST_TAX * whole


def _adds_up(subtotal: Field, tax: Field, total: Field) -> bool:
    part, whole = subtotal.value, total.value
    if not isinstance(part, Decimal) or not isinstance(whole, Decimal):
        return False
    missing = whole - part - (tax.value if isinstance(tax.value, Decimal) else Decimal(0))
    return abs(missing) <= LARGEST_ROUNDING


def _given_up(field: Field) -> Field:
    return Field(None, field.candidates)
