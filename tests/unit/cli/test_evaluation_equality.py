"""When two values are the same."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture_cli.evaluation.equality import missed_lines, same_line, same_value
from invoice_capture_cli.evaluation.judging import SCORED_FIELDS

SAME = [
    ("total", "104.90", "104.9"),
    ("total", "-104.90", "104.90"),
    ("subtotal", "7", "7.004"),
    ("tax_total", "1E+1", "10.00"),
    ("gross_amount", "3.10", "3.10"),
    ("date", "2026-01-31", "2026-01-31T00:00:00"),
    ("due_date", "2026-01-31", "2026-01-31"),
    ("currency", "EUR", "eur"),
    ("invoice_id", "QMI-26/0041", "qmi 26 0041"),
    ("iban", "GB33 BUKB 2020", "GB33BUKB2020"),
    ("swift", "NEBLDE21XXX", "nebl de 21 xxx"),
    ("vat_number", "DE294041172", "294041172"),
    ("vat_number", "294041172", "DE 294 041 172"),
    ("vat_number", "AT12", "DE12"),
    ("supplier", "Quillmere Ltd", "Quillmère"),
    ("supplier", "Quillmere", "Quillmere Instruments Limited"),
    ("supplier", "Nebelhorn GmbH & Co. KG", "Nebelhorn GmbH"),
    ("supplier", "Bo AG", "Bo"),
]
DIFFERENT = [
    ("total", "104.90", "104.91"),
    ("total", "7", "7.01"),
    ("total", "seven", "seven"),
    ("total", "7", "NaN"),
    ("total", "Infinity", "Infinity"),
    ("date", "2026-01-31", "2026-01-30"),
    ("currency", "EUR", "USD"),
    ("invoice_id", "12", "123"),
    ("iban", "GB33BUKB2020", "33BUKB2020"),
    ("vat_number", "DE294041172", "DE294041173"),
    ("supplier", "Bo AG", "Bol"),
    ("supplier", "Quillmere", "Instruments Quillmere"),
]


@pytest.mark.parametrize(("field", "wanted", "given_"), SAME)
def test_same(field: str, wanted: str, given_: str) -> None:
    assert same_value(field, wanted, given_)


@pytest.mark.parametrize(("field", "wanted", "given_"), DIFFERENT)
def test_different(field: str, wanted: str, given_: str) -> None:
    assert not same_value(field, wanted, given_)


@pytest.mark.parametrize("field", SCORED_FIELDS)
@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_never_right(field: str, nothing: str | None) -> None:
    assert not same_value(field, "", nothing)


@given(st.sampled_from(SCORED_FIELDS), st.text(), st.text())
def test_any_texts_can_be_compared(field: str, wanted: str, given_: str) -> None:
    assert same_value(field, wanted, given_) in (True, False)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=2))
def test_an_amount_is_itself_however_it_is_written(amount: Decimal) -> None:
    assert same_value("total", str(amount), format(-amount.normalize(), "f"))
    assert not same_value("total", str(amount), str(abs(amount) + Decimal("0.01")))


LINE = {"description": "Coiled rope, 8 mm", "quantity": "2.0000", "amount": "31.00"}


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"quantity": "2", "amount": "-31"}, True),
        ({"description": "COILED ROPE 8 MM, blue"}, True),
        ({"description": "Coiled"}, True),
        ({"description": "Rope, coiled, 8 mm"}, False),
        ({"description": "Coi"}, False),
        ({"quantity": "2.001"}, False),
        ({"quantity": ""}, False),
        ({"amount": "31.01"}, False),
    ],
)
def test_lines(changes: dict[str, str], same: bool) -> None:
    assert same_line(LINE, LINE | changes) == same


def test_what_is_not_known_of_a_line_is_not_asked() -> None:
    assert same_line({"description": "Rope", "amount": "1"}, {"description": "Rope", "amount": "1.00", "quantity": "9"})
    assert not same_line(LINE, {"description": LINE["description"]})


def test_exact_lines_have_their_whole_description() -> None:
    assert same_line(LINE, LINE | {"description": "coiled rope 8mm"}, exact=True)
    assert not same_line(LINE, LINE | {"description": "Coiled rope"}, exact=True)


def test_a_found_line_stands_for_one_wanted_line() -> None:
    other = LINE | {"description": "Anchor"}
    assert missed_lines([LINE, LINE, other], [other, LINE]) == [LINE]
    assert missed_lines([], [LINE]) == []
