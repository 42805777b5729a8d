"""Corrections: a person's value stands, what was read stays behind it, and nothing else is touched."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.corrections import CONFIRMED, corrected
from invoice_capture.domain.invoice import Invoice, InvoiceField, Line, Party, Reading, Tax
from invoice_capture.domain.validation import validate_invoice

TODAY = date(2026, 3, 31)
READ = Invoice(
    invoice_number=InvoiceField[str](value="R-1", confidence=0.9, page=0, box=(0.1, 0.1, 0.2, 0.2), source="text"),
    issue_date=InvoiceField[date](value=date(2026, 1, 15), confidence=None, source="paid"),
    supplier=Party(name=InvoiceField[str](value="Example Ltd", confidence=0.8, source="text")),
    total=InvoiceField[Decimal](
        value=Decimal("100.00"),
        confidence=0.4,
        source="text",
        candidates=(Reading[Decimal](value=Decimal("119.00"), confidence=0.3, source="text"),),
    ),
    taxes=(Tax(rate=InvoiceField[Decimal](value=Decimal(19), confidence=0.7)),),
    lines=(
        Line(description=InvoiceField[str](value="Bolts"), quantity=InvoiceField[Decimal](value=Decimal(2))),
        Line(description=InvoiceField[str](value="Nuts")),
    ),
).to_json()

PATHS = ["invoice_number", "issue_date", "type", "total", "supplier.name", "customer.iban", "lines.0.quantity"]
PATHS += ["lines.1.total", "taxes.0.rate", "lines", "taxes"]
NAMES = st.sampled_from(
    [*PATHS, "supplier", "total.value", "total.candidates", "total.candidates.0", "lines.0", "lines.2.total", ""]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
ROWS = st.lists(st.dictionaries(st.sampled_from([*Line.model_fields, "rate", "x"]), JSON, max_size=3), max_size=3)


@given(st.dictionaries(NAMES | st.text(max_size=12), JSON | ROWS | st.decimals().map(str), max_size=4))
def test_any_values_make_an_invoice_or_are_refused_by_their_path(values: dict[str, Any]) -> None:
    before = deepcopy(READ)
    invoice = corrected_or_refused(values)
    if isinstance(invoice, InvalidRequest):
        assert invoice.field is not None
        assert invoice.field.startswith("values.")
    else:
        # What is taken can be checked, written and read again.
        assert len(validate_invoice(invoice, TODAY)) <= 100
        assert Invoice.model_validate(invoice.to_json()) == invoice
    assert before == READ


def corrected_or_refused(values: dict[str, Any]) -> Invoice | InvalidRequest:
    try:
        return corrected(READ, values)
    except InvalidRequest as refused:
        return refused


def test_without_values_all_stays_as_it_was_read() -> None:
    assert corrected(READ, {}).to_json() == READ


def test_a_correction_keeps_what_was_read_as_the_first_candidate() -> None:
    total = corrected(READ, {"total": "120.00"}).total
    assert (total.value, total.confidence, total.source, total.page, total.box) == (
        Decimal("120.00"),
        1.0,
        CONFIRMED,
        None,
        None,
    )
    assert [(reading.value, reading.confidence, reading.source) for reading in total.candidates] == [
        (Decimal("100.00"), 0.4, "text"),
        (Decimal("119.00"), 0.3, "text"),
    ]


def test_a_value_that_is_right_is_sure_now_and_stays_where_it_was_read() -> None:
    number = corrected(READ, {"invoice_number": "R-1"}).invoice_number
    assert (number.value, number.confidence, number.source, number.page) == ("R-1", 1.0, "text", 0)
    assert number.box == (0.1, 0.1, 0.2, 0.2)
    assert number.candidates == ()


def test_what_was_not_read_leaves_no_candidate() -> None:
    field = corrected(READ, {"currency": "EUR"}).currency
    assert (field.value, field.source, field.candidates) == ("EUR", CONFIRMED, ())


def test_null_empties_a_field_and_what_was_read_is_still_known() -> None:
    total = corrected(READ, {"total": None}).total
    assert (total.value, total.candidates[0].value) == (None, Decimal("100.00"))


def test_nothing_else_is_touched() -> None:
    changed = corrected(READ, {"lines.0.quantity": "3", "supplier.name": "Other Ltd"}).to_json()
    changed["lines"][0]["quantity"] = READ["lines"][0]["quantity"]
    changed["supplier"]["name"] = READ["supplier"]["name"]
    assert changed == READ


@given(st.lists(st.sampled_from(["1.00", "2.00", "3.00", None]), max_size=12))
def test_correcting_to_and_fro_loses_nothing_and_repeats_nothing(values: list[str | None]) -> None:
    content = READ
    for value in values:
        content = corrected(content, {"total": value}).to_json()
    field = content["total"]
    read = [READ["total"]["value"], *(each["value"] for each in READ["total"]["candidates"])]
    assert set(read) <= {field["value"], *(each["value"] for each in field["candidates"])}
    assert field["value"] == (values[-1] if values else READ["total"]["value"])
    assert len(field["candidates"]) <= 5


def test_a_whole_table_replaces_the_one_that_was_read() -> None:
    rows = [{"description": "Screws", "quantity": 5, "total": "1.5"}, {}]
    lines = corrected(READ, {"lines": rows}).lines
    assert [(line.description.value, line.quantity.value, line.total.value) for line in lines] == [
        ("Screws", Decimal(5), Decimal("1.5")),
        (None, None, None),
    ]
    assert lines[0].description.source == CONFIRMED
    assert corrected(READ, {"lines": [], "taxes": [{"rate": "7"}]}).lines == ()


def test_a_new_table_can_be_corrected_in_the_same_breath() -> None:
    values = {"lines": [{"quantity": "5"}, {}], "lines.0.quantity": "6", "lines.1.total": "1"}
    first, second = corrected(READ, values).lines
    assert (first.quantity.value, second.total.value) == (Decimal(6), Decimal(1))


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "nothing",
        "supplier",
        "supplier.",
        "supplier.name.value",
        "supplier.name.candidates",
        "Total",
        "total.value",
        "total.confidence",
        "total.candidates.0",
        "total.candidates.0.value",
        "lines.0",
        "lines.2.total",
        "lines.-1.total",
        "lines.0.nothing",
        "lines.00000000000.total",
        "lines." + "9" * 5000 + ".total",
        "lines.one.total",
        "lines.²." + "total",
        "lines[0].total",
        "taxes.0",
        "__class__",
        "x" * 5000,
    ],
)
def test_a_path_that_leads_to_no_field_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="has no field") as refused:
        corrected(READ, {path: "1"})
    assert len(str(refused.value)) < 200
    assert refused.value.field == f"values.{path[:100]}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("total", "much"),
        ("total", "NaN"),
        ("total", "Infinity"),
        ("total", "1E+999999"),
        ("total", "1E+20"),
        ("total", 1e300),
        ("total", "1E-30"),
        ("total", {}),
        ("total", ["1"]),
        ("issue_date", "15.01.2026"),
        ("issue_date", "2026-02-30"),
        ("type", "receipt"),
        ("invoice_number", 7),
        ("invoice_number", {"value": "R-2"}),
        ("supplier.name", True),
        ("lines.0.quantity", "two"),
        ("taxes.0.rate", "19 %"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_path(path: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=path) as refused:
        corrected(READ, {path: value})
    assert refused.value.field == f"values.{path}"


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({}, "values.lines"),
        ("x", "values.lines"),
        (None, "values.lines"),
        (["x"], "values.lines"),
        ([{"nothing": 1}], "values.lines.0.nothing"),
        ([{}, {"rate": 1}], "values.lines.1.rate"),
        ([{"total": "1"}, {"total": "much"}], "values.lines.1.total"),
        ([{"total": "1E+99"}], "values.lines.0.total"),
    ],
)
def test_a_table_that_is_none_is_refused(table: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        corrected(READ, {"lines": table})
    assert refused.value.field == field


@pytest.mark.parametrize("number", ["0", "-0.00", "99999999999999999999", "-0.0000000001", "0E+30"])
def test_numbers_that_an_invoice_may_have_are_taken_exactly(number: str) -> None:
    assert corrected(READ, {"total": number}).total.value == Decimal(number)
