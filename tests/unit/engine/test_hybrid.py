"""PDFs with an embedded e-invoice: its values, with the places where they are printed."""

import pytest

from invoice_engine import Extraction, extract
from tests.unit.engine import documents

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


def test_a_total_that_is_not_on_the_page_is_noted() -> None:
    assert hybrid().notes == []
    (note,) = hybrid(AGREEING.replace(">1297.10<", ">9999.99<")).notes
    assert note.code == "total_differs_from_page"
    assert "9999.99" in note.message


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
