"""The parts that receipts are read with: amounts as tills print them, words that OCR damaged, lines of a head."""

import json
from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.choose.receipt_totals import reconcile_with_receipt_total
from invoice_engine.choose.totals import Totals
from invoice_engine.fields.receipts.amounts import blurred_amounts, till_amounts, whole_amounts
from invoice_engine.fields.receipts.names import is_address, is_heading, is_in_trade, name_in
from invoice_engine.fields.receipts.phrases import amount_hits, one_edit_apart, word_hits
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import lexicon, match_key
from invoice_engine.model import EMPTY, Box, Candidate, Field
from invoice_engine.read.words import Word

SUMS = st.decimals(min_value=0, max_value=9999, places=2, allow_nan=False, allow_infinity=False)
SECTIONS = {
    entry.name: json.loads(entry.read_text(encoding="utf-8"))["receipt"]
    for entry in resources.files("invoice_engine.lexicon").iterdir()
    if entry.name.endswith(".json")
}


def cell(text: str) -> Cell:
    return Cell(tuple(Word(word, Box(0.1, 0.1, 0.2, 0.2)) for word in text.split()), 0, 0)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("18.90", ["18.90"]),
        ("18 .90", ["18.90"]),
        ("14. 65", ["14.65"]),
        ("18,90", ["18.90"]),
        ("RM37.40", ["37.40"]),
        ("$ 18.90", ["18.90"]),
        ("1B.90", ["18.90"]),
        ("O.OO 1.5O", ["1.50"]),
        ("4.70SR 2.00*", ["4.70", "2.00"]),
        ("-50. 00", ["-50.00"]),
        ("2,98-", ["-2.98"]),
        ("1.234,56", ["1234.56"]),
        ("1,234.56", ["1234.56"]),
        ("1 234,50 kr", ["1234.50"]),
        ("3 x 4.50 13.50", ["4.50", "13.50"]),
    ],
)
def test_amounts_are_read_as_tills_print_them(text: str, amounts: list[str]) -> None:
    assert [one.value for one in till_amounts(text)] == [Decimal(amount) for amount in amounts]


@pytest.mark.parametrize("text", ["12.03.2026", "17:04", "6.00%", "4 250 g", "004417290366", "1.5 l", "v2.10.3"])
def test_what_is_no_amount_is_not_read_as_one(text: str) -> None:
    assert till_amounts(text) == []


def test_repaired_amounts_are_less_certain_than_clean_ones_and_cut_off_ones_least() -> None:
    clean, repaired, cut_off = (till_amounts(text)[0].quality for text in ("18.90", "1B.90", "§8.90"))
    assert clean > repaired > cut_off


def test_amounts_without_decimals_are_surer_beside_a_currency() -> None:
    assert [one.value for one in whole_amounts("Celkem 245 Kč")] == [Decimal(245)]
    assert whole_amounts("245 Kč")[0].quality > whole_amounts("245")[0].quality
    assert [one.value for one in whole_amounts("245,-")] == [Decimal(245)]


def test_an_amount_that_lost_its_mark_is_a_guess() -> None:
    assert [one.value for one in blurred_amounts("47 80")] == [Decimal("47.80")]
    assert [one.value for one in blurred_amounts("8091")] == [Decimal("80.91")]
    assert blurred_amounts("18.90") == []


@given(SUMS, st.sampled_from(["{}", "RM{}", "€ {}", "{} SR", "{}A", "TOTAL {}", "{} *"]))
def test_an_amount_is_read_back(amount: Decimal, notation: str) -> None:
    for written in (f"{amount:.2f}", f"{amount:,.2f}", f"{amount:.2f}".replace(".", ",")):
        assert [one.value for one in till_amounts(notation.format(written))] == [amount]


@given(st.text())
def test_no_text_makes_the_readers_of_amounts_and_words_fail(text: str) -> None:
    for one in (*till_amounts(text), *whole_amounts(text), *blurred_amounts(text), *amount_hits(text)):
        assert 0 <= one.start < one.end <= len(text)
    for kind in lexicon().receipt_words:
        assert all(0 <= hit.start < hit.end <= len(text) for hit in word_hits(text, kind))


@given(st.text(alphabet="0123456789OolISB.,- RMkr€x%", max_size=40))
def test_no_run_of_figures_makes_the_reader_of_amounts_fail(text: str) -> None:
    assert all(isinstance(one.value, Decimal) for one in till_amounts(text))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Sub-tota]", ["part"]),
        ("fotal Sales", ["total"]),
        ("T0TAL", ["total"]),
        ("Chanqe", ["change"]),
        ("RÜCKGELD", ["change"]),
        ("Total Sales (Excluding GST)", ["total", "exclusive", "tax"]),
        ("Service charge", ["other"]),
        ("GROUND FLOOR", []),
        ("Cast iron", []),
    ],
)
def test_words_of_amounts_are_found_also_when_damaged(text: str, kinds: list[str]) -> None:
    assert [hit.kind for hit in amount_hits(text)] == kinds


