"""Pages as pictures for Tesseract: upright, grey, of bounded size, and how to read each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from invoice_engine.errors import UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.read.ocr.grey import flatten_background, grey_picture, read_grey, resolution, write_grey
from invoice_engine.read.ocr.port import PageImage
from invoice_engine.read.ocr.program import AUTOMATIC, ONE_BLOCK, ONE_COLUMN, Picture

# A picture this much taller than wide is a till receipt; the tallest office paper (legal) is 1.65 times as tall.
RECEIPT = 1.7
# Pages are read side by side, but the memory for their pixels is only there once.
_PIXELS = Lock()


class OcrPass(NamedTuple):
    """How a page is read: in which mode, and which share of it becomes black when its light is made even.

    Without a share it is read as it is.
    """

    mode: str
    black_share: float | None = None


class OcrPlan(NamedTuple):
    """The second pass is for pages that the first reads with less certainty (of 100) than is `good`.

    It differs from the first in everything, to make other mistakes.
    """

    first: OcrPass
    second: OcrPass | None = None
    good: float = 85.0


NORMAL, STRONG = 0.02, 0.05
RECEIPT_PLAN = OcrPlan(OcrPass(ONE_BLOCK, STRONG), OcrPass(ONE_COLUMN, NORMAL), good=95.0)
PAGE_PLAN = OcrPlan(OcrPass(AUTOMATIC), OcrPass(ONE_COLUMN, STRONG))


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A page, and its picture, which may have another size than the one that was sent.

    `is_decoded` tells whether it is in grey values; if not it is a copy of what was sent.
    """

    number: int
    picture: Picture
    plan: OcrPlan
    is_decoded: bool = True

    @property
    def is_receipt(self) -> bool:
        return _is_receipt(self.picture.width, self.picture.height)

    def picture_for(self, ocr_pass: OcrPass) -> Picture:
        if ocr_pass.black_share is None:
            return self.picture
        path = self.picture.path.with_name(f"even-{ocr_pass.mode}-{self.number}.pgm")
        with _PIXELS:
            write_grey(flatten_background(read_grey(self.picture.path), ocr_pass.black_share), path)
        return replace(self.picture, path=path)

    def stripe(self, top: float, height: float) -> Picture:
        """A part of the page over its whole width; `top` and `height` are shares of its height."""
        path = self.picture.path.with_name(f"stripe-{self.number}.pgm")
        with _PIXELS:
            page = read_grey(self.picture.path)
            stripe = page.crop((0, round(top * page.height), page.width, round((top + height) * page.height)))
            write_grey(stripe, path)
        return replace(self.picture, path=path, height=stripe.height)

    def discard(self) -> None:
        """Remove the files of the page."""
        for path in self.picture.path.parent.glob(f"*-{self.number}.pgm"):
            path.unlink()


def prepared_pages(
    images: Iterable[PageImage], folder: Path, limits: Limits, deadline: Deadline
) -> Iterator[PreparedPage]:
    """The pages of one document, each decoded when it is asked for. Raises TooLarge when time is up."""
    for image in images:
        deadline.check()
        path = folder / f"page-{image.number}.pgm"
        try:
            yield _prepared(image, path, limits)
        except UnreadableDocument:
            # Of some damaged files Tesseract shows a part.
            path.write_bytes(image.data)
            picture = Picture(path, image.width, image.height, image.frame, image.dpi)
            mode = ONE_BLOCK if _is_receipt(image.width, image.height) else AUTOMATIC
            yield PreparedPage(image.number, picture, OcrPlan(OcrPass(mode)), is_decoded=False)


def _prepared(image: PageImage, path: Path, limits: Limits) -> PreparedPage:
    with _PIXELS:
        grey = grey_picture(image, limits.max_drawn_pixels)
        write_grey(grey, path)
        width, height = grey.size
        plan = RECEIPT_PLAN if _is_receipt(width, height) else PAGE_PLAN
    dpi = image.dpi or resolution(grey)
    if dpi is not None:
        dpi = max(round(dpi * max(width, height) / max(image.width, image.height)), 1)
    return PreparedPage(image.number, Picture(path, width, height, dpi=dpi), plan)


def _is_receipt(width: int, height: int) -> bool:
    return height > RECEIPT * width
