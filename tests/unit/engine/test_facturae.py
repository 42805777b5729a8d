"""Facturae is read completely, and what is withheld is due to the treasury and not to the supplier."""

from typing import Any

import pytest

from invoice_engine import extract
from tests.unit.engine.national_einvoices import FACTURAE, twice
from tests.unit.engine.test_einvoice import NO_PARTY, values


def read(text: str) -> dict[str, Any]:
    return extract(text.encode()).to_json()


def invoice(text: str) -> dict[str, Any]:
    return read(text)["invoice"]


def changed(*pairs: tuple[str, str]) -> str:
    text = FACTURAE
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    return text


def test_facturae_is_read_completely() -> None:
    extraction = read(FACTURAE)
    assert (extraction["source"], extraction["pages"], extraction["notes"]) == ("facturae", 0, [])
    assert values(extraction["invoice"]) == {
        "invoice_number": "A26-0042",
        "issue_date": "2026-02-10",
        "due_date": "2026-03-12",
        "type": "invoice",
        "currency": "EUR",
        "purchase_order": "PED-9",
        "payment_reference": "PAGO-42",
        "subtotal": "900.00",
        "tax_total": "189.00",
        "total": "1089.00",
        "amount_due": "954.00",
        "supplier": {
            "name": "Nube Niebla Sombra",
            "vat_number": "ES54362315K",
            "tax_number": None,
            "address": "Calle de Nada 3, 99000 Villaniebla, Bruma",
            "country": "ES",
            "iban": "ES9121000418450200051332",
            "bic": "NUBEESMMXXX",
        },
        "customer": NO_PARTY
        | {
            "name": "Omichli AE",
            "vat_number": "EL094259216",
            "address": "Odos 1, 10000 Omichlia, Attika",
            "country": "GR",
        },
        "taxes": [{"rate": "21", "base": "900.00", "amount": "189.00"}],
        "lines": [
            {
                "description": "Consulta de nubes",
                "product_code": "CN-1",
                "quantity": "10",
                "unit": "HUR",
                "unit_price": "100.000000",
                "discount": "100.00",
                "tax_rate": "21",
                "subtotal": "900.00",
                "total": None,
            }
        ],
    }


def test_the_total_before_what_is_withheld_is_derived() -> None:
    found = invoice(FACTURAE)
    assert (found["total"]["source"], found["amount_due"]["source"]) == ("derived", "xml")
    stated = invoice(changed(("<TotalTaxesWithheld>135.00", "<TotalTaxesWithheld>0.00"), (">954.00<", ">1089.00<")))
    assert (stated["total"]["value"], stated["total"]["source"]) == ("1089.00", "xml")


def test_a_total_that_was_not_reduced_is_not_raised() -> None:
    total = invoice(changed(("<InvoiceTotal>954.00", "<InvoiceTotal>1089.00")))["total"]
    assert (total["value"], total["source"]) == ("1089.00", "xml")


@pytest.mark.parametrize(
    "namespace", ["http://www.facturae.es/Facturae/2009/v3.2/Facturae", "http://www.facturae.es/Facturae/2007/v3.1/Facturae"]
)  # fmt: skip
def test_other_versions_are_read_by_the_same_names(namespace: str) -> None:
    text = changed(("http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml", namespace))
    assert invoice(text)["invoice_number"]["value"] == "A26-0042"


@pytest.mark.parametrize(("code", "kind"), [("OC", "invoice"), ("OR", "credit_note"), ("CR", "credit_note")])
def test_corrective_invoices_are_credit_notes(code: str, kind: str) -> None:
    assert invoice(changed((">OO<", f">{code}<")))["type"]["value"] == kind


def test_a_negative_total_is_a_credit_note() -> None:
    text = changed((">954.00<", ">-954.00<"), (">135.00<", ">-135.00<"))
    found = invoice(text)
    assert (found["type"]["value"], found["total"]["value"]) == ("credit_note", "-1089.00")


@pytest.mark.parametrize(
    ("series", "number"), [("", "0042"), ("<InvoiceSeriesCode>00</InvoiceSeriesCode>", "0042")]
)  # fmt: skip
def test_the_series_is_not_repeated(series: str, number: str) -> None:
    text = changed(("<InvoiceSeriesCode>A26-</InvoiceSeriesCode>", series))
    assert invoice(text)["invoice_number"]["value"] == number


def test_the_surcharge_of_retailers_is_a_tax_without_a_base_of_its_own() -> None:
    surcharge = (
        "</TaxAmount><EquivalenceSurcharge>5.20</EquivalenceSurcharge><EquivalenceSurchargeAmount>"
        "<TotalAmount>46.80</TotalAmount></EquivalenceSurchargeAmount></Tax></TaxesOutputs>"
    )
    text = changed(("</TaxAmount>\n   </Tax></TaxesOutputs>", surcharge))
    assert values(invoice(text))["taxes"] == [
        {"rate": "21", "base": "900.00", "amount": "189.00"},
        {"rate": "5.2", "base": None, "amount": "46.80"},
    ]


def test_a_customer_from_elsewhere_has_a_tax_number() -> None:
    customer = invoice(changed((">U<", ">E<"), ("EL094259216", "77-123"), ("GRC", "USA")))["customer"]
    assert (customer["vat_number"]["value"], customer["tax_number"]["value"]) == (None, "77-123")
    assert customer["country"]["value"] == "US"


def test_a_missing_prefix_is_that_of_the_country() -> None:
    assert invoice(changed(("EL094259216", "094259216")))["customer"]["vat_number"]["value"] == "EL094259216"


def test_of_several_invoices_the_first_is_read_and_the_others_are_told() -> None:
    start, end = FACTURAE.index("  <Invoice>"), FACTURAE.index("</Invoice>") + len("</Invoice>")
    batch = FACTURAE[:end] + FACTURAE[start:end].replace("0042", "0043") + FACTURAE[end:]
    extraction = read(batch)
    assert extraction["invoice"]["invoice_number"]["value"] == "A26-0042"
    assert [note["code"] for note in extraction["notes"]] == ["several_invoices"]


def test_several_instalments_are_due_from_the_first() -> None:
    text = twice(FACTURAE, "Installment").replace("2026-03-12", "2026-04-12").replace("2026-04-12", "2026-03-12", 1)
    assert invoice(text)["due_date"]["value"] == "2026-03-12"


def test_a_bare_document_has_every_field_and_no_value() -> None:
    found = values(invoice("<Facturae/>"))
    assert found.pop("type") == "invoice"
    assert {name for name, value in found.items() if value not in (None, [], NO_PARTY)} == set()
