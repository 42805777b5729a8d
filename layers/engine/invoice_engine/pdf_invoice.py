"""Read a PDF: its embedded e-invoice if it has one, its text layer otherwise, both together where it has both."""

from typing import Literal

from invoice_engine.einvoice.attachment import embedded_invoice
from invoice_engine.einvoice.trace import trace
from invoice_engine.errors import NoTextLayer
from invoice_engine.evidence import Evidence
from invoice_engine.fields.context import Context
from invoice_engine.layout.document import Document
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Extraction, Note
from invoice_engine.printed_invoice import read_printed
from invoice_engine.read.ocr.port import OcrReader
from invoice_engine.read.pdf import open_pdf, read_attachments, read_pages
from invoice_engine.read.scans import has_text, read_image, read_scanned_pages
from invoice_engine.read.words import Page


def extract_pdf(
    data: bytes, limits: Limits, deadline: Deadline, ocr: OcrReader | None = None, evidence: Evidence | None = None
) -> Extraction:
    """Raises an EngineError; NoTextLayer for a scan without an embedded e-invoice that OCR does not read either."""
    notes: list[Note] = []
    with open_pdf(data, limits) as pdf:
        embedded = embedded_invoice(read_attachments(pdf, limits), limits, deadline, notes)
        pages = read_pages(pdf, limits, deadline)
        digital = has_text(pages)
        if embedded is None:
            result = read_scanned_pages(pdf, pages, limits, deadline, ocr)
            pages, notes = result.pages, notes + result.notes
    if embedded is None:
        return _extraction("pdf_text" if digital else "ocr", pages, notes, deadline, evidence)
    context = Context(Document.of(pages), deadline)
    notes.extend(embedded.notes)
    if digital:
        notes.extend(trace(embedded.invoice, read_printed(context).invoice, context))
    return Extraction(embedded.standard, "data", len(pages), embedded.invoice, notes)


def extract_images(
    data: bytes, limits: Limits, deadline: Deadline, ocr: OcrReader | None = None, evidence: Evidence | None = None
) -> Extraction:
    """The invoice in an image file. Raises an EngineError; NoTextLayer when OCR is not installed or finds no text."""
    result = read_image(data, limits, deadline, ocr)
    return _extraction("ocr", result.pages, result.notes, deadline, evidence)


def _extraction(
    source: Literal["pdf_text", "ocr"],
    pages: list[Page],
    notes: list[Note],
    deadline: Deadline,
    evidence: Evidence | None,
) -> Extraction:
    if not has_text(pages):
        raise NoTextLayer(
            "OCR found no text in the document. Check that the pages are not blank, scan them again at 200 to 300 dots "
            "per inch, or send the original PDF."
        )
    invoice, read_as = read_printed(Context(Document.of(pages), deadline, evidence))
    return Extraction(source, read_as, len(pages), invoice, notes)
