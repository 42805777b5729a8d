"""Pictures decoded to grey values by Pillow, within bounds, and their light made even for OCR."""

from __future__ import annotations

from io import BytesIO
from itertools import accumulate
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from invoice_engine.errors import damaged_image
from invoice_engine.read.ocr.port import PageImage

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
_ORIENTATION = 0x0112  # the tag of EXIF and TIFF that says how to turn the picture
_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")
# Other resolutions are made up: 72 and 96 are those of screens, which programs write where they know none.
PLAUSIBLE_DPI = range(100, 1201)
# The light of the paper is looked for on a copy this many times smaller, as the lightest value of a neighbourhood
# that is wider than the strokes and letters of print, and smoothed.
REDUCED = 8
NEIGHBOURHOOD = 5
SMOOTH = 3
# Print that is fainter than this difference to the paper is not made any stronger, or the grain of the paper would
# become print.
FAINTEST = 30
# Softening joins the dots of matrix printers and rounds the steps of pictures that someone has made black and white.
SOFTEN = 0.8


def grey_picture(image: PageImage, most_pixels: int) -> Image.Image:
    """The picture in grey as a viewer shows it, in at most about `most_pixels`.

    Raises UnreadableDocument when it is damaged, or larger than its header said.
    """
    try:
        return _decoded(image, most_pixels)
    except MemoryError:
        raise
    except Exception as exc:  # there is no end to what Pillow raises for damaged files
        raise damaged_image() from exc


def _decoded(image: PageImage, most_pixels: int) -> Image.Image:
    from PIL import Image

    with Image.open(BytesIO(image.data), formats=FORMATS) as opened:
        opened.seek(image.frame)
        if opened.width * opened.height > image.width * image.height:
            raise ValueError("the headers contradict each other")
        opened.draft("L", _size(opened, most_pixels))  # a JPEG can be decoded smaller, in less time and memory
        grey = _grey(opened)
        # Asked after decoding, because of a TIFF that turns the picture already.
        orientation = opened.getexif().get(_ORIENTATION, 1)
    if (size := _size(grey, most_pixels)) != grey.size:
        grey = grey.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return grey.transpose(turns[orientation]) if orientation in turns else grey


def _size(picture: Image.Image, most_pixels: int) -> tuple[int, int]:
    share = min(1.0, sqrt(most_pixels / (picture.width * picture.height)))
    return max(round(picture.width * share), 1), max(round(picture.height * share), 1)


def _grey(picture: Image.Image) -> Image.Image:
    """Grey values from 0 to 255; what is transparent is white paper."""
    from PIL import Image

    if picture.mode in _SIXTEEN_BITS:
        # Pillow would make white whatever is above 255, instead of scaling it.
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    if "A" in picture.getbands() or "transparency" in picture.info:
        ink = picture.convert("LA")
        paper = Image.new("L", picture.size, 255)
        paper.paste(ink.getchannel("L"), mask=ink.getchannel("A"))
        return paper
    return picture.convert("L")


def resolution(picture: Image.Image) -> int | None:
    """Dots per inch as the file of a decoded picture says them, if a scanner may have written that."""
    try:
        dpi = round(max(picture.info["dpi"]))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    return dpi if dpi in PLAUSIBLE_DPI else None


def flatten_background(picture: Image.Image, black_share: float) -> Image.Image:
    """Black print on white paper, whatever light fell on the paper and however faint the print is.

    What is darker than the paper around it stays, shadows and dark borders go. The darkest `black_share` of the
    pixels become black.
    """
    from PIL import Image, ImageChops, ImageFilter

    lightest = picture.reduce(REDUCED).filter(ImageFilter.MaxFilter(NEIGHBOURHOOD))
    light = lightest.filter(ImageFilter.GaussianBlur(SMOOTH))
    paper = light.resize(picture.size, Image.Resampling.BILINEAR)
    ink = ImageChops.subtract(paper, picture)
    black = max(_value_at(ink, 1 - black_share), FAINTEST)
    stretched = ink.point([255 - min(255, round(value * 255 / black)) for value in range(256)])
    return stretched.filter(ImageFilter.GaussianBlur(SOFTEN))


def _value_at(picture: Image.Image, share: float) -> int:
    """The least value that this share of the pixels do not exceed."""
    counts = accumulate(picture.histogram())
    return next(value for value, count in enumerate(counts) if count >= share * picture.width * picture.height)


def write_grey(picture: Image.Image, path: Path) -> None:
    """As a PGM file, which costs no time to pack."""
    picture.save(path, "PPM")


def read_grey(path: Path) -> Image.Image:
    """What `write_grey` wrote."""
    from PIL import Image

    with Image.open(path, formats=("PPM",)) as opened:
        opened.load()
        return opened
