"""Have OCR read what has no text of its own: scanned pages of a PDF, and image files."""

import pypdfium2 as pdfium

from invoice_engine.errors import NoTextLayer, TooLarge
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Note
from invoice_engine.read.images import page_images
from invoice_engine.read.ocr.port import OcrReader, OcrResult, Pictures
from invoice_engine.read.ocr.readers import default_reader
from invoice_engine.read.render import draw_pages, is_scan
from invoice_engine.read.words import Page

# Fewer words than this are stamps and page numbers on a scan, not its text.
FEWEST_WORDS = 8


def has_text(pages: list[Page]) -> bool:
    return sum(len(page.words) for page in pages) >= FEWEST_WORDS


def read_scanned_pages(
    document: pdfium.PdfDocument, pages: list[Page], limits: Limits, deadline: Deadline, ocr: OcrReader | None
) -> OcrResult:
    """`pages` with the words of those that are scans.

    In a PDF without any text every page is one; between pages of text only what one picture fills. Such a page is left
    as it is, with a note, when OCR is not installed: the rest of the document can be read.
    Raises NoTextLayer for a PDF without text when OCR is not installed, TooLarge for too many scanned pages.
    """
    digital = has_text(pages)
    bare = [page.number for page in pages if len(page.words) < FEWEST_WORDS]
    scans = [number for number in bare if is_scan(document, number)] if digital else bare
    if not scans:
        return OcrResult(pages)
    _allow(len(scans), limits, deadline)
    images = Pictures(len(scans), draw_pages(document, scans, limits, deadline))
    try:
        result = (ocr or default_reader()).read(images, limits, deadline)
    except NoTextLayer:
        if not digital:
            raise
        numbers = ", ".join(str(number + 1) for number in scans)
        note = Note("pages_not_read", f"These pages are scans, and OCR is not installed to read them: {numbers}.")
        return OcrResult(pages, [note])
    read = {page.number: page.as_read_by_ocr() for page in result.pages}
    return OcrResult([read.get(page.number, page) for page in pages], result.notes)


def read_image(data: bytes, limits: Limits, deadline: Deadline, ocr: OcrReader | None) -> OcrResult:
    """The pages of an image file. Raises an EngineError when it is damaged, too large, or OCR is not installed."""
    images = page_images(data, limits)
    _allow(len(images), limits, deadline)
    result = (ocr or default_reader()).read(images, limits, deadline)
    return OcrResult([page.as_read_by_ocr() for page in result.pages], result.notes)


def _allow(scans: int, limits: Limits, deadline: Deadline) -> None:
    """Give so many scans their time. Raises TooLarge when there are too many."""
    if scans > limits.max_scanned_pages:
        raise TooLarge(
            f"The document has {scans} scanned pages, more than the {limits.max_scanned_pages} allowed. "
            "Send the invoice alone."
        )
    deadline.extend(scans * limits.seconds_per_scan)
