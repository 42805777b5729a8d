"""Tesseract's TSV as a page of words: upright, straightened, and in even lines."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import median

from invoice_engine.model import Box
from invoice_engine.read.ocr.language import is_known
from invoice_engine.read.words import Page, Word

# A point is 1/72 inch. Where nobody knows the resolution, this is the usual one of scanners.
USUAL_DPI = 200
# Below this confidence (of 100) a word is dirt, a logo or part of a drawing, unless invoices use that very word.
LEAST_CONFIDENCE = 10.0
# What Tesseract makes of table rules and borders.
RULES = "|¦_—–~=‘’“”'\"`«»\\[]{}<>"
# A page that leans less than this (in pixels down per pixel across) is straight enough.
STRAIGHT = 0.002
# Only lines of at least this share of the page width tell how much the page leans.
TELLING_WIDTH = 0.08
_COLON = re.compile(r"(?<=:)(?=[^/\d])|(?<=\D:)(?=\d)")


@dataclass(frozen=True, slots=True)
class Read:
    """A word as Tesseract read it, in pixels; `line` is the same for all words of a line."""

    text: str
    line: tuple[str, ...]
    left: float
    top: float
    right: float
    bottom: float
    confidence: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class ReadPage:
    """`width` and `height` are in pixels."""

    width: float
    height: float
    words: tuple[Read, ...]

    def turned(self, degrees: int) -> "ReadPage":
        """The page turned clockwise by a multiple of 90 degrees, for a picture that does not stand upright."""
        if degrees % 360 == 0:
            return self
        words = tuple(
            replace(
                word, left=self.height - word.bottom, right=self.height - word.top, top=word.left, bottom=word.right
            )
            for word in self.words
        )
        return ReadPage(self.height, self.width, words).turned(degrees - 90)


def parse_tsv(text: str) -> ReadPage:
    """The first page of Tesseract's TSV. Rows of another form are left out."""
    width = height = 0.0
    words = []
    for row in text.splitlines():
        cells = row.split("\t", 11)
        if len(cells) < 11 or not cells[0].isdigit():
            continue
        try:
            left, top, across, down, confidence = map(float, cells[6:11])
        except ValueError:
            continue
        if cells[0] == "1":
            width, height = across, down
        elif cells[0] == "5" and len(cells) == 12 and cells[11].strip():
            words.append(Read(cells[11].strip(), tuple(cells[1:5]), left, top, left + across, top + down, confidence))
    return ReadPage(max(width, 1.0), max(height, 1.0), tuple(words))


def page_of(read: ReadPage, number: int, dpi: int | None) -> Page:
    """The page as the finders want it: without dirt, straight, its words of one line at one height."""
    even = _even(_straight([word for word in read.words if _is_text(word)], read))
    scale = 72 / (dpi or USUAL_DPI)
    words = tuple(part for word in even for part in _parts(word, read))
    return Page(number, read.width * scale, read.height * scale, words)


def _is_text(word: Read) -> bool:
    return bool(word.text.strip(RULES)) and (word.confidence >= LEAST_CONFIDENCE or is_known(word.text))


def _straight(words: list[Read], page: ReadPage) -> list[Read]:
    """Boxes on a leaning page, turned about its middle. Tesseract reads leaning lines, but tells where they lean."""
    slope = _slope(words, page.width)
    if abs(slope) < STRAIGHT:
        return words
    straight = []
    for word in words:
        across = (word.left + word.right - page.width) / 2
        down = word.middle - page.height / 2
        shift = slope * down
        middle = word.middle - slope * across
        # The box around a leaning word is taller than the word.
        half = max(word.bottom - word.top - abs(slope) * (word.right - word.left), 0.4 * (word.bottom - word.top)) / 2
        straight.append(
            replace(word, left=word.left + shift, right=word.right + shift, top=middle - half, bottom=middle + half)
        )
    return straight


def _slope(words: list[Read], width: float) -> float:
    """How far lines fall per pixel across: the median over the lines, each counting by its length."""
    slopes = []
    for line in lines_of_read(words):
        telling = [word for word in line if len(word.text) > 2]
        if len(telling) < 2:
            continue
        first, last = telling[0], telling[-1]
        across = (last.left + last.right - first.left - first.right) / 2
        if across > TELLING_WIDTH * width:
            slopes.append(((last.middle - first.middle) / across, across))
    half = sum(across for _, across in slopes) / 2
    for slope, across in sorted(slopes):
        half -= across
        if half <= 0:
            return slope
    return 0.0


def _even(words: list[Read]) -> list[Read]:
    """Words at the usual top and bottom of their line, so that a dash or a comma does not make a line of its own."""
    even: list[Read] = []
    for line in lines_of_read(words):
        top, bottom = median(word.top for word in line), median(word.bottom for word in line)
        even.extend(replace(word, top=top, bottom=bottom) if top <= word.middle <= bottom else word for word in line)
    return even


def lines_of_read(words: Iterable[Read]) -> list[list[Read]]:
    """The lines as Tesseract saw them."""
    lines: dict[tuple[str, ...], list[Read]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    return list(lines.values())


def _parts(word: Read, page: ReadPage) -> Iterator[Word]:
    """The word without rules of a table at its ends; a colon ends a word, as it does in digital text."""
    text = word.text.strip("|¦")
    width = (word.right - word.left) / max(len(text), 1)
    start = 0
    for part in _COLON.split(text):
        left, right = word.left + start * width, word.left + (start + len(part)) * width
        start += len(part)
        yield Word(
            part,
            Box(
                _clamp(left / page.width), _clamp(word.top / page.height),
                _clamp(right / page.width), _clamp(word.bottom / page.height),
            ),
            confidence=_clamp(word.confidence / 100),
        )  # fmt: skip


def _clamp(fraction: float) -> float:
    return min(1.0, max(0.0, fraction))
