"""Invoices as programs and people in eleven countries lay them out."""

import re

import pytest

from invoice_engine import extract
from invoice_engine.model import Field, Invoice, text_of
from tests.unit.engine import mockups

OFTEN_PRINTED = ("invoice_number", "issue_date", "due_date", "total", "supplier.name", "customer.name")


def field_at(invoice: Invoice, path: str) -> Field:
    node: object = invoice
    for step in path.split("."):
        node = getattr(node, step)
    assert isinstance(node, Field)
    return node


def plain(text: str) -> str:
    """Identifiers are compared without spaces and punctuation."""
    return re.sub(r"[\W_]", "", text).upper()


@pytest.mark.parametrize("name", mockups.names())
def test_every_value_on_the_page_is_read(name: str) -> None:
    drawn = mockups.mock_up(name)
    invoice = extract(drawn.pdf()).invoice
    fields = {path: field_at(invoice, path) for path in drawn.values}
    found = {path: text_of(field.value) if field.value is not None else "" for path, field in fields.items()}
    exact = {path for path in drawn.values if path in {"total", "subtotal", "tax_total"}}
    assert {path: value if path in exact else plain(value) for path, value in found.items()} == {
        path: value if path in exact else plain(value) for path, value in drawn.values.items()
    }


@pytest.mark.parametrize("name", mockups.names())
def test_only_what_is_not_printed_is_derived(name: str) -> None:
    drawn = mockups.mock_up(name)
    invoice = extract(drawn.pdf()).invoice
    chosen = {path: field_at(invoice, path).chosen for path in drawn.values if path in OFTEN_PRINTED}
    derived = {path for path, candidate in chosen.items() if candidate and candidate.source == "derived"}
    assert derived == drawn.derived & set(OFTEN_PRINTED)
