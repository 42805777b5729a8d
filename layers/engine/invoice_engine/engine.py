"""The one entry point: tell the kind of document, have it read, return what was found."""

from invoice_engine.errors import TooLarge, UnreadableDocument, UnsupportedDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Extraction
from invoice_engine.read.kind import Kind, kind_of

DEFAULT_LIMITS = Limits()


def extract(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Extraction:
    """Read one invoice.

    Deterministic: the same bytes give the same extraction. Raises an EngineError, and nothing else, for bytes that
    cannot be read as an invoice.
    """
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"The document has {len(data)} bytes, more than the {limits.max_bytes} allowed. Send a smaller file."
        )
    deadline = Deadline(limits.max_seconds)
    kind = kind_of(data)
    if kind is Kind.PDF:
        from invoice_engine.pdf_invoice import extract_pdf

        return extract_pdf(data, limits, deadline)
    if kind is Kind.XML:
        return _extract_xml(data, limits, deadline)
    if kind is Kind.IMAGE:
        raise UnsupportedDocument(
            "The document is an image, and reading images needs OCR, which this engine does not have yet. "
            "Send the original PDF, or use another provider."
        )
    raise UnreadableDocument(
        "The document is empty." if not data else "The document is neither a PDF nor an XML invoice."
    )


def _extract_xml(data: bytes, limits: Limits, deadline: Deadline) -> Extraction:
    from invoice_engine.einvoice.recognise import read_einvoice
    from invoice_engine.read.xml import parse_xml

    source, invoice = read_einvoice(parse_xml(data, limits, deadline))
    return Extraction(source=source, pages=0, invoice=invoice)
