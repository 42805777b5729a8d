"""Group the words of a page into lines, and the words of a line into cells.

A cell is a run of words set with ordinary spaces: a phrase, an amount, one column of a table row. Labels and values
never reach beyond their cell, which is what keeps columns apart.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from statistics import median

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
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, max(start, end - 1)) - 1
        return box_of(self.words[first : last + 1])


@dataclass(frozen=True)
class TextLine:
    """Cells from left to right."""

    cells: tuple[Cell, ...]
    page: int
    number: int

    @cached_property
    def box(self) -> Box:
        return reduce(Box.union, (cell.box for cell in self.cells))


def box_of(words: tuple[Word, ...]) -> Box:
    return reduce(Box.union, (word.box for word in words))


def lines_of(page: Page) -> list[TextLine]:
    """The lines of a page from top to bottom."""
    upright = [word for word in page.words if not _is_sideways(word, page)]
    rows: list[list[Word]] = []
    middles = tallest = 0.0  # of the row being filled: the sum of its words' middles, and its largest height
    for word in sorted(upright, key=lambda word: (_middle(word), word.box.left)):
        height = max(tallest, _height(word))
        if rows and abs(_middle(word) - middles / len(rows[-1])) <= SAME_LINE * height:
            rows[-1].append(word)
            middles, tallest = middles + _middle(word), height
        else:
            rows.append([word])
            middles, tallest = _middle(word), _height(word)
    for row in rows:
        row.sort(key=lambda word: word.box.left)
    rows.sort(key=lambda row: min(word.box.top for word in row))
    gap = _cell_gap(rows, page)
    return [TextLine(tuple(_cells(row, page, number, gap)), page.number, number) for number, row in enumerate(rows)]


def _middle(word: Word) -> float:
    return (word.box.top + word.box.bottom) / 2


def _height(word: Word) -> float:
    return word.box.bottom - word.box.top


def _is_sideways(word: Word, page: Page) -> bool:
    width = (word.box.right - word.box.left) * page.width
    return len(word.text) > 2 and _height(word) * page.height > SIDEWAYS * max(width, 0.1)


def _gap(before: Word, word: Word, page: Page) -> float:
    """The space between neighbours as a multiple of the text height."""
    height = max(_height(before), _height(word)) * page.height
    return (word.box.left - before.box.right) * page.width / max(height, 0.1)


def _cell_gap(rows: list[list[Word]], page: Page) -> float:
    """The gap that ends a cell on this page."""
    gaps = [_gap(before, word, page) for row in rows for before, word in pairwise(row)]
    usual = [gap for gap in gaps if 0 < gap < LARGEST_USUAL_GAP]
    return max(CELL_GAP, WIDER_THAN_USUAL * median(usual)) if usual else CELL_GAP


def _cells(row: list[Word], page: Page, number: int, cell_gap: float) -> list[Cell]:
    groups = [[row[0]]]
    for before, word in pairwise(row):
        if _gap(before, word, page) > cell_gap:
            groups.append([word])
        else:
            groups[-1].append(word)
    return [Cell(tuple(group), page.number, number) for group in groups]
