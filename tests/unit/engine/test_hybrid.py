"""PDFs with an embedded e-invoice: its values, with the places where they are printed."""

import pytest

from invoice_engine import Extraction, extract
from tests.unit.engine import documents
from tests.unit.engine.national_einvoices import FACTURAE, FATTURAPA, twice

PRINTED = documents.pdf(documents.GERMAN_INVOICE)
# The printed invoice and the embedded one agree once the XML has the printed totals.
AGREEING = (
    documents.CII.replace(">107.10<", ">1297.10<")
    .replace(">17.10<", ">207.10<")
    .replace("<ram:TaxBasisTotalAmount>90.00<", "<ram:TaxBasisTotalAmount>1090.00<")
)


def hybrid(xml: str = AGREEING, name: str = "factur-x.xml", printed: bytes = PRINTED) -> Extraction:
    return extract(documents.with_attachment(printed, name, xml.encode()))


@pytest.mark.parametrize(
    "name", ["factur-x.xml", "ZUGFeRD-invoice.xml", "zugferd-invoice.xml", "xrechnung.xml", "anything.xml", "data"]
)
def test_an_embedded_invoice_is_found_under_any_name(name: str) -> None:
    extraction = hybrid(name=name)
    assert (extraction.source, extraction.pages) == ("cii", 1)
    total = extraction.invoice.total.chosen
    assert total is not None
    assert (str(total.value), total.confidence, total.source) == ("1297.10", 1.0, "xml")


def test_printed_values_get_the_box_of_their_words() -> None:
    invoice = hybrid().invoice
    number, total, iban = invoice.invoice_number.chosen, invoice.total.chosen, invoice.supplier.iban.chosen
    assert number is not None
    assert total is not None
    assert iban is not None
    assert number.page == total.page == iban.page == 0
    assert number.box is not None
    assert total.box is not None
    assert iban.box is not None
    assert number.box.left == pytest.approx(460 / 595, abs=0.01)
    assert total.box.bottom == pytest.approx(432 / 842, abs=0.01)
    assert total.box.left == pytest.approx(480 / 595, abs=0.01)
    assert iban.box.bottom == pytest.approx(780 / 842, abs=0.01)


def test_items_get_boxes_in_the_row_of_their_description() -> None:
    (line,) = hybrid().invoice.lines
    assert line.description.chosen is not None
    assert line.subtotal.chosen is not None
    assert line.subtotal.chosen.box is not None
    assert line.description.chosen.box is not None
    assert line.subtotal.chosen.box.bottom == pytest.approx(300 / 842, abs=0.01)
    assert line.description.chosen.box.left == pytest.approx(60 / 595, abs=0.01)


def test_what_is_not_printed_has_no_box() -> None:
    order = hybrid().invoice.purchase_order.chosen
    assert order is not None
    assert (order.value, order.page, order.box) == ("PO-77", None, None)


def total_of(xml: str, total: str, due: str = "100.00") -> str:
    return xml.replace(">1297.10<", f">{total}<").replace(
        "<ram:DuePayableAmount>100.00<", f"<ram:DuePayableAmount>{due}<"
    )


def test_another_printed_total_is_noted_with_both() -> None:
    assert hybrid().notes == []
    (note,) = hybrid(total_of(AGREEING, "9999.99")).notes
    assert note.code == "total_differs_from_page"
    assert "9999.99" in note.message
    assert "printed total on page 1 is 1297.10" in note.message


def test_another_printed_total_is_a_candidate_with_its_place() -> None:
    total = hybrid(total_of(AGREEING, "9999.99")).invoice.total
    assert (str(total.value), [str(one.value) for one in total.candidates]) == ("9999.99", ["1297.10"])
    [printed] = total.candidates
    assert (printed.source, printed.page) == ("text", 0)
    assert printed.box is not None
    assert printed.box.bottom == pytest.approx(432 / 842, abs=0.01)
    assert hybrid().invoice.total.candidates == ()


def test_a_total_that_is_printed_as_the_subtotal_is_noted() -> None:
    (note,) = hybrid(total_of(AGREEING, "1090.00")).notes
    assert note.code == "total_differs_from_page"
    assert "1297.10" in note.message


@pytest.mark.parametrize(
    ("total", "due"),
    [
        ("1500.00", "1297.10"),  # what is printed is what is left to pay
        ("-1297.10", "-1297.10"),  # credit notes are printed with or without a sign
        ("2.50", "2.50"),  # is printed, as something that a reader of text alone may have misread
    ],
)
def test_totals_that_may_agree_are_not_noted(total: str, due: str) -> None:
    assert hybrid(total_of(AGREEING, total, due)).notes == []


def test_a_page_without_any_total_is_told_apart() -> None:
    letter = "Sehr geehrte Damen und Herren, unsere Rechnung liegt diesem Schreiben bei. Mit freundlichen Grüßen"
    cover = documents.pdf([(60, 40, "Nebelhorn Metallbau GmbH"), (60, 60, letter)])
    [note] = hybrid(printed=cover).notes
    assert note.code == "total_not_on_page"
    assert "1297.10" in note.message


@pytest.mark.parametrize(
    ("name", "xml", "source"),
    [
        ("XRechnung.xml", documents.ubl(), "ubl"),
        ("gutschrift.xml", documents.ubl("CreditNote"), "ubl"),
        (" ZUGFeRD-invoice.xml", documents.ZUGFERD_1, "cii"),
        ("IT00743110157_00017.xml", FATTURAPA, "fatturapa"),
        ("factura.xsig", FACTURAE, "facturae"),
    ],
)
def test_every_known_invoice_is_found_in_a_pdf(name: str, xml: str, source: str) -> None:
    assert hybrid(xml, name).source == source


def test_a_file_with_a_known_name_comes_before_others() -> None:
    first = documents.with_attachment(PRINTED, "a.xml", AGREEING.replace("KL-2026-17", "KL-OLD").encode())
    extraction = hybrid(name="Factur-X.xml", printed=first)
    assert extraction.invoice.invoice_number.value == "KL-2026-17"


def test_several_invoices_in_an_attachment_are_noted() -> None:
    notes = hybrid(twice(FATTURAPA, "FatturaElettronicaBody"), "fattura.xml").notes
    assert "several_invoices" in [note.code for note in notes]


def test_an_attached_order_is_not_an_invoice() -> None:
    order = AGREEING.replace("CrossIndustryInvoice", "SCRDMCCBDACIOMessageStructure")
    extraction = hybrid(order, "order-x.xml")
    assert (extraction.source, extraction.notes) == ("pdf_text", [])
    assert extraction.invoice.invoice_number.value == "KL-2026-17"


@pytest.mark.parametrize("content", ["<broken", "not xml at all", "<!DOCTYPE a><a/>"])
def test_a_broken_attachment_is_noted_and_the_text_is_read(content: str) -> None:
    extraction = hybrid(content)
    assert extraction.source == "pdf_text"
    assert [note.code for note in extraction.notes] == ["attachment_unreadable"]
    assert extraction.invoice.invoice_number.value == "KL-2026-17"


def test_a_scan_with_an_embedded_invoice_is_read_without_boxes() -> None:
    extraction = hybrid(printed=documents.pdf([]))
    assert (extraction.source, extraction.notes) == ("cii", [])
    assert extraction.invoice.invoice_number.value == "KL-2026-17"
