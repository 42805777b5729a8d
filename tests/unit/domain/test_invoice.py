"""The canonical form: exact money, ISO dates, and JSON that reads back as what it was."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from invoice_capture.domain.invoice import (
    AmountField,
    DateField,
    Invoice,
    Line,
    Party,
    Reading,
    Tax,
    TextField,
)

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12)
SHARES = st.floats(0, 1)


def field(kind, values):
    readings = st.builds(Reading, value=values, confidence=SHARES, page=st.none() | st.integers(0, 500))
    return st.builds(
        kind,
        value=st.none() | values,
        confidence=SHARES,
        page=st.none() | st.integers(0, 500),
        box=st.none() | st.tuples(SHARES, SHARES, SHARES, SHARES),
        source=st.none() | st.sampled_from(["xml", "text"]),
        candidates=st.lists(readings, max_size=2).map(tuple),
    )


TEXTS = field(TextField, st.text(max_size=20))
MONEY = field(AmountField, AMOUNTS)
DATES = field(DateField, st.dates())
INVOICES = st.builds(
    Invoice,
    invoice_number=TEXTS,
    issue_date=DATES,
    total=MONEY,
    supplier=st.builds(Party, name=TEXTS, iban=TEXTS),
    taxes=st.lists(st.builds(Tax, rate=MONEY, amount=MONEY), max_size=2).map(tuple),
)


@given(INVOICES)
def test_json_reads_back_as_the_same_values(invoice: Invoice) -> None:
    again = Invoice.model_validate(json.loads(json.dumps(invoice.to_json())))
    assert again.total == invoice.total
    assert again.issue_date == invoice.issue_date
    assert again.supplier == invoice.supplier
    assert [tax.amount.value for tax in again.taxes] == [tax.amount.value for tax in invoice.taxes]


@given(AMOUNTS)
def test_money_is_exact_and_a_string_in_json(amount: Decimal) -> None:
    data = Invoice(total=AmountField(value=amount, confidence=1)).to_json()
    assert isinstance(data["total"]["value"], str)
    assert Decimal(data["total"]["value"]) == amount


def test_dates_are_iso_8601() -> None:
    assert Invoice(issue_date=DateField(value=date(2026, 3, 1))).to_json()["issue_date"]["value"] == "2026-03-01"


def test_the_form_is_always_complete() -> None:
    data = Invoice(lines=(Line(description=TextField(value="Bolts", confidence=0.9)),)).to_json()
    empty = {"value": None, "confidence": 0.0, "page": None, "box": None, "source": None, "candidates": []}
    assert set(data) == set(Invoice.model_fields)
    assert set(data["supplier"]) == {"name", "vat_number", "tax_number", "address", "country", "iban", "bic"}
    assert data["total"] == empty
    [line] = data["lines"]
    assert set(line) == set(Line.model_fields)
    assert line["description"] == empty | {"value": "Bolts", "confidence": 0.9}
    assert line["quantity"] == empty


@pytest.mark.parametrize(
    "broken",
    [
        {"total": {"value": "NaN"}},
        {"total": {"value": "1", "confidence": 1.5}},
        {"total": {"value": "1", "page": -1}},
        {"total": {"value": "1", "box": [0, 0, 2, 1]}},
        {"issue_date": {"value": "31.03.2026"}},
        {"unknown": {}},
    ],
)
def test_what_breaks_the_form_is_refused_without_being_quoted(broken: dict) -> None:
    with pytest.raises(ValidationError) as caught:
        Invoice.model_validate(broken)
    assert "input_value" not in str(caught.value)