@given(st.text(alphabet="abcdefg", min_size=1, max_size=9), st.data())
def test_one_edit_is_found_and_two_are_not_taken_for_one(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    assert one_edit_apart(word, word[:place] + "x" + word[place + 1 :])
    assert one_edit_apart(word, word[:place] + word[place + 1 :])
    assert one_edit_apart(word, word[:place] + "x" + word[place:])
    assert not one_edit_apart(word, word)
    assert not one_edit_apart(word, "xy" + word)
    assert not one_edit_apart("x" + word + "y", "z" + word + "z")


@pytest.mark.parametrize(
    "text",
    [
        "9 Nowhere Lane", "Lot 3, Jalan Awan 23/1,", "Lindenstraße 7", "01234 Wolkenheim", "12 rue des Nuages",
        "ul. Nijaka 5", "Ingenstansgatan 1", "NO. 9, JALAN AWAN", "Springfield, IL 62999", "1234 AB Mistdam",
        "#01-05 Cloud Mall",
    ],
)  # fmt: skip
def test_addresses_are_told_from_names(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["FOGGY CORNER SHOP", "Boulangerie du Moulin Perdu", "MISTY HILL SDN BHD (000123-X)", "Café 't Hoekje"]
)
def test_names_are_told_from_addresses_and_headings(text: str) -> None:
    assert not is_address(text)
    assert not is_heading(text)
    assert name_in(cell(text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "TAX INVOICE", "*** KASSENBON ***", "Welcome!", "Tel: 0999 123456", "Ticket n° 4471", "PARAGON FISKALNY",
        "Merci de votre visite", "GST ID : 000000000000", "POSTED 0c",
    ],
)  # fmt: skip
def test_headings_are_told_from_names(text: str) -> None:
    assert is_heading(text)


@pytest.mark.parametrize("text", ["ee oe", "www.example.com", "|||", "Date: 7", "aaaaa", "xkcdqr wrtzp", "12 x 3"])
def test_scraps_are_no_names(text: str) -> None:
    name = name_in(cell(text))
    assert name is None or name.text.islower()


def test_a_trade_is_found_at_the_end_of_a_word_and_is_no_name_alone() -> None:
    assert is_in_trade("Stadtbäckerei")
    assert is_in_trade("Foggy Supermarket")
    assert not is_in_trade("Supermarket")


@pytest.mark.parametrize("name", sorted(SECTIONS.keys() - {"common.json"}))
def test_every_language_has_the_words_of_receipts(name: str) -> None:
    needed = {"total", "payable", "part", "exclusive", "inclusive", "tax", "rounding", "tender", "change", "count"}
    assert SECTIONS[name]["amounts"].keys() >= needed | {"other"}
    kinds = {"till", "heading", "address", "business", "date", "other_date", "sentence"}
    assert SECTIONS[name]["words"].keys() == kinds


def test_no_word_says_two_things_of_an_amount() -> None:
    meanings: dict[str, set[str]] = {}
    for section in SECTIONS.values():
        for role, phrases in section["amounts"].items():
            for phrase in phrases:
                meanings.setdefault(match_key(phrase), set()).add(role)
    assert {phrase: roles for phrase, roles in meanings.items() if len(roles) > 1} == {}
    assert "" not in meanings


def amount(text: str | None) -> Field:
    return Field(Candidate(Decimal(text), 0.9)) if text else EMPTY


@pytest.mark.parametrize(
    ("subtotal", "tax", "total", "kept"),
    [
        ("6.25", "1.25", "7.50", ("6.25", "1.25")),
        ("6.25", "1.25", "7.45", ("6.25", "1.25")),
        ("70.00", "1.25", "7.50", (None, "1.25")),
        ("6.25", "60.00", "7.50", (None, None)),
        ("6.25", "1.25", None, (None, None)),
        ("7.50", None, "7.50", ("7.50", None)),
    ],
)
def test_what_contradicts_the_total_of_a_receipt_is_given_up(
    subtotal: str | None, tax: str | None, total: str | None, kept: tuple[str | None, str | None]
) -> None:
    settled = reconcile_with_receipt_total(Totals(amount(subtotal), amount(tax), EMPTY, EMPTY, []), amount(total))
    wanted = tuple(Decimal(one) if one else None for one in kept)
    assert (settled.subtotal.value, settled.tax_total.value) == wanted
    assert settled.total.value == (Decimal(total) if total else None)
