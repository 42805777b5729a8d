"""Where each check of amounts and dates begins to find something: at the next cent, and the next day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from invoice_capture.domain.invoice import DateField, Invoice, Line, Tax, TextField
from invoice_capture.domain.validation import validate_invoice
from tests.unit.domain.test_validation import TODAY, amount


def found(code: str, **values: Any) -> bool:
    """Whether an invoice with just these values has a finding; plain texts are amounts."""
    fields = {name: amount(value) if isinstance(value, str) else value for name, value in values.items()}
    return code in [finding.code for finding in validate_invoice(Invoice(**fields), TODAY)]


def a_line(**values: str) -> Line:
    return Line(**{name: amount(value) for name, value in values.items()})


def a_tax(**values: str) -> Tax:
    return Tax(**{name: amount(value) for name, value in values.items()})


YEN = {"currency": TextField(value="JPY")}


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        # A cent, and half a cent per piece in either direction, also for a return of goods.
        ({"quantity": "2", "unit_price": "10.00", "subtotal": "20.02"}, False),
        ({"quantity": "2", "unit_price": "10.00", "subtotal": "20.03"}, True),
        ({"quantity": "2", "unit_price": "10.00", "subtotal": "19.98"}, False),
        ({"quantity": "2", "unit_price": "10.00", "subtotal": "19.97"}, True),
        ({"quantity": "-2", "unit_price": "10.00", "subtotal": "-20.02"}, False),
        ({"quantity": "-2", "unit_price": "10.00", "subtotal": "-20.03"}, True),
        ({"quantity": "2", "unit_price": "10.00", "discount": "5.00", "subtotal": "15.02"}, False),
        ({"quantity": "2", "unit_price": "10.00", "discount": "5.00", "subtotal": "15.03"}, True),
        ({"quantity": "2", "unit_price": "10.00"}, False),
        ({"quantity": "2", "subtotal": "10.00"}, False),
        ({"unit_price": "2", "subtotal": "10.00"}, False),
    ],
)
def test_a_line(line: dict[str, str], is_found: bool) -> None:
    assert found("line_mismatch", lines=(a_line(**line),)) is is_found


def test_a_line_in_a_currency_without_cents() -> None:
    lines = {"quantity": "1", "unit_price": "100"}
    assert not found("line_mismatch", lines=(a_line(**lines, subtotal="101"),), **YEN)
    assert found("line_mismatch", lines=(a_line(**lines, subtotal="102"),), **YEN)


@pytest.mark.parametrize(
    ("subtotal", "is_found"), [("30.02", False), ("30.03", True), ("29.98", False), ("29.97", True)]
)
def test_two_lines_against_their_subtotal(subtotal: str, is_found: bool) -> None:
    lines = a_line(subtotal="10.00"), a_line(subtotal="20.00")
    assert found("lines_mismatch", lines=lines, subtotal=subtotal) is is_found
    assert not found("lines_mismatch", lines=(*lines, a_line()), subtotal="99.00"), "one of them was not read"
    assert not found("lines_mismatch", lines=(), subtotal=subtotal)


@pytest.mark.parametrize(
    ("number_of_lines", "tax", "is_found"),
    [(0, "19.01", False), (0, "19.02", True), (1, "19.02", True), (2, "19.02", False), (2, "19.03", True)],
)
def test_a_tax_against_its_base(number_of_lines: int, tax: str, is_found: bool) -> None:
    lines = tuple(a_line() for _ in range(number_of_lines))
    taxes = (a_tax(rate="19", base="100.00", amount=tax),)
    assert found("tax_mismatch", lines=lines, taxes=taxes) is is_found


@pytest.mark.parametrize("missing", ["rate", "base", "amount"])
def test_a_tax_of_which_a_part_was_not_read_is_no_mismatch(missing: str) -> None:
    values = {"rate": "19", "base": "100.00", "amount": "50.00"}
    del values[missing]
    assert not found("tax_mismatch", taxes=(a_tax(**values),))


@pytest.mark.parametrize(
    ("code", "part", "total"), [("taxes_mismatch", "amount", "tax_total"), ("tax_bases_mismatch", "base", "subtotal")]
)
def test_two_taxes_against_their_sums(code: str, part: str, total: str) -> None:
    taxes = a_tax(**{part: "10.00"}), a_tax(**{part: "20.00"})
    assert not found(code, taxes=taxes, **{total: "30.02"})
    assert found(code, taxes=taxes, **{total: "30.03"})
    assert not found(code, taxes=taxes, **{total: "29.98"})
    assert found(code, taxes=taxes, **{total: "29.97"})
    assert not found(code, taxes=(*taxes, a_tax()), **{total: "99.00"}), "one of them was not read"
    assert not found(code, taxes=(), **{total: "99.00"})


@pytest.mark.parametrize(
    ("number_of_taxes", "total", "is_found"),
    [(0, "119.01", False), (0, "119.02", True), (1, "119.02", False), (1, "119.03", True), (1, "118.97", True)],
)
def test_a_total(number_of_taxes: int, total: str, is_found: bool) -> None:
    taxes = tuple(a_tax() for _ in range(number_of_taxes))
    assert found("total_mismatch", taxes=taxes, subtotal="100.00", tax_total="19.00", total=total) is is_found


@pytest.mark.parametrize("missing", ["subtotal", "tax_total", "total"])
def test_a_total_of_which_a_part_was_not_read_is_no_mismatch(missing: str) -> None:
    values = {"subtotal": "100.00", "tax_total": "19.00", "total": "500.00"}
    del values[missing]
    assert not found("total_mismatch", **values)


@pytest.mark.parametrize(("days", "is_found"), [(0, False), (1, False), (2, True)])
def test_a_date_in_the_future(days: int, is_found: bool) -> None:
    assert found("future_date", issue_date=DateField(value=TODAY + timedelta(days=days))) is is_found


@pytest.mark.parametrize(("day", "is_found"), [(1, True), (2, False), (3, False)])
def test_a_due_date(day: int, is_found: bool) -> None:
    issued, due = DateField(value=date(2026, 3, 2)), DateField(value=date(2026, 3, day))
    assert found("due_before_issue", issue_date=issued, due_date=due) is is_found


def test_what_is_said_has_the_line_its_amounts_and_its_field() -> None:
    lines = a_line(), a_line(quantity="3", unit_price="1.115", subtotal="9.00")
    [said] = [one for one in validate_invoice(Invoice(lines=lines), TODAY) if one.code == "line_mismatch"]
    assert said.message == "Line 2: quantity x unit price is 3.35, the line says 9.00."
    assert said.to_json()["fields"] == ["lines[1].subtotal"]
    taxes = (a_tax(rate="19", base="100.00", amount="50.00"),)
    [said] = [one for one in validate_invoice(Invoice(taxes=taxes), TODAY) if one.code == "tax_mismatch"]
    assert said.message == "19 % of 100.00 is 19.00, the invoice says 50.00."
    assert said.to_json() == {
        "code": "tax_mismatch",
        "severity": "error",
        "message": said.message,
        "fields": ["taxes[0].amount"],
    }


def test_a_difference_names_every_field_that_may_be_wrong() -> None:
    amounts = {"subtotal": amount("100.00"), "tax_total": amount("19.00"), "total": amount("200.00")}
    taxes, lines = (a_tax(base="1.00", amount="2.00"),), (a_line(subtotal="3.00"),)
    said = {one.code: one for one in validate_invoice(Invoice(taxes=taxes, lines=lines, **amounts), TODAY)}
    assert {code: one.fields for code, one in said.items() if code.endswith("mismatch")} == {
        "lines_mismatch": ("lines", "subtotal"),
        "taxes_mismatch": ("taxes", "tax_total"),
        "tax_bases_mismatch": ("taxes", "subtotal"),
        "total_mismatch": ("subtotal", "tax_total", "total"),
    }
    assert said["total_mismatch"].message == "Subtotal 100.00 and tax 19.00 make 119.00, the total is 200.00."


def test_there_are_at_most_a_hundred() -> None:
    lines = tuple(a_line(quantity="1", unit_price="1.00", subtotal="9.00") for _ in range(200))
    assert len(validate_invoice(Invoice(lines=lines), TODAY)) == 100
