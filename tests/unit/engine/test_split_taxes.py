"""Several taxes on one invoice, none of which is the whole tax."""

from decimal import Decimal

import pytest

from invoice_engine import extract
from invoice_engine.model import Invoice
from tests.unit.engine import documents


def invoice_with(*rows: tuple[str, str]) -> Invoice:
    head = [(60, 40, "Loon Lake Plumbing Ltd."), (330, 40, "Invoice number"), (450, 40, "LL-77")]
    sums = [
        (left, 400.0 + 14 * index, text)
        for index, row in enumerate(rows)
        for left, text in zip((330, 450), row, strict=True)
    ]
    return extract(documents.pdf([*head, *sums])).invoice


@pytest.mark.parametrize("labelled", [True, False])
def test_taxes_with_different_names_are_added(labelled: bool) -> None:
    rows = [
        ("Subtotal" if labelled else "Labour and parts", "1,000.00"), ("GST 5%", "50.00"), ("PST 7%", "70.00"),
        ("Total CAD", "1,120.00"),
    ]  # fmt: skip
    invoice = invoice_with(*rows)
    assert invoice.tax_total.value == Decimal("120.00")
    assert invoice.tax_total.chosen.source == "derived"
    assert invoice.subtotal.value == Decimal("1000.00")


def test_taxes_are_not_added_when_no_printed_amount_is_left() -> None:
    invoice = invoice_with(("GST 5%", "50.00"), ("PST 7%", "70.00"), ("Total CAD", "1,130.00"))
    assert invoice.tax_total.value != Decimal("120.00")


def test_the_dollars_of_a_country_are_amounts() -> None:
    invoice = invoice_with(("Subtotal", "CA$1,000.00"), ("GST", "CA$50.00"), ("Total", "CA$1,050.00"))
    assert (invoice.total.value, invoice.currency.value) == (Decimal("1050.00"), "CAD")


def test_the_sign_of_the_rand_stands_before_amounts() -> None:
    invoice = invoice_with(("Subtotal", "R2 000.00"), ("VAT 15%", "R300.00"), ("Total", "R2 300.00"))
    assert (invoice.total.value, invoice.currency.value) == (Decimal("2300.00"), "ZAR")
