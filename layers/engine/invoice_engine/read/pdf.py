"""Words with boxes and embedded files of a PDF, by PDFium.

PDFium is not thread-safe: one document at a time in a process.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import CFUNCTYPE, byref, c_double, c_int, c_ulong, c_ushort, cast, sizeof
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from invoice_engine.errors import EncryptedDocument, TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Box
from invoice_engine.read.words import Page, Word

# PDFium converts page to device coordinates in whole pixels; a device this large keeps six digits.
DEVICE = 1_000_000
# PDFium's function without the types of its arguments: to check six of them for each character takes longer than it.
_char_box = cast(pdfium_c.FPDFText_GetCharBox, CFUNCTYPE(c_int))
_SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character
# A gap within a line that is wider than this share of the text height separates words even without a space.
WORD_GAP = 0.6
SMALLEST = 1.0  # text height in points that is taken for the least there is
_LEAST_GAP = WORD_GAP * SMALLEST


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
        x_left, x_right = _ordered(self.x_by_x * left, self.x_by_x * right)
        x_low, x_high = _ordered(self.x_by_y * bottom, self.x_by_y * top)
        y_left, y_right = _ordered(self.y_by_x * left, self.y_by_x * right)
        y_low, y_high = _ordered(self.y_by_y * bottom, self.y_by_y * top)
        return Box(
            _clamp(self.x0 + x_left + x_low),
            _clamp(self.y0 + y_left + y_low),
            _clamp(self.x0 + x_right + x_high),
            _clamp(self.y0 + y_right + y_high),
        )


def _device(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    across, down = c_int(), c_int()
    pdfium_c.FPDF_PageToDevice(page.raw, 0, 0, DEVICE, DEVICE, 0, x, y, byref(across), byref(down))
    return across.value / DEVICE, down.value / DEVICE


def _ordered(a: float, b: float) -> tuple[float, float]:
    return (a, b) if a <= b else (b, a)


def _clamp(fraction: float) -> float:
    if 0.0 < fraction < 1.0:
        return fraction
    return 1.0 if fraction >= 1.0 else 0.0  # also for what is no number


_Rectangle = Sequence[float]  # left, bottom, right, top in page coordinates


def _words(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, limits: Limits) -> Iterator[Word]:
    display = _Display.of(page)
    text = ""
    box: _Rectangle = (0.0, 0.0, 0.0, 0.0)
    before = box
    for character, at in _characters(text_page, limits):
        if at is None:
            if text:
                yield Word(text, display.box(*box))
                text = ""
            continue
        if not text:
            text, box = character, at
        elif _starts_word(text, box, before, character, at):
            yield Word(text, display.box(*box))
            text, box = character, at
        else:
            text += character
            box = _union(box, at)
        before = at
    if text:
        yield Word(text, display.box(*box))


def _characters(text_page: pdfium.PdfTextPage, limits: Limits) -> Iterator[tuple[str, _Rectangle | None]]:
    """Characters in the order of the file; the rectangle is None for white space."""
    handle = text_page.raw
    edges = (c_double * 4)()
    left, bottom, right, top = (byref(edges, index * sizeof(c_double)) for index in range(4))
    values = memoryview(edges).cast("B").cast("d")
    for index, character in enumerate(_text(text_page, limits)):
        if character.isspace() or not _char_box(handle, index, left, right, bottom, top):
            yield " ", None
        elif character.isprintable() or character == "\u00ad":
            yield character, values.tolist()


def _text(text_page: pdfium.PdfTextPage, limits: Limits) -> str:
    """One character for each that PDFium counts; a space for what has no code point."""
    count = text_page.count_chars()
    buffer = (c_ushort * (count + 1))()
    written = pdfium_c.FPDFText_GetText(text_page.raw, 0, count, buffer)
    text = bytes(buffer).decode("utf-16-le", errors="surrogatepass")[:-1]
    if written == len(buffer) and len(text) == count:
        return _SURROGATE.sub(" ", text[: limits.max_characters])
    # Characters without a code point are not in the text of a page, or not one unit of it: one by one, they are.
    codes = (pdfium_c.FPDFText_GetUnicode(text_page.raw, index) for index in range(min(count, limits.max_characters)))
    return "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)


def _starts_word(text: str, box: _Rectangle, before: _Rectangle, character: str, at: _Rectangle) -> bool:
    """Whether `character` begins a new word although no space precedes it; text may run in any direction."""
    if text[-1] == ":" and character != "/" and not (character.isdigit() and text[-2:-1].isdigit()):
        return True  # a colon ends a label, unless it stands in a time of day or an address of the web
    left, bottom, right, top = box
    gap = max(at[0] - right, left - at[2], at[1] - top, bottom - at[3])
    if gap <= _LEAST_GAP:
        return False  # nearly always, and before anything else is worked out
    thickness = min(right - left, top - bottom)
    size = max(at[2] - at[0], at[3] - at[1], before[2] - before[0], before[3] - before[1], thickness, SMALLEST)
    return gap > WORD_GAP * size


def _union(a: _Rectangle, b: _Rectangle) -> _Rectangle:
    left, bottom, right, top = a
    other_left, other_bottom, other_right, other_top = b
    return (
        left if left <= other_left else other_left,
        bottom if bottom <= other_bottom else other_bottom,
        right if right >= other_right else other_right,
        top if top >= other_top else other_top,
    )
