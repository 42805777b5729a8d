"""Words with boxes and embedded files of a PDF, by PDFium.

PDFium is not thread-safe: one document at a time in a process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_double, c_int, c_ulong
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from invoice_engine.errors import EncryptedDocument, TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Box
from invoice_engine.read.words import Page, Word

# PDFium converts page to device coordinates in whole pixels; a device this large keeps six digits.
DEVICE = 1_000_000
# A gap within a line that is wider than this share of the text height separates words even without a space.
WORD_GAP = 0.6


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    data: bytes


@contextmanager
def open_pdf(data: bytes, limits: Limits) -> Iterator[pdfium.PdfDocument]:
    """The document in `data`, closed afterwards.

    Raises EncryptedDocument, UnreadableDocument, or TooLarge when it has too many pages.
    """
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as exc:
        if exc.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise EncryptedDocument(
                "The PDF is protected by a password. Save it without protection and send it again."
            ) from exc
        raise UnreadableDocument("The PDF is damaged and cannot be opened. Ask for a new copy.") from exc
    try:
        pages = len(document)
        if pages == 0:
            raise UnreadableDocument("The PDF has no pages. Ask for a new copy.")
        if pages > limits.max_pages:
            raise TooLarge(
                f"The PDF has {pages} pages, more than the {limits.max_pages} allowed. Send the invoice alone."
            )
        yield document
    finally:
        document.close()


def read_attachments(document: pdfium.PdfDocument, limits: Limits) -> Iterator[Attachment]:
    """The embedded files, at most `limits.max_attachments` and together at most `limits.max_bytes`."""
    remaining = limits.max_bytes
    for index in range(min(document.count_attachments(), limits.max_attachments)):
        try:
            attachment = document.get_attachment(index)
            size = c_ulong()
            pdfium_c.FPDFAttachment_GetFile(attachment.raw, None, 0, byref(size))
            if 0 < size.value <= remaining:
                remaining -= size.value
                yield Attachment(attachment.get_name(), bytes(attachment.get_data()))
        except (pdfium.PdfiumError, UnicodeDecodeError):
            continue  # a file that cannot be taken out says nothing about the others


def read_pages(document: pdfium.PdfDocument, limits: Limits, deadline: Deadline) -> list[Page]:
    """All pages with their words. A page that PDFium cannot load counts, without words."""
    pages = []
    for number in range(len(document)):
        deadline.check()
        try:
            page = document[number]
        except pdfium.PdfiumError:
            pages.append(Page(number, 1.0, 1.0, ()))
            continue
        try:
            pages.append(_read_page(page, number, limits))
        finally:
            page.close()
    return pages


def _read_page(page: pdfium.PdfPage, number: int, limits: Limits) -> Page:
    width, height = (max(side, 1.0) for side in page.get_size())
    try:
        text_page = page.get_textpage()
    except pdfium.PdfiumError:
        return Page(number, width, height, ())
    try:
        return Page(number, width, height, tuple(_words(page, text_page, limits)))
    finally:
        text_page.close()


@dataclass(frozen=True, slots=True)
class _Display:
    """The affine map from page coordinates to fractions of the displayed page (rotation and crop box included)."""

    x0: float
    y0: float
    x_by_x: float
    x_by_y: float
    y_by_x: float
    y_by_y: float

    @classmethod
    def of(cls, page: pdfium.PdfPage) -> "_Display":
        span = 1000.0
        (x0, y0), (x1, y1), (x2, y2) = (_device(page, *at) for at in ((0, 0), (span, 0), (0, span)))
        return cls(x0, y0, (x1 - x0) / span, (x2 - x0) / span, (y1 - y0) / span, (y2 - y0) / span)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        xs = [self.x0 + self.x_by_x * x + self.x_by_y * y for x in (left, right) for y in (bottom, top)]
        ys = [self.y0 + self.y_by_x * x + self.y_by_y * y for x in (left, right) for y in (bottom, top)]
        return Box(_clamp(min(xs)), _clamp(min(ys)), _clamp(max(xs)), _clamp(max(ys)))


def _device(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    across, down = c_int(), c_int()
    pdfium_c.FPDF_PageToDevice(page.raw, 0, 0, DEVICE, DEVICE, 0, x, y, byref(across), byref(down))
    return across.value / DEVICE, down.value / DEVICE


def _clamp(fraction: float) -> float:
    return min(1.0, max(0.0, fraction))


def _words(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, limits: Limits) -> Iterator[Word]:
    display = _Display.of(page)
    text = ""
    box = before = (0.0, 0.0, 0.0, 0.0)
    for character, at in _characters(text_page, limits):
        if text and (at is None or _starts_word(text, box, before, character, at)):
            yield Word(text, display.box(*box))
            text = ""
        if at is not None:
            box = _union(box, at) if text else at
            before = at
            text += character
    if text:
        yield Word(text, display.box(*box))


_Rectangle = tuple[float, float, float, float]  # left, bottom, right, top in page coordinates


def _characters(text_page: pdfium.PdfTextPage, limits: Limits) -> Iterator[tuple[str, _Rectangle | None]]:
    """Characters in the order of the file; the rectangle is None for white space."""
    handle = text_page.raw
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    edges = (byref(left), byref(right), byref(bottom), byref(top))
    for index in range(min(text_page.count_chars(), limits.max_characters)):
        code = pdfium_c.FPDFText_GetUnicode(handle, index)
        character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
        if character.isspace() or not pdfium_c.FPDFText_GetCharBox(handle, index, *edges):
            yield " ", None
        elif character.isprintable() or character == "\u00ad":
            yield character, (left.value, bottom.value, right.value, top.value)


def _starts_word(text: str, box: _Rectangle, before: _Rectangle, character: str, at: _Rectangle) -> bool:
    """Whether `character` begins a new word although no space precedes it; text may run in any direction."""
    if text[-1] == ":" and character != "/" and not (character.isdigit() and text[-2:-1].isdigit()):
        return True  # a colon ends a label, unless it stands in a time of day or an address of the web
    thickness = min(box[2] - box[0], box[3] - box[1])
    size = max(at[2] - at[0], at[3] - at[1], before[2] - before[0], before[3] - before[1], thickness, 1.0)
    across = max(at[0] - box[2], box[0] - at[2])
    along = max(at[1] - box[3], box[1] - at[3])
    return max(across, along) > WORD_GAP * size


def _union(a: _Rectangle, b: _Rectangle) -> _Rectangle:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
