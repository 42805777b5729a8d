"""Where the parties are: addresses below, behind and beside their names, and countries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine import extract
from invoice_engine.fields.accounts import country_of_vat
from invoice_engine.lexicon import lexicon, match_key
from invoice_engine.model import Party
from tests.unit.engine import documents


def supplier_of(*lines: str) -> Party:
    """The supplier of an invoice with these lines as its letterhead."""
    head = [(60.0, 40.0 + 13 * row, line) for row, line in enumerate(lines)]
    rest = [
        (60, 200, "Bill to"), (60, 213, "Nowhere Imports Ltd"), (60, 226, "8 Empty Quay"), (60, 239, "Hull HU1 1AA"),
        (330, 200, "Invoice number"), (430, 200, "LN-481"), (330, 213, "Invoice date"), (430, 213, "2 March 2026"),
        (330, 400, "Total"), (430, 400, "120.00 EUR"),
    ]  # fmt: skip
    return extract(documents.pdf([*head, *rest])).invoice.supplier


@pytest.mark.parametrize(
    ("lines", "address", "country"),
    [
        (["Blank Page GmbH", "Leerweg 1", "D-01234 Nirgendheim"], "Leerweg 1, D-01234 Nirgendheim", "DE"),
        (["Blank Page SARL", "1 rue Vide", "31000 Toulouse", "France"], "1 rue Vide, 31000 Toulouse, France", "FR"),
        (["Blank Page B.V.", "Kade 1", "1000 AA Nergensdam"], "Kade 1, 1000 AA Nergensdam", "NL"),
        (["Blank Page Inc.", "12 Elm St", "Salem, OR 97301"], "12 Elm St, Salem, OR 97301", "US"),
        (["Blank Page Inc.", "12 Elm St", "Dover, DE 19901 USA"], "12 Elm St, Dover, DE 19901 USA", "US"),
        (["Blank Page Ltd", "The Old Forge", "York YO1 7AA"], "The Old Forge, York YO1 7AA", "GB"),
        (["Blank Page Ltd.", "5 Elm Rd", "Victoria, BC V8W 1A1"], "5 Elm Rd, Victoria, BC V8W 1A1", "CA"),
        (["Blank Page Srl", "Via Roma 2", "10121 Torino (TO)"], "Via Roma 2, 10121 Torino (TO)", None),
        (["Blank Page AB", "Storgatan 2 · 111 22 Stockholm · Tel 08 123"], "Storgatan 2, 111 22 Stockholm", None),
        (["Blank Page AB · Storgatan 2 · 111 22 Stockholm"], "Storgatan 2, 111 22 Stockholm", None),
        (["Blank Page GmbH", "Buchhaltung", "Leerweg 1", "01234 Nirgendheim"], "Leerweg 1, 01234 Nirgendheim", None),
        (["Blank Page GmbH", "Telefon 030 123456", "www.blankpage.example"], None, None),
        (["Blank Page GmbH", "USt-IdNr. DE123456788"], None, "DE"),
        (["Blank Page LLC", "P.O. Box 1, Dubai, United Arab Emirates"], None, "AE"),
        (["Blank Page Pty Ltd", "ABN 51 824 753 556"], None, "AU"),
    ],
)
def test_an_address_is_what_stands_below_or_behind_the_name(
    lines: list[str], address: str | None, country: str | None
) -> None:
    supplier = supplier_of(*lines)
    assert supplier.name.value == lines[0].split(" · ")[0]
    assert supplier.address.value == address
    assert supplier.country.value == country


def test_an_address_has_the_box_of_its_lines() -> None:
    box = supplier_of("Blank Page GmbH", "Leerweg 1", "01234 Nirgendheim").address.chosen.box
    top, bottom = box.top * documents.A4[1], box.bottom * documents.A4[1]
    assert 40 < top < 53, "below the name"
    assert bottom - top == pytest.approx(13 + 7, abs=2), "two lines high"


def test_the_address_of_the_customer_is_not_that_of_the_supplier() -> None:
    head = [(60, 40, "Blank Page GmbH · Leerweg 1 · 01234 Nirgendheim")]
    window = [(60, 90, "Herrn"), (60, 103, "Kurt Muster"), (60, 116, "Dorfweg 2"), (60, 129, "1010 Wien, Österreich")]
    rest = [
        (60, 200, "Rechnung Nr. 17"),
        (330, 200, "Datum 02.03.2026"),
        (60, 400, "Gesamtbetrag"),
        (330, 400, "7,00 EUR"),
    ]
    invoice = extract(documents.pdf([*head, *window, *rest])).invoice
    assert invoice.supplier.address.value == "Leerweg 1, 01234 Nirgendheim"
    assert invoice.customer.address.value == "Dorfweg 2, 1010 Wien, Österreich"
    assert invoice.customer.country.value == "AT"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("DE123456788", "DE"),
        ("EL123456789", "GR"),
        ("XI123456789", "GB"),
        ("CHE123456788MWST", "CH"),
        ("123456788", None),
        ("SFN010101AB1", None),
        ("EU372008812", None),
        ("", None),
    ],
)
def test_the_country_of_a_vat_number_is_a_code_of_iso_3166(number: str, country: str | None) -> None:
    assert country_of_vat(number) == country


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", max_size=16))
def test_only_numbers_as_a_country_writes_them_tell_it(number: str) -> None:
    country = country_of_vat(number)
    assert country is None or (len(country) == 2 and any(map(str.isdigit, number)))


def test_every_country_has_a_currency_and_no_name_means_two() -> None:
    assert set(lexicon().countries.values()) <= lexicon().country_currency.keys()
    assert lexicon().countries[match_key("Österreich")] == "AT"
    assert lexicon().countries[match_key("pays-bas")] == "NL"
