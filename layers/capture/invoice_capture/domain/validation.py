"""Validation of a captured invoice. It adds findings for people and never blocks a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from itertools import islice

from invoice_capture.domain.invoice import Invoice, Party, Tax
from invoice_capture.domain.money import smallest_unit

_CENT = Decimal("0.01")
# An invoice whose thousand lines are all misread needs no thousand findings.
_MOST_FINDINGS = 100
# A clock behind in another time zone may still write tomorrow's date.
_FUTURE_TOLERANCE = timedelta(days=1)


class Severity(StrEnum):
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """Something about an invoice that a person should look at. ``fields`` are dotted names of the canonical invoice."""

    code: str
    severity: Severity
    message: str
    fields: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "fields": list(self.fields),
        }


def validate_invoice(invoice: Invoice, today: date) -> tuple[Finding, ...]:
    """The findings about an invoice, in the order in which a person would look at it; at most a hundred."""
    findings = (
        finding
        for rule in (
            _missing(invoice),
            _line_amounts(invoice),
            _lines_to_subtotal(invoice),
            _tax_amounts(invoice),
            _taxes_to_tax_total(invoice),
            _total(invoice),
            _dates(invoice, today),
            _party("supplier", invoice.supplier),
            _party("customer", invoice.customer),
        )
        for finding in rule
    )
    # Misread amounts may be too large to calculate with; then there is nothing to find, and nothing fails.
    with localcontext() as context:
        context.clear_traps()
        return tuple(islice(findings, _MOST_FINDINGS))


def _missing(invoice: Invoice) -> Iterator[Finding]:
    for name in ("invoice_number", "issue_date", "currency", "total"):
        if getattr(invoice, name).value is None:
            yield Finding("missing", Severity.WARNING, f"The {name.replace('_', ' ')} was not found.", (name,))


def _tolerance(invoice: Invoice, roundings: int) -> Decimal:
    """The rounding error that sums of this many rounded amounts may show."""
    return smallest_unit(invoice.currency.value) * max(1, roundings)


def _line_amounts(invoice: Invoice) -> Iterator[Finding]:
    for index, line in enumerate(invoice.lines):
        quantity, price, subtotal = line.quantity.value, line.unit_price.value, line.subtotal.value
        if quantity is None or price is None or subtotal is None:
            continue
        expected = quantity * price - (line.discount.value or Decimal(0))
        # A printed unit price may be rounded itself: half a cent per piece.
        if abs(expected - subtotal) > _tolerance(invoice, 1) + abs(quantity) * _CENT / 2:
            yield Finding(
                "line_mismatch",
                Severity.WARNING,
                f"Line {index + 1}: quantity x unit price is {_money(expected)}, the line says {subtotal}.",
                (f"lines[{index}].subtotal",),
            )


def _lines_to_subtotal(invoice: Invoice) -> Iterator[Finding]:
    amounts = [line.subtotal.value for line in invoice.lines]
    subtotal = invoice.subtotal.value
    if not amounts or subtotal is None or any(amount is None for amount in amounts):
        return
    total = sum((amount for amount in amounts if amount is not None), Decimal(0))
    if abs(total - subtotal) > _tolerance(invoice, len(amounts)):
        yield Finding(
            "lines_mismatch",
            Severity.WARNING,
            f"The lines add up to {total}, the subtotal is {subtotal}. Charges or allowances on the whole invoice "
            "explain a difference.",
            ("lines", "subtotal"),
        )


def _tax_amounts(invoice: Invoice) -> Iterator[Finding]:
    for index, tax in enumerate(invoice.taxes):
        expected = _expected_tax(tax)
        amount = tax.amount.value
        # Tax may be rounded per line, so every line may add half a unit.
        if expected is None or amount is None:
            continue
        if abs(expected - amount) > _tolerance(invoice, 1 + len(invoice.lines) // 2):
            yield Finding(
                "tax_mismatch",
                Severity.ERROR,
                f"{tax.rate.value} % of {tax.base.value} is {_money(expected)}, the invoice says {amount}.",
                (f"taxes[{index}].amount",),
            )


def _expected_tax(tax: Tax) -> Decimal | None:
    if tax.rate.value is None or tax.base.value is None:
        return None
    return tax.base.value * tax.rate.value / 100


def _taxes_to_tax_total(invoice: Invoice) -> Iterator[Finding]:
    """With mixed rates, the amounts of all rates make the tax total, and their bases the subtotal."""
    tax_total, subtotal = invoice.tax_total.value, invoice.subtotal.value
    amounts = [tax.amount.value for tax in invoice.taxes if tax.amount.value is not None]
    if tax_total is not None and amounts and len(amounts) == len(invoice.taxes):
        total = sum(amounts, Decimal(0))
        if abs(total - tax_total) > _tolerance(invoice, len(amounts)):
            yield Finding(
                "taxes_mismatch",
                Severity.ERROR,
                f"The tax breakdown adds up to {total}, the tax total is {tax_total}.",
                ("taxes", "tax_total"),
            )
    bases = [tax.base.value for tax in invoice.taxes if tax.base.value is not None]
    if subtotal is not None and bases and len(bases) == len(invoice.taxes):
        total = sum(bases, Decimal(0))
        if abs(total - subtotal) > _tolerance(invoice, len(bases)):
            yield Finding(
                "tax_bases_mismatch",
                Severity.WARNING,
                f"The tax bases add up to {total}, the subtotal is {subtotal}.",
                ("taxes", "subtotal"),
            )


def _total(invoice: Invoice) -> Iterator[Finding]:
    subtotal, tax, total = invoice.subtotal.value, invoice.tax_total.value, invoice.total.value
    if subtotal is None or tax is None or total is None:
        return
    if abs(subtotal + tax - total) > _tolerance(invoice, 1 + len(invoice.taxes)):
        yield Finding(
            "total_mismatch",
            Severity.ERROR,
            f"Subtotal {subtotal} and tax {tax} make {subtotal + tax}, the total is {total}.",
            ("subtotal", "tax_total", "total"),
        )


def _dates(invoice: Invoice, today: date) -> Iterator[Finding]:
    issued, due = invoice.issue_date.value, invoice.due_date.value
    if issued is not None and due is not None and due < issued:
        yield Finding(
            "due_before_issue",
            Severity.WARNING,
            f"Due on {due}, before the invoice was issued on {issued}.",
            ("issue_date", "due_date"),
        )
    if issued is not None and issued > today + _FUTURE_TOLERANCE:
        yield Finding("future_date", Severity.WARNING, f"Issued on {issued}, in the future.", ("issue_date",))


def _party(role: str, party: Party) -> Iterator[Finding]:
    # python-stdnum is imported here because only finished captures need it, never a cold start.
    from stdnum import iban
    from stdnum.exceptions import ValidationError

    if party.iban.value is not None:
        try:
            # Its own country rules refuse test banks; the check digits are what the standard prescribes.
            iban.validate(party.iban.value, check_country=False)
        except ValidationError:
            yield Finding(
                "iban_invalid",
                Severity.ERROR,
                f"The {role}'s IBAN {party.iban.value} fails its check digits.",
                (f"{role}.iban",),
            )
    if party.vat_number.value is not None and not _is_vat_number(party.vat_number.value):
        yield Finding(
            "vat_number_invalid",
            Severity.WARNING,
            f"The {role}'s VAT number {party.vat_number.value} has the wrong form or check digits.",
            (f"{role}.vat_number",),
        )


def _is_vat_number(number: str) -> bool:
    """Whether a number with its country prefix is well formed; a country without known rules is given the benefit."""
    from stdnum import get_cc_module
    from stdnum.exceptions import ValidationError

    prefix = number[:2].lower()
    # What a document says must never reach the import system: stdnum loads its country modules by name.
    if not (prefix.isascii() and prefix.isalpha() and len(prefix) == 2):
        return False
    country = {"el": "gr", "xi": "gb"}.get(prefix, prefix)
    # Swiss numbers begin with CHE, of which the country code is CH.
    module = get_cc_module(country, "vat")
    if module is None:
        return True
    for form in (number, number[2:]):
        try:
            module.validate(form)
        except ValidationError:
            continue
        return True
    return False


def _money(amount: Decimal) -> Decimal:
    rounded = amount.quantize(_CENT, ROUND_HALF_UP)
    return rounded if rounded.is_finite() else amount
