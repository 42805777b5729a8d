"""ABBYY's answers as canonical invoices: every name of the tables, every format, every source of a value."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from invoice_capture.domain.errors import CaptureError
from invoice_capture.domain.invoice import Invoice
from invoice_capture.ports import PollState
from invoice_capture.providers.abbyy import fields
from invoice_capture.providers.abbyy.mapping import (
    ADVICE,
    FAILURES,
    STATUS_MESSAGES,
    STATUSES,
    corrected_values,
    to_invoice,
)
from tests.unit.providers.abbyy.answers import EXPORT, HEADER, LINES, SUMMARY, TAXES, as_csv, as_json, as_xml, kept

SECRET = "what-stands-in-the-document"


def values_of(raw: bytes) -> dict[str, str]:
    return corrected_values(to_invoice(raw))


# --- formats ---------------------------------------------------------------------------------------------------------


def test_an_exported_json_file_is_read_in_full() -> None:
    assert values_of(kept(("invoice.json", as_json(EXPORT)))) == HEADER | TAXES | LINES


def test_an_exported_xml_file_says_the_same() -> None:
    assert values_of(kept(("invoice.xml", as_xml(EXPORT)))) == HEADER | TAXES | LINES


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_an_exported_csv_file_says_the_same_without_the_tax_breakdown(delimiter: str) -> None:
    assert values_of(kept(("invoice.csv", as_csv(EXPORT, delimiter)))) == HEADER | LINES


def test_tax_columns_repeated_in_every_row_of_a_csv_file_are_one_rate() -> None:
    columns = "InvoiceNumber,TaxRates.TaxRate,TaxRates.NetAmount,LineItems.Description"
    rows = f"{columns}\n1,19,10.00,A\n1,19,10.00,B\n1,7,5.00,C"
    values = values_of(kept(("invoice.csv", rows)))
    assert [values[name] for name in ("taxes.0.rate", "taxes.1.rate", "lines.2.description")] == ["19", "7", "C"]
    assert "taxes.2.rate" not in values


def test_the_column_names_of_abbyys_own_page_are_read() -> None:
    columns = {
        "BusinessUnitName": "Gasthof",
        "VendorName": "Söhne",
        "InvoiceNumber": "17",
        "InvoiceDate": "2026-01-27",
        "Total": "5.00",
        "Currency": "EUR",
        "Invoice Type": "Credit Note",
        "PurchaseOrderNumber": "PO-1",
        "LI_Description": "Käse",
        "LI_ArticleNumber_Vendor": "K-1",
        "LI_Quantity": "2",
        "LI_UnitOfMeasurement": "pcs",
        "LI_UnitPrice": "2.50",
        "LI_Total": "5.00",
    }
    content = ",".join(columns) + "\n" + ",".join(columns.values())
    assert values_of(kept(("invoice.csv", content))) == {
        "customer.name": "Gasthof",
        "supplier.name": "Söhne",
        "invoice_number": "17",
        "issue_date": "2026-01-27",
        "total": "5.00",
        "currency": "EUR",
        "type": "credit_note",
        "purchase_order": "PO-1",
        "lines.0.description": "Käse",
        "lines.0.product_code": "K-1",
        "lines.0.quantity": "2",
        "lines.0.unit": "pcs",
        "lines.0.unit_price": "2.50",
        "lines.0.subtotal": "5.00",
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("invoice.csv", as_csv(EXPORT).encode("utf-16")),
        ("invoice.xml", as_xml(EXPORT).replace("UTF-8", "ISO-8859-1").encode("latin-1")),
    ],
)
def test_files_in_other_encodings_are_kept_as_base64_and_read(name: str, content: bytes) -> None:
    raw = kept((name, base64.b64encode(content).decode()), encoding="base64")
    assert values_of(raw).items() >= (HEADER | LINES).items()


@pytest.mark.parametrize(("export_format", "write"), [("Json", as_json), ("Xml", as_xml), ("csv", as_csv)])
def test_a_file_without_an_ending_is_of_the_format_that_was_ordered(export_format: str, write: Any) -> None:
    assert values_of(kept(("export", write(EXPORT)), export_format=export_format)).items() >= HEADER.items()


def test_a_byte_order_mark_is_no_part_of_the_content() -> None:
    for name, write in (("a.json", as_json), ("a.xml", as_xml), ("a.csv", as_csv)):
        assert values_of(kept((name, "\ufeff" + write(EXPORT))))["invoice_number"] == "2026-0107", name


@pytest.mark.parametrize(
    "nested",
    [
        {"Documents": [EXPORT, {"InvoiceNumber": "of another document"}]},
        {"Document": {"Fields": EXPORT}},
        [EXPORT],
        {"Invoice": {"Header": EXPORT}},
    ],
)
def test_levels_without_a_meaning_are_passed_through(nested: Any) -> None:
    assert values_of(kept(("invoice.json", as_json(nested)))) == HEADER | TAXES | LINES


def test_xml_of_flexicapture_has_prefixes_and_repeated_rows() -> None:
    content = (
        '<form:Documents xmlns:form="urn:form" xmlns:i="urn:i"><i:_Invoice>'
        "<_InvoiceNumber>17</_InvoiceNumber><_Vendor><_Name>Söhne</_Name></_Vendor>"
        "<_LineItems><_Description>A</_Description><_Quantity>1</_Quantity></_LineItems>"
        "<_LineItems><_Description>B</_Description><_Quantity>2</_Quantity></_LineItems>"
        "</i:_Invoice></form:Documents>"
    )
    values = values_of(kept(("invoice.xml", content)))
    assert (values["invoice_number"], values["supplier.name"]) == ("17", "Söhne")
    assert (values["lines.0.description"], values["lines.1.quantity"]) == ("A", "2")


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spell", [str, str.upper, str.lower, "_".join, lambda name: f"{name[:2]} {name[2:]}."])
@pytest.mark.parametrize(("name", "meaning"), fields.HEADER_FIELDS.items())
def test_every_header_name_is_read_however_it_is_spelled(name: str, meaning: str, spell: Any) -> None:
    sample = {
        "issue_date": "2026-01-27",
        "due_date": "2026-01-27",
        "type": "invoice",
        "currency": "EUR",
        **dict.fromkeys(("subtotal", "tax_total", "total", "amount_due"), "1.00"),
    }.get(meaning, "17")
    assert values_of(kept(("a.json", as_json({spell(name): sample})))) == {meaning: sample}


@pytest.mark.parametrize("separator", ["", ".", "_", " "])
@pytest.mark.parametrize(("party", "role"), fields.PARTIES.items())
@pytest.mark.parametrize(("name", "meaning"), fields.PARTY_FIELDS.items())
def test_every_name_of_a_party_is_read(party: str, role: str, name: str, meaning: str, separator: str) -> None:
    sample = {"country": "DE", "bic": "XQZVDE99"}.get(meaning, "X17")
    nested, flat = {party: {name: sample}}, {f"{party}{separator}{name}": sample}
    for export in (nested, flat):
        assert values_of(kept(("a.json", as_json(export)))) == {f"{role}.{meaning}": sample}


@pytest.mark.parametrize(("table", "ours"), fields.TABLES.items())
def test_every_name_of_a_table_and_of_its_columns_is_read(table: str, ours: str) -> None:
    columns = fields.LINE_FIELDS if ours == "lines" else fields.TAX_FIELDS
    for name, meaning in columns.items():
        sample = "17.00"
        expected = {f"{ours}.0.{meaning}": sample}
        for rows in ([{name: sample}], {name: sample}, {"Row": {name: sample}}, {"Row": [{name: sample}]}):
            assert values_of(kept(("a.json", as_json({table: rows})))) == expected
        assert values_of(kept(("a.csv", f"{table}.{name}\n{sample}"))) == expected


@pytest.mark.parametrize(("word", "ours"), fields.DOCUMENT_TYPES.items())
def test_every_document_type_is_read(word: str, ours: Any) -> None:
    assert to_invoice(kept(("a.json", as_json({"DocumentType": word})))).type.value is ours


def test_names_of_no_table_and_values_of_no_type_stay_in_the_raw_answer() -> None:
    export = {"InvoiceNumber": "17", "Total": "1,234", "InvoiceDate": "27.01.2026", "Vendor": {"BankCode": "10020030"}}
    assert values_of(kept(("a.json", as_json({**export, "Courier": SECRET, "Currency": "$"})))) == {
        "invoice_number": "17"
    }


# --- values ----------------------------------------------------------------------------------------------------------


def test_a_value_may_be_an_object_with_a_confidence() -> None:
    export = {
        "Total": {"Value": 119, "Confidence": 0.93, "Page": 1, "Rect": [1, 2, 3, 4]},
        "Vendor": {"Name": {"value": "Söhne", "confidence": "0.5"}},
        "Currency": {"Value": "EUR", "Confidence": 93},
        "LineItems": {"Row": {"Quantity": {"Value": "2", "Confidence": 1}}},
    }
    invoice = to_invoice(kept(("a.json", as_json(export))))
    assert (str(invoice.total.value), invoice.total.confidence) == ("119.00", 0.93)
    assert (invoice.supplier.name.value, invoice.supplier.name.confidence) == ("Söhne", 0.5)
    assert (invoice.currency.value, invoice.currency.confidence) == ("EUR", None), "no scale is known for 93"
    assert invoice.lines[0].quantity.confidence == 1
    assert (invoice.total.page, invoice.total.box) == (None, None), "the units of regions are not published"
    assert invoice.total.source == "abbyy"


@pytest.mark.parametrize(
    "vendor",
    [
        {"Name": ["Söhne", "Soehne", "Söhne"]},
        [{"Name": "Söhne"}, {"Name": "Soehne"}],
        {"Name": {"Value": ["Söhne", "Soehne"]}},
    ],
)
def test_variants_are_candidates_in_their_order(vendor: Any) -> None:
    name = to_invoice(kept(("a.json", as_json({"Vendor": vendor})))).supplier.name
    assert name.value == "Söhne"
    assert [candidate.value for candidate in name.candidates] == ["Söhne", "Soehne"]
    assert name.confidence is None


@pytest.mark.parametrize(
    ("currency", "written"), [("EUR", "12.50"), ("JPY", "12.5"), ("KWD", "12.500"), (None, "12.50")]
)
def test_money_is_written_as_its_currency_is(currency: str | None, written: str) -> None:
    assert values_of(kept(("a.json", as_json({"Total": 12.5, "Currency": currency}))))["total"] == written


# --- data and files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [SUMMARY, json.dumps(SUMMARY)], ids=["object", "text"])
def test_the_documents_data_come_first_and_the_files_values_are_candidates(data: Any) -> None:
    invoice = to_invoice(kept(("invoice.json", as_json(EXPORT)), data=data))
    assert corrected_values(invoice) == {**HEADER, "issue_date": "2026-01-28"} | TAXES | LINES
    assert [str(candidate.value) for candidate in invoice.issue_date.candidates] == ["2026-01-28", "2026-01-27"]
    assert len(invoice.total.candidates) == 1, "4719.5 and 4719.50 are the same amount"


@pytest.mark.parametrize("name", ["invoice.xls", "invoice.pdf", None])
def test_a_file_of_a_format_that_is_not_read_leaves_what_the_data_say(name: str | None) -> None:
    raw = kept((name, "AAAA"), data=SUMMARY, export_format="Xls", encoding="base64")
    assert values_of(raw) == {
        "supplier.name": "Façade + Söhne GmbH",
        "issue_date": "2026-01-28",
        "total": "4719.50",
        "currency": "EUR",
    }


def test_tables_are_taken_from_the_first_source_that_has_them() -> None:
    files = (("a.json", as_json({"LineItems": [{"Color": "red"}]})), ("b.xml", as_xml(EXPORT)))
    assert values_of(kept(*files)).items() >= LINES.items()


def test_one_readable_file_is_enough() -> None:
    assert values_of(kept(("a.json", "junk"), ("b.xml", as_xml(EXPORT)))) == HEADER | TAXES | LINES


def test_the_first_document_that_nobody_removed_is_the_invoice() -> None:
    documents = [
        {"data": {"InvoiceNumber": "removed"}, "is_moved": True},
        {"data": {"InvoiceNumber": "first"}, "is_moved": False},
        {"data": {"InvoiceNumber": "second"}},
    ]
    assert values_of(kept(documents=documents)) == {"invoice_number": "first"}


def test_only_files_of_the_document_are_read() -> None:
    answer = json.loads(kept(("a.json", as_json({"InvoiceNumber": "another's"})), data={"Total": "1.00"}))
    answer["task"]["documents"][0]["files"] = {"target0": None, "source": {"id": "f0", "token": "t", "name": "a.json"}}
    assert values_of(json.dumps(answer).encode()) == {"total": "1.00"}


# --- tables ----------------------------------------------------------------------------------------------------------


def test_every_status_of_the_contract_is_translated() -> None:
    assert set(STATUSES) == {"Submitted", "New", "InProgress", "WaitForAction", "Done", "Failed", "Canceled"}
    failed = {word for word, state in STATUSES.items() if state is PollState.FAILED}
    assert set(FAILURES) == set(STATUS_MESSAGES) == failed


def test_advice_is_for_refusals_that_are_errors_of_ours() -> None:
    for error, sentence in ADVICE.items():
        assert issubclass(error, CaptureError)
        assert sentence.endswith(".")


def test_only_fields_with_values_are_told_as_corrected() -> None:
    assert corrected_values(Invoice()) == {}
