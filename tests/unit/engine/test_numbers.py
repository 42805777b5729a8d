from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.fields.numbers import DecimalMark, decimal_mark_of, find_amounts, find_rates

AMOUNTS = st.decimals(min_value=0, max_value=Decimal("9999999.99"), places=2)


def parse_amount(text: str, decimal_mark: DecimalMark | None = None) -> Decimal | None:
    """The amount that `text` as a whole stands for."""
    whole = [one for one in find_amounts(text, decimal_mark) if (one.start, one.end) == (0, len(text))]
    return Decimal(str(whole[0].value)) if whole else None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,56", "1234.56"),
        ("1\u00a0234\u00a0567,89", "1234567.89"),
        ("1'234.56", "1234.56"),
        ("1’234.50", "1234.50"),
        ("1,23,456.00", "123456.00"),
        ("12,5", "12.5"),
        ("-5", "-5"),
        ("(5.00)", "-5.00"),
        ("5-", "-5"),
        ("5,00-", "-5.00"),
        ("− 5,00", "-5.00"),
        ("-€5.00", "-5.00"),
        ("€-5.00", "-5.00"),
        ("€ 1.234,00", "1234.00"),
        ("CHF 1'234.50", "1234.50"),
        ("100,-", "100"),
        ("0,052", "0.052"),
        ("1.234", "1234"),
        ("1,234", "1234"),
    ],
)
def test_an_amount_is_read_in_every_common_notation(text: str, value: str) -> None:
    assert parse_amount(text) == Decimal(value)


@pytest.mark.parametrize("text", ["19%", "19 %", "12.05.2026", "12:30", "A4", "2026/117", "", "-", "..", "1.2.3.4"])
def test_what_is_no_amount_is_not_read_as_one(text: str) -> None:
    assert parse_amount(text) is None


def test_the_documents_decimal_mark_decides_three_digits_after_a_separator() -> None:
    assert parse_amount("1.234", ".") == Decimal("1.234")
    assert parse_amount("1.234", ",") == Decimal("1234")
    assert parse_amount("1,234", ",") == Decimal("1.234")


def test_the_decimal_mark_is_that_of_the_unambiguous_numbers() -> None:
    assert decimal_mark_of(["1.234", "12,50", "9,99"]) == ","
    assert decimal_mark_of(["12.50", "1,234"]) == "."
    assert decimal_mark_of(["1.234", "7"]) is None


def test_amounts_are_found_with_their_place_in_a_text() -> None:
    text = "Total EUR 1.090,00 incl. 19 % VAT of 174,03"
    found = find_amounts(text)
    assert [one.value for one in found] == [Decimal("1090.00"), Decimal("174.03")]
    assert text[found[0].start : found[0].end] == "EUR 1.090,00"


def test_rates_are_found_in_percent() -> None:
    assert [one.value for one in find_rates("7 % and 19,50% and 21.0%")] == [Decimal(7), Decimal("19.5"), Decimal(21)]
    assert [str(one.value) for one in find_rates("20.00 %")] == ["20"]


@given(AMOUNTS, st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u202f", ","), ("", ".")]))
def test_what_is_written_with_two_decimals_is_read_back(amount: Decimal, marks: tuple[str, str]) -> None:
    grouping, mark = marks
    written = f"{amount:,.2f}".replace(",", "\0").replace(".", mark).replace("\0", grouping)
    assert parse_amount(written) == amount
    assert parse_amount(f"-{written}") == -amount


@given(st.text())
def test_no_text_makes_the_reader_fail(text: str) -> None:
    for found in (*find_amounts(text), *find_rates(text)):
        assert 0 <= found.start < found.end <= len(text)
        assert Decimal(str(found.value)).is_finite()


@given(st.text(alphabet="0123456789.,'’ -()%€"))
def test_no_run_of_digits_and_signs_makes_the_reader_fail(text: str) -> None:
    assert all(abs(Decimal(str(found.value))) < Decimal(10) ** 16 for found in find_amounts(text))
