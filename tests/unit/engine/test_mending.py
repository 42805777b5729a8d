"""Numbers that OCR has damaged: what cannot be anything else is put right, what is whole stays as it is."""

import re
import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.fields.identifiers import find_ibans, find_vat_numbers
from invoice_engine.fields.mended_ids import find_mended_ibans, find_mended_vat_numbers
from invoice_engine.fields.numbers import find_amounts
from invoice_engine.layout.lines import lines_of
from invoice_engine.layout.mending import mended_amount, mended_number
from tests.unit.engine import documents

DAMAGE = {"0": "Oo", "1": "lI|!", "5": "Ss", "8": "B", "2": "Zz"}
IBANS = ["DE89370400440532013000", "NL91ABNA0417164300", "ES9121000418450200051332", "BE68539007547034"]

amounts = st.builds(
    lambda value, form: (
        form.format(value / 100).translate(str.maketrans({",": ".", ".": ","}))
        if form == "{:,.2f}"
        else form.format(value / 100)
    ),
    st.integers(min_value=100, max_value=99_999_999),
    st.sampled_from(["{:,.2f}", "{:.2f}"]),
)


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("1.234,5O", "1.234,50"),
        ("l2,00", "12,00"),
        ("5,OO", "5,00"),
        ("€7,.818,75", "€7.818,75"),
        ("1B.90", "18.90"),
        ("-1O,00", "-10,00"),
        ("412;50", "412,50"),
        ("O1.02.2026", "01.02.2026"),
        ("2026-O2-l1", "2026-02-11"),
        ("RE-2026-0O17", "RE-2026-0017"),
    ],
)
def test_letters_and_marks_in_numbers_are_put_right(read: str, printed: str) -> None:
    assert mended_number(read) == printed


@pytest.mark.parametrize(
    "text",
    ["1.5l", "0,5l", "10l", "B.V.", "S5.50", "O,OO", "2.0S", "Oslo", "12:30", "v1.2", "H1LO8ET", "20|10", "§2.10"],
)
def test_what_may_be_something_else_is_left_alone(text: str) -> None:
    assert mended_number(text) is None


@given(amounts)
def test_a_whole_amount_stays_as_it_is(amount: str) -> None:
    assert mended_amount(amount) is None
    assert mended_number(amount) is None


@given(st.dates().map(str) | st.dates().map(lambda date: f"{date:%d.%m.%Y}"))
def test_a_whole_date_stays_as_it_is(date: str) -> None:
    assert mended_number(date) is None


@given(amounts, st.data())
def test_an_amount_with_one_damaged_digit_inside_is_read_as_printed(amount: str, data: st.DataObject) -> None:
    inside = [place for place in range(1, len(amount) - 1) if amount[place] in DAMAGE]
    if not inside:
        return
    place = data.draw(st.sampled_from(inside))
    letter = data.draw(st.sampled_from(DAMAGE[amount[place]]))
    assert mended_amount(amount[:place] + letter + amount[place + 1 :]) == amount


@given(st.text(alphabet=string.digits + "OoIl|SsBZ.,;'-/€ ", max_size=30))
def test_what_is_mended_is_whole_and_keeps_its_digits(text: str) -> None:
    mended = mended_amount(text)
    if mended is None:
        return
    assert mended_amount(mended) is None
    assert any(isinstance(one.value, Decimal) and one.quality == 1.0 for one in find_amounts(mended))
    kept = iter(mended)
    assert all(digit in kept for digit in re.findall(r"\d", text))


@given(st.text(max_size=40))
def test_any_text_can_be_asked_for(text: str) -> None:
    mended_number(text)
    find_mended_ibans(text)
    find_mended_vat_numbers(text)


def texts_of(*texts: str, by_ocr: bool = True) -> list[str]:
    """The cells of a line of words that stand close together."""
    left, placed = 60.0, []
    for text in texts:
        placed.append((left, 100.0, text))
        left += len(text) * 4.5 + 2.0
    return [cell.text for line in lines_of(documents.page(placed, by_ocr=by_ocr)) for cell in line.cells]


