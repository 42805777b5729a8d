"""CII, ZUGFeRD 1 and UBL are read completely."""

from typing import Any

import pytest

from invoice_engine import extract
from tests.unit.engine import documents


def read(text: str, encoding: str = "utf-8") -> dict[str, Any]:
    return extract(text.encode(encoding)).to_json()


def values(node: Any) -> Any:
    """The tree of an invoice with each leaf replaced by its value."""
    if isinstance(node, list):
        return [values(item) for item in node]
    if "candidates" in node:
        return node["value"]
    return {name: values(member) for name, member in node.items()}


NO_PARTY = dict.fromkeys(["name", "vat_number", "tax_number", "address", "country", "iban", "bic"])


def test_cii_is_read_completely() -> None:
    extraction = read(documents.CII)
    assert (extraction["source"], extraction["pages"], extraction["notes"]) == ("cii", 0, [])
    assert values(extraction["invoice"]) == {
        "invoice_number": "KL-2026-17",
        "issue_date": "2026-03-02",
        "due_date": "2026-04-01",
        "type": "invoice",
        "currency": "EUR",
        "purchase_order": "PO-77",
        "payment_reference": "KL17-REF",
        "subtotal": "90.00",
        "tax_total": "17.10",
        "total": "107.10",
        "amount_due": "100.00",
        "supplier": {
            "name": "Nebelhorn Metallbau GmbH",
            "vat_number": "DE294041172",
            "tax_number": "12/345/6789",
            "address": "Nirgendweg 3, Hof 2, 01234 Wolkenheim",
            "country": "DE",
            "iban": "DE89370400440532013000",
            "bic": "NEBLDE21XXX",
        },
        "customer": NO_PARTY
        | {"name": "Kranich & Partner", "vat_number": "ATU12345675", "iban": "AT611904300234573201"},
        "taxes": [{"rate": "19", "base": "90.00", "amount": "17.10"}],
        "lines": [
            {
                "description": "Lattenrost, verzinkt",
                "product_code": "LA-4",
                "quantity": "40.0000",
                "unit": "H87",
                "unit_price": "2.5",
                "discount": "10.00",
                "tax_rate": "19",
                "subtotal": "90.00",
                "total": None,
            }
        ],
    }


def test_values_of_xml_are_certain_and_stand_on_no_page() -> None:
    number = read(documents.CII)["invoice"]["invoice_number"]
    assert number == {
        "value": "KL-2026-17", "confidence": 1.0, "page": None, "box": None, "source": "xml", "candidates": [],
    }  # fmt: skip


def test_zugferd_1_is_read_by_its_own_names() -> None:
    invoice = values(read(documents.ZUGFERD_1)["invoice"])
    assert invoice["invoice_number"] == "Z1-9"
    assert invoice["type"] == "credit_note"
    assert invoice["purchase_order"] == "B-5"
    assert invoice["supplier"] == NO_PARTY | {"name": "Altbestand OHG", "vat_number": "DE294041172"}
    assert (invoice["subtotal"], invoice["tax_total"], invoice["total"]) == ("10.00", "0.70", "10.70")
    assert invoice["amount_due"] == "10.70"
    assert invoice["taxes"] == [{"rate": "7", "base": "10.00", "amount": "0.70"}]
    assert [(line["description"], line["quantity"], line["subtotal"]) for line in invoice["lines"]] == [
        ("Buch", "2", "10.00")
    ]


@pytest.mark.parametrize(("root", "kind"), [("Invoice", "invoice"), ("CreditNote", "credit_note")])
def test_ubl_is_read_completely(root: str, kind: str) -> None:
    extraction = read(documents.ubl(root))
    assert extraction["source"] == "ubl"
    assert values(extraction["invoice"]) == {
        "invoice_number": "SV-2026-4",
        "issue_date": "2026-02-10",
        "due_date": "2026-03-12",
        "type": kind,
        "currency": "SEK",
        "purchase_order": "PO-3",
        "payment_reference": "OCR 42",
        "subtotal": "100.00",
        "tax_total": "25.00",
        "total": "125.00",
        "amount_due": "100.00",
        "supplier": {
            "name": "Skuggan Handels AB",
            "vat_number": "SE556677889901",
            "tax_number": "F-SKATT",
            "address": "Ingenstansgatan 1, Uppgång B, 00100 Dimstad",
            "country": "SE",
            "iban": "SE4550000000058398257466",
            "bic": "ESSESESS",
        },
        "customer": NO_PARTY | {"name": "Köparen HB"},
        "taxes": [{"rate": "25", "base": "100.00", "amount": "25.00"}],
        "lines": [
            {
                "description": "Rådgivning",
                "product_code": "RG-1",
                "quantity": "2",
                "unit": "HUR",
                "unit_price": "60.00",
                "discount": "20.00",
                "tax_rate": "25",
                "subtotal": "100.00",
                "total": None,
            }
        ],
    }


