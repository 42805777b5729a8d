"""Amounts as currencies write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.money import as_written, smallest_unit


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("12.5", "EUR", "12.50"),
        ("12", None, "12.00"),
        ("1200", "JPY", "1200"),
        ("1.5", "KWD", "1.500"),
        ("0.12345", "EUR", "0.12345"),
        ("-3", "USD", "-3.00"),
    ],
)
def test_an_amount_has_at_least_the_decimals_of_its_currency(amount: str, currency: str | None, written: str) -> None:
    assert str(as_written(Decimal(amount), currency)) == written


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.sampled_from(["EUR", "JPY", "KWD", None]))
def test_writing_changes_no_amount(amount: Decimal, currency: str | None) -> None:
    assert as_written(amount, currency) == amount


def test_the_smallest_unit_is_a_cent_unless_known_otherwise() -> None:
    assert [smallest_unit(code) for code in ("EUR", "JPY", "KWD", None)] == [
        Decimal("0.01"),
        Decimal(1),
        Decimal("0.001"),
        Decimal("0.01"),
    ]


# ISO 4217's list one of active currencies, which has the decimals of each.
@pytest.mark.parametrize(
    ("codes", "unit"),
    [
        ("CLP ISK JPY KRW PYG UGX VND XAF XOF XPF", "1"),
        ("BHD IQD JOD KWD LYD OMR TND", "0.001"),
        ("AUD BGN CHF CZK DKK EUR GBP HUF NOK PLN RON SEK TRY USD", "0.01"),
    ],
)
def test_every_currency_has_the_unit_that_the_standard_gives_it(codes: str, unit: str) -> None:
    assert {code: str(smallest_unit(code)) for code in codes.split()} == dict.fromkeys(codes.split(), unit)
