"""Draw pages of a PDF for OCR."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from math import sqrt

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from invoice_engine.limits import Deadline, Limits
from invoice_engine.read.ocr.port import PageImage

DPI = 200
POINTS_PER_INCH = 72
# A picture that covers this share of its page is a scan of it; a smaller one is a logo or a photo.
FULL_PAGE = 0.5


def is_scan(document: pdfium.PdfDocument, number: int) -> bool:
    """Whether one picture covers most of the page."""
    try:
        page = document[number]
    except pdfium.PdfiumError:
        return False
    try:
        width, height = page.get_size()
        pictures = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3)
        return any(_area(picture) >= FULL_PAGE * width * height for picture in pictures)
    except pdfium.PdfiumError:
        return False
    finally:
        page.close()


def _area(picture: pdfium.PdfObject) -> float:
    left, bottom, right, top = map(float, picture.get_bounds())
    return (right - left) * (top - bottom)


def draw_pages(
    document: pdfium.PdfDocument, numbers: Iterable[int], limits: Limits, deadline: Deadline
) -> Iterator[PageImage]:
    """The pages as PNG pictures in grey, as displayed. A page that PDFium cannot draw is left out."""
    for number in numbers:
        deadline.check()
        try:
            page = document[number]
        except pdfium.PdfiumError:
            continue
        try:
            yield _draw(page, number, limits)
        except pdfium.PdfiumError:
            continue
        finally:
            page.close()


def _draw(page: pdfium.PdfPage, number: int, limits: Limits) -> PageImage:
    width, height = (max(side, 1.0) for side in page.get_size())
    scale = min(DPI / POINTS_PER_INCH, sqrt(limits.max_drawn_pixels / (width * height)))
    data, across, down = _render(page, scale)
    return PageImage(data, number, across, down, dpi=max(round(scale * POINTS_PER_INCH), 1))


def _render(page: pdfium.PdfPage, scale: float) -> tuple[bytes, int, int]:
    """A PNG file with its width and height."""
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        return png(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride), bitmap.width, bitmap.height
    finally:
        bitmap.close()


def png(rows: bytes, width: int, height: int, stride: int) -> bytes:
    """A PNG file of grey values, one byte a pixel, each row `stride` bytes long of which `width` count."""
    unfiltered = b"".join(b"\x00" + rows[at : at + width] for at in range(0, height * stride, stride))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(unfiltered, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
