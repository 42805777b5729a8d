import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.fields.identifiers import (
    find_bare_ids,
    find_bics,
    find_ibans,
    find_numbers,
    find_partial_ibans,
    find_tax_ids,
    find_tax_numbers,
    find_vat_numbers,
    whole_iban,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("KL-2026/17", ["KL-2026/17"]),
        ("Nr.: # 4711", ["4711"]),
        ("n°880031", ["880031"]),
        ("A1 of 12.03.2026", ["A1"]),
        ("1.234,56", []),
        ("2026-03-02", []),
        ("without any digit", []),
        ("see www.example.org/a1", []),
    ],
)
def test_document_numbers_have_a_digit_and_are_neither_amounts_nor_dates(text: str, values: list[str]) -> None:
    assert [one.value for one in find_numbers(text)] == values


def test_an_iban_is_cut_to_the_length_of_its_country() -> None:
    text = "IBAN: DE89 3704 0044 0532 0130 00 BIC COBADEFF"
    (found,) = find_ibans(text)
    assert found.value == "DE89370400440532013000"
    assert text[found.start : found.end] == "DE89 3704 0044 0532 0130 00"


def test_a_checksum_is_evidence_and_no_filter() -> None:
    (right,) = find_ibans("DE89370400440532013000")
    (wrong,) = find_ibans("DE12370400440532013000")
    assert wrong.value == "DE12370400440532013000"
    assert 0 < wrong.quality < right.quality
    (right,) = find_vat_numbers("DE294041172")
    (wrong,) = find_vat_numbers("DE294041173")
    assert 0 < wrong.quality < right.quality


def test_an_iban_that_goes_on_in_the_next_line_is_put_together() -> None:
    assert find_ibans("DE89 3704 0044 0532") == []
    (start,) = find_partial_ibans("DE89 3704 0044 0532")
    assert whole_iban(str(start.value), "0130 00") == "DE89370400440532013000"
    assert whole_iban(str(start.value), "9999 99") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("VAT GB 980 7806 84", "GB980780684"),
        ("TVA : FR 83 404833048", "FR83404833048"),
        ("BTW NL004495445B01", "NL004495445B01"),
        ("UID CHE-107.787.577 MWST", "CHE107787577MWST"),
        ("ATU12345675 FN 1234", "ATU12345675"),
        ("ESB58378431", "ESB58378431"),
    ],
)
def test_vat_numbers_are_known_by_their_country(text: str, value: str) -> None:
    assert [one.value for one in find_vat_numbers(text)] == [value]


@pytest.mark.parametrize("text", ["DESTINATION 12", "FRANCE 75001", "IT department", "DE12"])
def test_words_in_capitals_are_no_vat_numbers(text: str) -> None:
    assert find_vat_numbers(text) == []


def test_a_tax_id_takes_the_country_beside_it() -> None:
    assert [one.value for one in find_tax_ids("(ES) B-5837843-1")] == ["ESB58378431"]
    assert [one.value for one in find_tax_ids("20.123.456")] == ["20123456"]


def test_a_tax_number_keeps_its_slashes() -> None:
    assert [one.value for one in find_tax_numbers("12/345/6789 0")] == ["12/345/67890"]


def test_bics_have_a_country_inside() -> None:
    assert [one.value for one in find_bics("NEBLDE21XXX")] == ["NEBLDE21XXX"]
    assert find_bics("ABSTRACT") == []


@given(st.text())
def test_no_text_makes_a_finder_fail(text: str) -> None:
    for find in (find_numbers, find_ibans, find_partial_ibans, find_bics, find_vat_numbers, find_tax_ids):
        assert all(0 <= one.start < one.end <= len(text) for one in find(text))


@given(st.text(alphabet="DEFRATUNL0123456789 .-B"))
def test_no_run_of_codes_makes_a_finder_fail(text: str) -> None:
    for find in (find_numbers, find_ibans, find_bics, find_vat_numbers, find_tax_ids):
        assert all(str(one.value) for one in find(text))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("VAT NO 365 6817 07", []),
        ("VAT Reg. No 365 6817 07", []),
        ("Org.nr NO 999 888 777 MVA", ["NO999888777MVA"]),
        ("NO 999 888 777", ["NO999888777"]),
        ("VAT NO999888777MVA", ["NO999888777MVA"]),
    ],
)
def test_the_word_no_in_a_label_is_not_norway(text: str, values: list[str]) -> None:
    assert [one.value for one in find_vat_numbers(text)] == values


@given(st.from_regex(r"[0-9]{3} [0-9]{4} [0-9]{2}", fullmatch=True))
def test_no_number_behind_a_label_that_ends_in_no_is_norwegian(number: str) -> None:
    assert find_vat_numbers(f"VAT NO {number}") == []


@pytest.mark.parametrize(
    ("text", "values"),
    [("B58378431", ["B58378431"]), ("B-58378431", ["B58378431"]), ("B58378432", []), ("Ref. B58378431", [])],
)
def test_a_number_without_label_is_a_tax_number_only_if_it_checks(text: str, values: list[str]) -> None:
    assert [one.value for one in find_bare_ids(text)] == values
