"""The one entry point: tell the kind of document, have it read, return what was found."""

from typing import TYPE_CHECKING

from invoice_engine.errors import TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Extraction
from invoice_engine.read.kind import Kind, kind_of

if TYPE_CHECKING:
    from invoice_engine.evidence import Evidence
    from invoice_engine.read.ocr.port import OcrReader

DEFAULT_LIMITS = Limits()


def extract(
    data: bytes,
    limits: Limits = DEFAULT_LIMITS,
    ocr: "OcrReader | None" = None,
    evidence: "Evidence | None" = None,
) -> Extraction:
    """Read one invoice; scans and photos by `ocr`, which is Tesseract when None. `evidence` is filled, if one is given.

    Deterministic: the same bytes give the same extraction. Raises an EngineError, and nothing else, for bytes that
    cannot be read as an invoice.
    """
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"The document has {len(data)} bytes, more than the {limits.max_bytes} allowed. Send a smaller file."
        )
    deadline = Deadline(limits.max_seconds, limits.max_wall_seconds)
    kind = kind_of(data)
    if kind is Kind.PDF:
        from invoice_engine.pdf_invoice import extract_pdf

        return extract_pdf(data, limits, deadline, ocr, evidence)
    if kind is Kind.XML:
        return _extract_xml(data, limits, deadline)
    if kind is Kind.IMAGE:
        from invoice_engine.pdf_invoice import extract_images

        return extract_images(data, limits, deadline, ocr, evidence)
    raise UnreadableDocument(
        "The document is empty." if not data else "The document is neither a PDF, an image nor an XML invoice."
    )


def _extract_xml(data: bytes, limits: Limits, deadline: Deadline) -> Extraction:
    from invoice_engine.einvoice.recognise import read_einvoice
    from invoice_engine.read.xml import parse_xml

    found = read_einvoice(parse_xml(data, limits, deadline))
    return Extraction(found.standard, "data", pages=0, invoice=found.invoice, notes=list(found.notes))
