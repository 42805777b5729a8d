"""How many pictures an image file holds and how large they are, from its headers alone.

Looking before decoding is what keeps a small file that unpacks to gigabytes out.
"""

import struct
from collections.abc import Iterator

from invoice_engine.errors import TooLarge, UnsupportedDocument, damaged_image
from invoice_engine.limits import Limits
from invoice_engine.read.ocr.port import PageImage

# JPEG markers of a frame header: C0 to CF without the tables DHT (C4), JPG (C8) and DAC (CC).
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_SHORT, _TIFF_LONG = 3, 4


def page_images(data: bytes, limits: Limits) -> list[PageImage]:
    """The pictures of a PNG, JPEG, BMP or TIFF file; only TIFF holds more than one.

    Raises UnreadableDocument for a damaged header, UnsupportedDocument for another format, TooLarge beyond the limits.
    """
    try:
        sizes = _sizes(data, limits)
    except (struct.error, IndexError) as exc:
        raise damaged_image() from exc
    if not sizes:
        raise damaged_image()
    for width, height in sizes:
        if width < 1 or height < 1:
            raise damaged_image()
        if width * height > limits.max_pixels:
            raise TooLarge(
                f"The image has {width} by {height} pixels, more than the {limits.max_pixels} allowed in all. "
                "Send it in a lower resolution; 200 to 300 dots per inch are enough."
            )
    return [PageImage(data, number, *size, frame=number) for number, size in enumerate(sizes)]


def _sizes(data: bytes, limits: Limits) -> list[tuple[int, int]]:
    if data.startswith(b"\x89PNG"):
        return [struct.unpack_from(">II", data, 16)]
    if data.startswith(b"\xff\xd8"):
        return [_jpeg_size(data)]
    if data.startswith(b"BM"):
        return [_bmp_size(data)]
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return list(_tiff_sizes(data, limits))
    raise UnsupportedDocument("The image is none of PNG, JPEG, TIFF and BMP. Save it in one of these formats.")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position = 2
    while True:
        if data[position] != 0xFF:
            raise damaged_image()
        marker = data[position + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        if marker == 0xFF:  # padding
            position += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            position += 2
        else:
            (length,) = struct.unpack_from(">H", data, position + 2)
            position += 2 + max(length, 2)


def _bmp_size(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:  # the first version, with sizes of two bytes
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # a negative height means that rows run from top to bottom


def _tiff_sizes(data: bytes, limits: Limits) -> Iterator[tuple[int, int]]:
    order = "<" if data.startswith(b"II") else ">"
    (position,) = struct.unpack_from(order + "I", data, 4)
    seen: set[int] = set()
    while position:
        if position in seen:
            raise damaged_image()  # the directories form a ring
        seen.add(position)
        if len(seen) > limits.max_pages:
            raise TooLarge(
                f"The image file has more than the {limits.max_pages} pages allowed. Send the invoice alone."
            )
        (entries,) = struct.unpack_from(order + "H", data, position)
        size = {}
        for entry in range(entries):
            at = position + 2 + 12 * entry
            tag, kind = struct.unpack_from(order + "HH", data, at)
            if tag in (_TIFF_WIDTH, _TIFF_HEIGHT) and kind in (_TIFF_SHORT, _TIFF_LONG):
                (size[tag],) = struct.unpack_from(order + ("H" if kind == _TIFF_SHORT else "I"), data, at + 8)
        yield size.get(_TIFF_WIDTH, 0), size.get(_TIFF_HEIGHT, 0)
        (position,) = struct.unpack_from(order + "I", data, position + 2 + 12 * entries)