def test_the_filler_for_a_missing_order_number_is_no_order_number() -> None:
    assert read(documents.ubl(order="NA"))["invoice"]["purchase_order"]["value"] is None


def test_an_invoice_in_a_peppol_envelope_is_found() -> None:
    envelope = f"<StandardBusinessDocument><Header/>{documents.ubl()}</StandardBusinessDocument>"
    assert read(envelope)["invoice"]["invoice_number"]["value"] == "SV-2026-4"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1"])
def test_any_declared_encoding_is_read(encoding: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    extraction = read(declaration + documents.ubl(), encoding)
    assert extraction["invoice"]["customer"]["name"]["value"] == "Köparen HB"


@pytest.mark.parametrize("code", ["381", "261", "262", "296", "308", "396", "420", "458", "532", "83"])
def test_credit_note_codes_of_cii(code: str) -> None:
    text = documents.CII.replace("<ram:TypeCode>380", f"<ram:TypeCode>{code}")
    invoice = read(text)["invoice"]
    assert (invoice["type"]["value"], invoice["total"]["value"]) == ("credit_note", "107.10")


@pytest.mark.parametrize("code", ["380", "384", "389", "326", "386", "877"])
def test_codes_that_ask_for_money_are_invoices(code: str) -> None:
    text = documents.CII.replace("<ram:TypeCode>380", f"<ram:TypeCode>{code}")
    assert read(text)["invoice"]["type"]["value"] == "invoice"


def test_a_profile_without_lines_and_breakdown_leaves_them_empty() -> None:
    head, _, rest = documents.CII.partition("<ram:IncludedSupplyChainTradeLineItem>")
    tail = rest.partition("</ram:IncludedSupplyChainTradeLineItem>")[2]
    before, _, breakdown = (head + tail).partition("<ram:ApplicableTradeTax>")
    minimum = before + breakdown.partition("</ram:ApplicableTradeTax>")[2]
    invoice = read(minimum)["invoice"]
    assert (invoice["lines"], invoice["taxes"]) == ([], [])
    assert invoice["tax_total"]["value"] == "17.10"


def test_headings_and_remarks_of_the_extended_profile_are_no_lines() -> None:
    text = documents.CII.replace(
        "<ram:LineID>1</ram:LineID>",
        "<ram:LineID>1</ram:LineID><ram:LineStatusReasonCode>GROUP</ram:LineStatusReasonCode>",
    )
    assert read(text)["invoice"]["lines"] == []


def test_the_tax_in_the_accounting_currency_alone_is_not_taken() -> None:
    text = documents.CII.replace('<ram:TaxTotalAmount currencyID="EUR">17.10</ram:TaxTotalAmount>', "")
    tax = read(text)["invoice"]["tax_total"]
    assert (tax["value"], tax["source"]) == ("17.10", "derived")


def test_missing_totals_follow_from_the_others() -> None:
    text = documents.ubl().replace('<cbc:TaxInclusiveAmount currencyID="SEK">125.00</cbc:TaxInclusiveAmount>', "")
    total = read(text)["invoice"]["total"]
    assert (total["value"], total["source"]) == ("125.00", "derived")


def test_a_total_follows_from_what_is_payable_and_was_paid_alone() -> None:
    sums = '<cbc:{0} currencyID="SEK">{1}</cbc:{0}>'
    text = documents.ubl()
    for name, amount in (("TaxInclusiveAmount", "125.00"), ("TaxExclusiveAmount", "100.00")):
        text = text.replace(sums.format(name, amount), "")
    invoice = read(text)["invoice"]
    assert (invoice["total"]["value"], invoice["total"]["source"]) == ("125.00", "derived")
    assert (invoice["subtotal"]["value"], invoice["subtotal"]["source"]) == ("100.00", "derived")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("20260302", "20261302"),
        ('format="102">20260302', 'format="610">202603'),
        ('format="102">20260302', 'format="616">202610'),
        ("20260302", "soon"),
        ("20260302", ""),
    ],
)
def test_dates_that_name_no_day_are_left_empty(before: str, after: str) -> None:
    assert read(documents.CII.replace(before, after))["invoice"]["issue_date"]["value"] is None


@pytest.mark.parametrize("amount", ["NaN", "1e999999999", "1,5", "9" * 40, "", "INF"])
def test_amounts_that_are_no_decimals_are_left_empty(amount: str) -> None:
    text = documents.CII.replace(">40.0000<", f">{amount}<")
    assert read(text)["invoice"]["lines"][0]["quantity"]["value"] is None


