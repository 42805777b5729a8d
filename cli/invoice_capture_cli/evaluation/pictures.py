"""Small pictures of pages, for people to look at."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image, ImageSequence

from invoice_engine.read.kind import Kind, kind_of

_DPI = 100
_POINTS_PER_INCH = 72
# A page on letter paper at 100 dots per inch; till receipts are narrow and long.
_LARGEST = (900, 2000)
_JPEG_QUALITY = 60


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG picture; the size is in pixels."""

    jpeg: bytes
    width: int
    height: int

    @property
    def data_uri(self) -> str:
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode("ascii")


Pictures = dict[tuple[str, int], Picture]
"""By the document's file and the page, counted from 0."""


def draw_pages(folder: Path, file: str, numbers: Iterable[int]) -> Pictures:
    """Pictures of these pages; pages that cannot be drawn are left out, whatever the reason."""
    wanted = set(numbers)
    try:
        data = (folder / file).read_bytes()
        draw = _of_pdf if kind_of(data) is Kind.PDF else _of_image
        return {(file, number): _picture(image) for number, image in draw(data, wanted)}
    except Exception:  # decoders raise whatever they like; a page of misses is worth having without a picture
        return {}


def _of_pdf(data: bytes, numbers: set[int]) -> Iterator[tuple[int, Image.Image]]:
    with pdfium.PdfDocument(data) as document:
        for number in sorted(numbers & set(range(len(document)))):
            page = document[number]
            width, height = (max(side, 1.0) for side in page.get_size())
            scale = min(_DPI / _POINTS_PER_INCH, _LARGEST[0] / width, _LARGEST[1] / height)
            yield number, page.render(scale=scale).to_pil()


def _of_image(data: bytes, numbers: set[int]) -> Iterator[tuple[int, Image.Image]]:
    with Image.open(io.BytesIO(data)) as image:
        for number, frame in enumerate(ImageSequence.Iterator(image)):
            if number in numbers:
                yield number, frame.copy()


def _picture(image: Image.Image) -> Picture:
    # Pictures with 16 bits a pixel, palettes or transparency have no JPEG.
    small = image.convert("RGB")
    small.thumbnail(_LARGEST)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return Picture(buffer.getvalue(), *small.size)