@pytest.mark.parametrize(
    ("pieces", "cell"),
    [
        (("1256,", "70"), "1256,70"),
        (("1", "234", ",56"), "1234,56"),
        (("€", "18", ".90"), "€18.90"),
        (("1.234", ",56", "EUR"), "1.234,56 EUR"),
        (("Total:", "1256,", "70"), "Total: 1256,70"),
    ],
)
def test_the_pieces_of_one_amount_are_joined(pieces: tuple[str, ...], cell: str) -> None:
    assert texts_of(*pieces) == [cell]
    assert texts_of(*pieces, by_ocr=False) == [" ".join(pieces)]


@pytest.mark.parametrize("words", [("Seite", "1,", "20"), ("1,", "20", "Stk"), ("12", "34"), ("1.234,56", "19,00")])
def test_numbers_beside_each_other_stay_apart(words: tuple[str, ...]) -> None:
    assert texts_of(*words) == [" ".join(words)]


def test_a_mended_word_says_so_and_keeps_its_place() -> None:
    (line,) = lines_of(documents.page([(60, 100, "Netto 1.234,5O")], by_ocr=True))
    (cell,) = line.cells
    assert [(word.text, word.mended) for word in cell.words] == [("Netto", False), ("1.234,50", True)]
    assert cell.is_mended(6, 14)
    assert not cell.is_mended(0, 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("IBAN NL9lABNAO4171643OO", "NL91ABNA0417164300"),
        ("DE89 37O4 0044 0532 O13O 00 BIC", "DE89370400440532013000"),
        ("NL91 A8NA 0417 1643 00", "NL91ABNA0417164300"),
    ],
)
def test_an_iban_is_mended_where_its_checksum_proves_it(text: str, value: str) -> None:
    assert [one.value for one in find_ibans(text) if one.quality == 1.0] == []
    (found,) = find_mended_ibans(text)
    assert (found.value, found.quality) == (value, 1.0)


def test_an_iban_that_no_format_and_checksum_proves_is_doubtful() -> None:
    (exact,) = find_ibans("DE12370400440532013000")
    (doubtful,) = find_mended_ibans("DE12370400440532013000")
    assert doubtful.value == exact.value
    assert doubtful.quality < exact.quality


@given(st.sampled_from(IBANS), st.text(alphabet=string.ascii_letters + " ", max_size=8))
def test_a_valid_iban_stays_as_it_is(iban: str, before: str) -> None:
    text = f"{before}: {iban}"
    assert find_mended_ibans(text) == find_ibans(text)


@given(st.sampled_from(IBANS), st.data())
def test_an_iban_with_damaged_digits_is_read_as_printed(iban: str, data: st.DataObject) -> None:
    damaged = [
        data.draw(st.sampled_from([character, *("O" if character == "0" else "S" if character == "5" else "")]))
        for character in iban[4:]
    ]
    (found,) = find_mended_ibans(iban[:4] + "".join(damaged))
    assert found.value == iban


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("USt-IdNr. DE29404I172", "DE294041172"),
        ("NL8205716478O1 KvK", "NL820571647B01"),
        ("VAT ATU1234567S", "ATU12345675"),
    ],
)
def test_a_vat_number_is_mended_into_the_format_of_its_country(text: str, value: str) -> None:
    assert find_vat_numbers(text) == []
    assert [one.value for one in find_mended_vat_numbers(text)] == [value]


@pytest.mark.parametrize("text", ["SE SOLUTIONS12", "DE LIEFERUNGEN", "DE294041172", "IE BOOKS 2026 Ltd"])
def test_words_and_whole_vat_numbers_are_not_mended(text: str) -> None:
    assert find_mended_vat_numbers(text) == find_vat_numbers(text)
