"""FatturaPA is read completely, and its withholding, instalments and split payment are understood."""

from typing import Any

import pytest

from invoice_engine import extract
from tests.unit.engine.national_einvoices import FATTURAPA, twice
from tests.unit.engine.test_einvoice import NO_PARTY, values


def read(text: str) -> dict[str, Any]:
    return extract(text.encode()).to_json()


def invoice(text: str) -> dict[str, Any]:
    return read(text)["invoice"]


def changed(before: str, after: str) -> str:
    assert before in FATTURAPA
    return FATTURAPA.replace(before, after)


def without(element: str, text: str = FATTURAPA) -> str:
    """Without every element of that name."""
    while f"<{element}>" in text:
        text = text.partition(f"<{element}>")[0] + text.partition(f"</{element}>")[2]
    return text


def test_fatturapa_is_read_completely() -> None:
    extraction = read(FATTURAPA)
    assert (extraction["source"], extraction["pages"], extraction["notes"]) == ("fatturapa", 0, [])
    assert values(extraction["invoice"]) == {
        "invoice_number": "17/PA",
        "issue_date": "2026-03-02",
        "due_date": "2026-04-01",
        "type": "invoice",
        "currency": "EUR",
        "purchase_order": "ODA-5",
        "payment_reference": "RIF-17",
        "subtotal": "1039.42",
        "tax_total": "221.58",
        "total": "1261.00",
        "amount_due": "1061.00",
        "supplier": {
            "name": "Lara Nebbiosa",
            "vat_number": "IT00743110157",
            "tax_number": "NBBLRA70A01F205X",
            "address": "Via del Nulla 12, 00100 Nuvolara, NV",
            "country": "IT",
            "iban": "IT60X0542811101000000123456",
            "bic": "NEBBIT21",
        },
        "customer": NO_PARTY
        | {
            "name": "Brumes & Cie SARL",
            "vat_number": "FRAB123456789",
            "address": "1 rue du Vide, 99999 Brumeville",
            "country": "FR",
        },
        "taxes": [
            {"rate": "22", "base": "1000.00", "amount": "220.00"},
            {"rate": "4", "base": "39.42", "amount": "1.58"},
        ],
        "lines": [
            {
                "description": "Progetto di un faro",
                "product_code": "PRG-1",
                "quantity": "10.00",
                "unit": "ore",
                "unit_price": "125.00",
                "discount": "250",
                "tax_rate": "22",
                "subtotal": "1000.00",
                "total": None,
            },
            {
                "description": "Rilievo",
                "product_code": None,
                "quantity": None,
                "unit": None,
                "unit_price": "37.50",
                "discount": None,
                "tax_rate": "4",
                "subtotal": "37.50",
                "total": None,
            },
        ],
    }


@pytest.mark.parametrize("namespace", ["http://www.fatturapa.gov.it/sdi/fatturapa/v1.1", "urn:a:later:version"])
def test_other_versions_are_read_by_the_same_names(namespace: str) -> None:
    text = changed("http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2", namespace)
    assert invoice(text)["total"]["value"] == "1261.00"


def test_children_may_be_in_the_namespace_of_the_root() -> None:
    text = FATTURAPA.replace("p:FatturaElettronica", "FatturaElettronica").replace("xmlns:p=", "xmlns=")
    assert values(invoice(text)) == values(invoice(FATTURAPA))


@pytest.mark.parametrize(("code", "kind"), [("TD01", "invoice"), ("TD04", "credit_note"), ("TD05", "invoice")])
def test_document_types(code: str, kind: str) -> None:
    found = invoice(changed("TD06", code))
    assert (found["type"]["value"], found["total"]["value"]) == (kind, "1261.00")


def test_sums_that_the_file_does_not_state_are_derived() -> None:
    found = invoice(FATTURAPA)
    assert [found[name]["source"] for name in ("subtotal", "tax_total", "total", "amount_due")] == [
        "derived", "derived", "xml", "derived",
    ]  # fmt: skip
    total = invoice(without("ImportoTotaleDocumento"))["total"]
    assert (total["value"], total["source"]) == ("1261.00", "derived")


def test_rounding_belongs_to_a_total_that_is_not_stated() -> None:
    text = changed("<ImportoTotaleDocumento>1261.00</ImportoTotaleDocumento>", "<Arrotondamento>-1.00</Arrotondamento>")
    assert invoice(text)["total"]["value"] == "1260.00"


def test_without_instalments_the_amount_due_is_the_total_without_what_is_withheld() -> None:
    assert invoice(without("DatiPagamento"))["amount_due"]["value"] == "1061.00"


def test_alternatives_that_each_ask_for_everything_are_not_added() -> None:
    text = changed("561.00", "1061.00").replace("500.00", "1061.00")
    assert invoice(text)["amount_due"]["value"] == "1061.00"


def test_tax_that_is_paid_to_the_treasury_is_not_due_to_the_supplier() -> None:
    text = without("DatiRitenuta", without("DatiPagamento")).replace("IVA>I<", "IVA>S<")
    assert invoice(text)["amount_due"]["value"] == "1039.42"


def test_a_term_in_days_gives_the_due_date() -> None:
    text = without("DataScadenzaPagamento").replace(
        "<ModalitaPagamento>MP05</ModalitaPagamento>",
        "<DataRiferimentoTerminiPagamento>2026-03-02</DataRiferimentoTerminiPagamento>"
        "<GiorniTerminiPagamento>30</GiorniTerminiPagamento>",
    )
    due = invoice(text)["due_date"]
    assert (due["value"], due["source"]) == ("2026-04-01", "derived")


@pytest.mark.parametrize("number", ["OO99999999999", "00000000000"])
def test_the_filler_for_a_missing_vat_number_is_none(number: str) -> None:
    assert invoice(changed("AB123456789", number))["customer"]["vat_number"]["value"] is None


def test_of_several_invoices_the_first_is_read_and_the_others_are_told() -> None:
    extraction = read(twice(FATTURAPA, "FatturaElettronicaBody").replace("17/PA", "18/PA").replace("18/PA", "17/PA", 1))
    assert extraction["invoice"]["invoice_number"]["value"] == "17/PA"
    assert len(extraction["invoice"]["lines"]) == 2
    [note] = extraction["notes"]
    assert note["code"] == "several_invoices"
    assert "2 invoices" in note["message"]


def test_a_bare_document_has_every_field_and_no_value() -> None:
    found = values(invoice("<FatturaElettronica/>"))
    assert found.pop("type") == "invoice"
    assert {name for name, value in found.items() if value not in (None, [], NO_PARTY)} == set()
