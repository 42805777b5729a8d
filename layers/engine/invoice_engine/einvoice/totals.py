"""Complete the totals of an e-invoice that states only some of them."""

from decimal import Decimal

from invoice_engine.einvoice.values import derived
from invoice_engine.model import Field, Invoice


def complete_totals(invoice: Invoice, *, prepaid: Decimal | None, payable: Decimal | None) -> None:
    """Derive missing totals of `invoice` from the others, its tax breakdown, and what was paid in advance."""
    if not invoice.total.chosen and payable is not None:
        invoice.total = derived(payable + (prepaid or Decimal(0)))
    amounts = [tax.amount.value for tax in invoice.taxes]
    if not invoice.tax_total.chosen:
        subtotal, total = _amount(invoice.subtotal), _amount(invoice.total)
        if subtotal is not None and total is not None:
            invoice.tax_total = derived(total - subtotal)
        elif amounts and all(isinstance(amount, Decimal) for amount in amounts):
            invoice.tax_total = derived(sum((Decimal(str(amount)) for amount in amounts), Decimal(0)))
    total, tax = _amount(invoice.total), _amount(invoice.tax_total)
    if not invoice.subtotal.chosen and total is not None and tax is not None:
        invoice.subtotal = derived(total - tax)
    if not invoice.amount_due.chosen and total is not None:
        invoice.amount_due = derived(total - (prepaid or Decimal(0)))


def _amount(field: Field) -> Decimal | None:
    return field.value if isinstance(field.value, Decimal) else None