def test_amounts_with_many_digits_divide_exactly() -> None:
    price = "999999999999999999999999"
    text = documents.CII.replace("<ram:ChargeAmount>250.00<", f"<ram:ChargeAmount>{price}<")
    assert price in text
    assert read(text)["invoice"]["lines"][0]["unit_price"]["value"] == "9999999999999999999999.99"


@pytest.mark.parametrize(
    ("scheme", "number", "vat", "tax"),
    [
        ("VAT", "SE556677889901", "SE556677889901", "F-SKATT"),
        ("MOMS", "SE556677889901", "SE556677889901", None),
        ("63", "se 5566 778899 01", "SE556677889901", None),
        ("TAX", "556677889901", None, "556677889901"),
        ("TAX", "SELLER", None, "SELLER"),
    ],
)
def test_a_vat_number_is_known_by_its_scheme_or_else_by_its_country(
    scheme: str, number: str, vat: str | None, tax: str | None
) -> None:
    text = (
        documents.ubl().replace("se 556677889901", number).replace("<cbc:ID>VAT</cbc:ID>", f"<cbc:ID>{scheme}</cbc:ID>")
    )
    supplier = read(text)["invoice"]["supplier"]
    assert (supplier["vat_number"]["value"], supplier["tax_number"]["value"]) == (vat, tax)


@pytest.mark.parametrize("scheme", [' schemeID="VAT"', "", ' schemeID="FC"'])
def test_a_vat_number_without_its_scheme_is_known_by_its_country(scheme: str) -> None:
    other = '<ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">12/345/6789</ram:ID></ram:SpecifiedTaxRegistration>'
    text = documents.CII.replace(other, "").replace(' schemeID="VA">DE', f"{scheme}>DE")
    supplier = read(text)["invoice"]["supplier"]
    assert (supplier["vat_number"]["value"], supplier["tax_number"]["value"]) == ("DE294041172", None)


PAYEE_IBAN = "<ram:IBANID>DE89 3704 0044 0532 0130 00</ram:IBANID>"
PAYEE_BIC = "<ram:BICID>NEBLDE21XXX</ram:BICID>"


def test_what_is_no_iban_where_an_iban_belongs_is_told_with_little_confidence() -> None:
    text = documents.CII.replace(PAYEE_IBAN, "<ram:IBANID>to follow</ram:IBANID>").replace(
        PAYEE_BIC, "<ram:BICID>tba</ram:BICID>"
    )
    supplier = read(text)["invoice"]["supplier"]
    assert (supplier["iban"]["value"], supplier["iban"]["confidence"]) == ("TOFOLLOW", 0.5)
    assert (supplier["bic"]["value"], supplier["bic"]["confidence"]) == ("TBA", 0.5)


def test_an_iban_comes_before_what_is_none() -> None:
    start = documents.CII.index("<ram:SpecifiedTradeSettlementPaymentMeans>")
    means = (
        "<ram:SpecifiedTradeSettlementPaymentMeans><ram:PayeePartyCreditorFinancialAccount><ram:IBANID>12-345</ram:IBANID>"
        "<ram:ProprietaryID>4711</ram:ProprietaryID></ram:PayeePartyCreditorFinancialAccount>"
        "</ram:SpecifiedTradeSettlementPaymentMeans>"
    )
    supplier = read(documents.CII[:start] + means + documents.CII[start:])["invoice"]["supplier"]
    assert (supplier["iban"]["value"], supplier["iban"]["confidence"]) == ("DE89370400440532013000", 1.0)
    assert supplier["bic"]["value"] == "NEBLDE21XXX"


def test_an_iban_among_domestic_numbers_is_found() -> None:
    text = documents.CII.replace(PAYEE_IBAN, "<ram:ProprietaryID>DE89370400440532013000</ram:ProprietaryID>")
    assert read(text)["invoice"]["supplier"]["iban"]["value"] == "DE89370400440532013000"
    domestic = documents.CII.replace(PAYEE_IBAN, "<ram:ProprietaryID>0532013000</ram:ProprietaryID>")
    assert read(domestic)["invoice"]["supplier"]["iban"]["value"] is None


def test_a_bare_invoice_has_every_field_and_no_value() -> None:
    invoice = read('<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>')["invoice"]
    assert values(invoice) == values(read(documents.ubl())["invoice"]) | dict.fromkeys(
        ["invoice_number", "issue_date", "due_date", "currency", "purchase_order", "payment_reference",
         "subtotal", "tax_total", "total", "amount_due"]
    ) | {"supplier": NO_PARTY, "customer": NO_PARTY, "taxes": [], "lines": []}  # fmt: skip
