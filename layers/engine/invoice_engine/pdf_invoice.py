"""Read a PDF: its embedded e-invoice if it has one, its text layer otherwise, both together where it has both."""

from datetime import date
from decimal import Decimal
from typing import Literal

from invoice_engine.choose.rank import choose
from invoice_engine.choose.totals import TotalsEvidence, choose_totals
from invoice_engine.einvoice.attachment import embedded_invoice
from invoice_engine.einvoice.trace import trace
from invoice_engine.errors import NoTextLayer
from invoice_engine.fields import accounts, header, money
from invoice_engine.fields.context import Context
from invoice_engine.fields.currencies import currencies
from invoice_engine.fields.line_items import Sums, line_items
from invoice_engine.fields.party_blocks import PartyBlocks
from invoice_engine.fields.supplier import supplier_names
from invoice_engine.layout.document import Document
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Extraction, Invoice, Note, Party
from invoice_engine.read.ocr import OcrReader
from invoice_engine.read.pdf import open_pdf, read_attachments, read_pages
from invoice_engine.read.scans import has_text, read_image, read_scanned_pages
from invoice_engine.read.words import Page

# There is one currency in nearly every document, so that seeing it once nearly settles it.
ANY_MENTION = 0.1


def extract_pdf(data: bytes, limits: Limits, deadline: Deadline, ocr: OcrReader | None = None) -> Extraction:
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
        return _extraction("pdf_text" if digital else "ocr", pages, notes, deadline)
    context = Context(Document.of(pages), deadline)
    source, invoice = embedded
    if digital:
        notes.extend(trace(invoice, read_printed(context), context))
    return Extraction(source, len(pages), invoice, notes)


def extract_images(data: bytes, limits: Limits, deadline: Deadline, ocr: OcrReader | None = None) -> Extraction:
    """The invoice in an image file. Raises an EngineError; NoTextLayer when OCR is not installed or finds no text."""
    result = read_image(data, limits, deadline, ocr)
    return _extraction("ocr", result.pages, result.notes, deadline)


def _extraction(
    source: Literal["pdf_text", "ocr"], pages: list[Page], notes: list[Note], deadline: Deadline
) -> Extraction:
    if not has_text(pages):
        raise NoTextLayer(
            "OCR found no text in the document. Check that the pages are not blank, scan them again at 200 to 300 dots "
            "per inch, or send the original PDF."
        )
    return Extraction(source, len(pages), read_printed(Context(Document.of(pages), deadline)), notes)


def read_printed(context: Context) -> Invoice:
    """The header fields and lines of the text layer. Raises TooLarge when time is up."""
    blocks = PartyBlocks(context)
    supplier = Party(
        name=choose(supplier_names(context, blocks)),
        vat_number=choose(accounts.vat_numbers(context, blocks)),
        tax_number=choose(accounts.tax_numbers(context, blocks)),
        iban=choose(accounts.ibans(context, blocks)),
        bic=choose(accounts.bics(context, blocks)),
    )
    amounts = money.all_amounts(context)
    totals = choose_totals(
        TotalsEvidence(
            subtotal=money.amount_candidates(context, "subtotal"),
            tax_total=money.amount_candidates(context, "tax_total"),
            total=money.amount_candidates(context, "total"),
            amount_due=money.amount_candidates(context, "amount_due"),
            rows=money.tax_rows(context),
            rates=money.rates(context),
            amounts=amounts,
        )
    )
    issue_date = choose(header.issue_dates(context))
    issued = issue_date.value if isinstance(issue_date.value, date) else None
    subtotal, total = totals.subtotal.value, totals.total.value
    sums = Sums(
        subtotal if isinstance(subtotal, Decimal) else None,
        total if isinstance(total, Decimal) else None,
        {amount.value for amount in amounts},
    )
    return Invoice(
        invoice_number=choose(header.invoice_numbers(context)),
        issue_date=issue_date,
        due_date=choose(header.due_dates(context, issued)),
        type=choose(header.document_types(context, negative_total=isinstance(total, Decimal) and total < 0)),
        currency=choose(currencies(context, _country(supplier)), ANY_MENTION),
        purchase_order=choose(header.references(context, "purchase_order")),
        payment_reference=choose(header.references(context, "payment_reference")),
        subtotal=totals.subtotal,
        tax_total=totals.tax_total,
        total=totals.total,
        amount_due=totals.amount_due,
        taxes=totals.taxes,
        supplier=supplier,
        lines=line_items(context, sums),
    )


def _country(party: Party) -> str | None:
    """The country that the party's VAT number, or else its IBAN, begins with."""
    for field in (party.vat_number, party.iban):
        prefix = str(field.value or "")[:2]
        if prefix.isalpha() and len(prefix) == 2:
            return prefix
    return None
