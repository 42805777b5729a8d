"""Pictures of pages as any OCR service takes them: one page a file, PNG or JPEG, of bounded size."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

from invoice_engine.read.ocr.grey import grey_picture
from invoice_engine.read.ocr.port import PageImage

MOST_BYTES = 5_000_000
LONGEST_SIDE = 10_000
MOST_PIXELS = 12_000_000  # an A4 page at 340 dots per inch
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def is_portable(image: PageImage) -> bool:
    """Whether the picture can go as it is. Looks at its first bytes and what is known of its size; decodes nothing."""
    small = len(image.data) <= MOST_BYTES and max(image.width, image.height) <= LONGEST_SIDE
    return image.data.startswith(_SIGNATURES) and small


def portable(image: PageImage) -> PageImage:
    """The picture itself, or the same page as a grey picture that can go.

    Raises UnreadableDocument when it must be decoded and is damaged.
    """
    if is_portable(image):
        return image
    grey = grey_picture(image, MOST_PIXELS)
    if max(grey.size) > LONGEST_SIDE:
        grey.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    resolution = image.dpi and max(round(image.dpi * max(grey.size) / max(image.width, image.height)), 1)
    return PageImage(_file(grey), image.number, grey.width, grey.height, dpi=resolution)


def _file(grey: Image.Image) -> bytes:
    """PNG if that is small enough; JPEG of falling size if it is not, for photos and noise."""
    buffer = BytesIO()
    grey.save(buffer, "PNG", compress_level=1)
    for quality in (90, 75, 50):
        if buffer.tell() <= MOST_BYTES:
            break
        buffer = BytesIO()
        grey.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
