"""All lines of a document, with the geometric questions that finding values beside labels asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from invoice_engine.layout.lines import Cell, TextLine, lines_of
from invoice_engine.read.words import Page

# A value below its label stands within this many text heights of it.
REACH_BELOW = 5.5
REACH_ABOVE = 2.0
# Left edges that differ by less than this share of the page width count as aligned.
ALIGNED = 0.012


@dataclass(frozen=True)
class Document:
    """The text of a document. `lines` are in reading order, page by page."""

    pages: tuple[Page, ...]
    lines: tuple[TextLine, ...]

    @classmethod
    def of(cls, pages: list[Page]) -> "Document":
        return cls(tuple(pages), tuple(line for page in pages for line in lines_of(page)))

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for line in self.lines for cell in line.cells)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(cell.text for cell in self.cells)

    @cached_property
    def _by_page(self) -> dict[int, list[TextLine]]:
        pages: dict[int, list[TextLine]] = {}
        for line in self.lines:
            pages.setdefault(line.page, []).append(line)
        return pages

    @cached_property
    def text_height(self) -> float:
        """The usual height of a line of text, as a fraction of the page."""
        heights = [line.box.bottom - line.box.top for line in self.lines]
        return max(median(heights), 0.004) if heights else 0.01

    @property
    def read_by_ocr(self) -> bool:
        """Whether OCR read any of the pages."""
        return any(page.by_ocr for page in self.pages)

    def by_ocr(self, page: int) -> bool:
        """Whether the characters of a page are guesses."""
        return self.pages[page].by_ocr

    def lines_on(self, page: int) -> list[TextLine]:
        return self._by_page.get(page, [])

    def line_of(self, cell: Cell) -> TextLine:
        return self._by_page[cell.page][cell.line]

    def right_of(self, cell: Cell) -> tuple[Cell, ...]:
        """The cells to the right on the same line, nearest first."""
        cells = self.line_of(cell).cells
        return cells[cells.index(cell) + 1 :]

    def below(self, cell: Cell, reach: float = REACH_BELOW) -> Iterator[Cell]:
        """The cells of the column that `cell` heads, from top to bottom, within `reach` text heights."""
        limit = cell.box.bottom + reach * self.text_height
        for line in self._by_page[cell.page][cell.line + 1 :]:
            if line.box.top > limit:
                return
            yield from (other for other in line.cells if in_one_column(cell, other))

    def lines_above(self, cell: Cell, reach: float) -> Iterator[TextLine]:
        """The line of `cell` and those above it within `reach` text heights, from bottom to top."""
        limit = cell.box.top - reach * self.text_height
        for line in reversed(self._by_page[cell.page][: cell.line + 1]):
            if line.box.top < limit:
                return
            yield line

    def above(self, cell: Cell, reach: float = REACH_ABOVE) -> Cell | None:
        """The nearest cell over `cell` in its column, within `reach` text heights."""
        limit = cell.box.top - reach * self.text_height
        for line in reversed(self._by_page[cell.page][: cell.line]):
            if line.box.bottom < limit:
                return None
            for other in line.cells:
                if in_one_column(cell, other):
                    return other
        return None


def in_one_column(cell: Cell, other: Cell) -> bool:
    """Whether two cells overlap horizontally, or are aligned at an edge."""
    left, _, right, _ = cell.box
    other_left, _, other_right, _ = other.box
    overlap = min(right, other_right) > max(left, other_left)
    return overlap or abs(left - other_left) < ALIGNED or abs(right - other_right) < ALIGNED
