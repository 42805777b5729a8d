"""Read a PDF: its embedded e-invoice if it has one, its text layer otherwise, both together where it has both."""

from datetime import date
from decimal import Decimal

from invoice_engine.choose.rank import choose
from invoice_engine.choose.totals import TotalsEvidence, choose_totals
from invoice_engine.einvoice.attachment import embedded_invoice
from invoice_engine.einvoice.trace import trace
from invoice_engine.errors import NoTextLayer
from invoice_engine.fields import accounts, header, money
from invoice_engine.fields.context import Context
from invoice_engine.fields.currencies import currencies
from invoice_engine.fields.party_blocks import PartyBlocks
from invoice_engine.fields.supplier import supplier_names
from invoice_engine.layout.document import Document
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Extraction, Invoice, Note, Party
from invoice_engine.read.pdf import open_pdf, read_attachments, read_pages

# Fewer words than this are stamps and page numbers on a scan, not its text.
FEWEST_WORDS = 8
# There is one currency in nearly every document, so that seeing it once nearly settles it.
ANY_MENTION = 0.1


def extract_pdf(data: bytes, limits: Limits, deadline: Deadline) -> Extraction:
    """Raises an EngineError; NoTextLayer for a scan without an embedded e-invoice."""
    notes: list[Note] = []
    with open_pdf(data, limits) as pdf:
        embedded = embedded_invoice(read_attachments(pdf, limits), limits, deadline, notes)
        pages = read_pages(pdf, limits, deadline)
    has_text = sum(len(page.words) for page in pages) >= FEWEST_WORDS
    if embedded is None and not has_text:
        raise NoTextLayer(
            "The PDF has no text, so it is probably a scan. Reading scans needs OCR, which this engine does not have "
            "yet: send the original PDF, or use another provider."
        )
    context = Context(Document.of(pages), deadline)
    printed = read_printed(context) if has_text else Invoice()
    if embedded is None:
        return Extraction("pdf_text", len(pages), printed, notes)
    source, invoice = embedded
    if has_text:
        notes.extend(trace(invoice, printed, context))
    return Extraction(source, len(pages), invoice, notes)


def read_printed(context: Context) -> Invoice:
    """The header fields of the text layer. Raises TooLarge when time is up."""
    blocks = PartyBlocks(context)
    supplier = Party(
        name=choose(supplier_names(context, blocks)),
        vat_number=choose(accounts.vat_numbers(context, blocks)),
        tax_number=choose(accounts.tax_numbers(context, blocks)),
        iban=choose(accounts.ibans(context, blocks)),
        bic=choose(accounts.bics(context, blocks)),
    )
    totals = choose_totals(
        TotalsEvidence(
            subtotal=money.amount_candidates(context, "subtotal"),
            tax_total=money.amount_candidates(context, "tax_total"),
            total=money.amount_candidates(context, "total"),
            amount_due=money.amount_candidates(context, "amount_due"),
            rows=money.tax_rows(context),
            rates=money.rates(context),
            amounts=money.all_amounts(context),
        )
    )
    issue_date = choose(header.issue_dates(context))
    issued = issue_date.value if isinstance(issue_date.value, date) else None
    total = totals.total.value
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
    )


def _country(party: Party) -> str | None:
    """The country that the party's VAT number, or else its IBAN, begins with."""
    for field in (party.vat_number, party.iban):
        prefix = str(field.value or "")[:2]
        if prefix.isalpha() and len(prefix) == 2:
            return prefix
    return None
