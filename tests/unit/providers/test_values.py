"""Values of answers: parsed where they are plain, None where they would have to be guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.invoice import Reading
from invoice_capture.providers import values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_whatever_an_answer_holds_nothing_breaks(value: Any) -> None:
    for parse in (
        values.text,
        values.decimal,
        values.day,
        values.currency,
        values.country,
        values.compact,
        values.confidence,
    ):
        parse(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_numbers_keep_their_digits(number: Decimal) -> None:
    assert values.decimal(format(number, "f")) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12.5, Decimal("12.5")),
        (7, Decimal(7)),
        (" -3.10 ", Decimal("-3.10")),
        ("1E+3", Decimal(1000)),
        ("1,234.00", None),
        ("12 EUR", None),
        ("", None),
        (True, None),
        ("NaN", None),
        (float("inf"), None),
        ("1e400", None),
        ([1], None),
    ],
)
def test_a_number_is_plain_or_none(value: Any, number: Decimal | None) -> None:
    assert values.decimal(value) == number


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-01-14", date(2026, 1, 14)),
        ("2026-01-14 00:00:00", date(2026, 1, 14)),
        ("2026-01-14T10:20:30Z", date(2026, 1, 14)),
        ("14.01.2026", None),
        ("2026-02-30", None),
        (20260114, None),
    ],
)
def test_a_date_is_iso_8601_or_none(value: Any, day: date | None) -> None:
    assert values.day(value) == day


@pytest.mark.parametrize(
    ("value", "code"), [("eur", "EUR"), ("€", "EUR"), ("£", "GBP"), ("$", None), ("kr", None), ("Euros", None)]
)
def test_a_symbol_that_several_currencies_share_names_none(value: str, code: str | None) -> None:
    assert values.currency(value) == code


def test_countries_and_numbers_are_compact() -> None:
    assert (values.country("de"), values.country("Germany")) == ("DE", None)
    assert values.compact(" be 0999.123.475 ") == "BE0999123475"
    assert values.compact("--") is None


def test_confidences_are_from_0_to_1() -> None:
    assert [values.confidence(value) for value in (0, 0.5, "1", 1.01, -0.1, "high")] == [
        0.0,
        0.5,
        1.0,
        None,
        None,
        None,
    ]


def test_a_field_is_its_first_candidate() -> None:
    readings = [Reading[str](value=str(number), confidence=0.5, page=number, source="paid") for number in range(20)]
    field = values.field(readings)
    assert (field.value, field.page, field.source, len(field.candidates)) == ("0", 0, "paid", 10)
    assert values.field([]).value is None


def test_texts_are_bounded() -> None:
    assert values.text("x" * 5000) == "x" * 2000
    assert values.text("  ") is None
