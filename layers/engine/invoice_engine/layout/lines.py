"""Group the words of a page into lines, and the words of a line into cells.

A cell is a run of words set with ordinary spaces: a phrase, an amount, one column of a table row. Labels and values
never reach beyond their cell, which is what keeps columns apart.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from invoice_engine.layout.mending import mended_words
from invoice_engine.model import Box
from invoice_engine.read.words import Page, Word

# Words whose middles differ by less than this share of the text height stand on one line.
SAME_LINE = 0.45
# A gap wider than this multiple of the text height ends a cell; an ordinary space is about a third of it.
CELL_GAP = 0.95
# Typewriter fonts set wider spaces: there a cell ends where the gap is this much wider than the page's usual one.
WIDER_THAN_USUAL = 1.6
LARGEST_USUAL_GAP = 1.6
# Text set sideways is much taller than wide; it would tie together lines that have nothing in common.
SIDEWAYS = 2.5
LOW_MARKS = frozenset(",.")


@dataclass(frozen=True)
class Cell:
    """`line` is the number of its line on the page, `page` that of the page."""

    words: tuple[Word, ...]
    page: int
    line: int

    @cached_property
    def box(self) -> Box:
        return box_of(self.words)

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @cached_property
    def _starts(self) -> list[int]:
        starts, position = [], 0
        for word in self.words:
            starts.append(position)
            position += len(word.text) + 1
        return starts

    def box_of_span(self, start: int, end: int) -> Box:
        """The box of `text[start:end]`, to the precision of whole words."""
        return box_of(self._words_of_span(start, end))

    def is_mended(self, start: int, end: int) -> bool:
        """Whether a word in `text[start:end]` is a guess at what a damaged one was printed as."""
        return any(word.mended for word in self._words_of_span(start, end))

    def confidence_of(self, start: int, end: int) -> float:
        """How sure OCR is of its least sure word in `text[start:end]`."""
        return min(word.confidence for word in self._words_of_span(start, end))

    def _words_of_span(self, start: int, end: int) -> tuple[Word, ...]:
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, max(start, end - 1)) - 1
        return self.words[first : last + 1]


@dataclass(frozen=True)
class TextLine:
    """Cells from left to right."""

    cells: tuple[Cell, ...]
    page: int
    number: int

    @cached_property
    def box(self) -> Box:
        return _around([cell.box for cell in self.cells])


def box_of(words: tuple[Word, ...]) -> Box:
    return _around([word.box for word in words])


def _around(boxes: list[Box]) -> Box:
    if len(boxes) == 1:
        return boxes[0]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def lines_of(page: Page) -> list[TextLine]:
    """The lines of a page from top to bottom."""
    upright = [word for word in page.words if not _is_sideways(word, page)]
    rows: list[list[Word]] = []
    middles = tallest = 0.0  # of the row being filled: the sum of its words' middles, and its largest height
    for word in sorted(upright, key=lambda word: (_middle(word), word.box.left)):
        middle, height = _middle(word), _height(word)
        if rows and abs(middle - middles / len(rows[-1])) <= SAME_LINE * max(tallest, height):
            rows[-1].append(word)
            middles, tallest = middles + middle, max(tallest, height)
        else:
            rows.append([word])
            middles, tallest = middle, height
    rows = _with_low_marks(rows)
    for row in rows:
        row.sort(key=lambda word: word.box.left)
    rows.sort(key=lambda row: min(word.box.top for word in row))
    gaps = [[_gap(before, word, page) for before, word in pairwise(row)] for row in rows]
    widest = _widest_gap(gaps)
    return [
        TextLine(tuple(_cells(row, gaps[number], widest, page, number)), page.number, number)
        for number, row in enumerate(rows)
    ]


def _with_low_marks(rows: list[list[Word]]) -> list[list[Word]]:
    """A mark set apart, as in "3 , 2026", is so low that it seems a row of its own; the row it touches has it."""
    whole: list[list[Word]] = []
    for row in rows:
        if whole and len(row) == 1 and row[0].text in LOW_MARKS and row[0].box.top < whole[-1][-1].box.bottom:
            whole[-1].append(row[0])
        else:
            whole.append(row)
    return whole


def _middle(word: Word) -> float:
    return (word.box.top + word.box.bottom) / 2


def _height(word: Word) -> float:
    return word.box.bottom - word.box.top


def _is_sideways(word: Word, page: Page) -> bool:
    if len(word.text) <= 2:
        return False
    left, top, right, bottom = word.box
    return (bottom - top) * page.height > SIDEWAYS * max((right - left) * page.width, 0.1)


def _gap(before: Word, word: Word, page: Page) -> float:
    """The space between neighbours as a multiple of the text height."""
    height = max(_height(before), _height(word)) * page.height
    return (word.box.left - before.box.right) * page.width / max(height, 0.1)


def _widest_gap(gaps: list[list[float]]) -> float:
    """The gap beyond which a cell of this page ends; `gaps` are those between the words of each row."""
    usual = [gap for row in gaps for gap in row if 0 < gap < LARGEST_USUAL_GAP]
    return max(CELL_GAP, WIDER_THAN_USUAL * median(usual)) if usual else CELL_GAP


def _cells(row: list[Word], gaps: list[float], widest: float, page: Page, number: int) -> list[Cell]:
    """The cells of row `number`, with `gaps` between its words."""
    groups = [[row[0]]]
    for gap, word in zip(gaps, row[1:], strict=True):
        if gap > widest:
            groups.append([word])
        else:
            groups[-1].append(word)
    if page.by_ocr:
        groups = [mended_words(group, lambda before, word: _gap(before, word, page)) for group in groups]
    return [Cell(tuple(group), page.number, number) for group in groups]
