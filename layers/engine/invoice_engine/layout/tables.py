"""Tables with a row of headings: columns by geometry, rows with the lines of text that belong to them.

A row begins where the column of amounts has a value. Texts that stand for headings come from the lexicon.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import islice, pairwise
from math import inf

from invoice_engine.layout.document import Document
from invoice_engine.layout.headings import Column, headings_at
from invoice_engine.layout.lines import Cell, TextLine
from invoice_engine.limits import Deadline
from invoice_engine.model import Box
from invoice_engine.read.words import Word

MAX_ROWS = 2_000
MAX_LINES_BELOW = 60  # of text that belong to one row
# A gap of this many text heights ends a table.
END_GAP = 14.0
# A cell under no heading belongs to the nearest one within this share of the page's width.
REACH_ASIDE = 0.1
# Lines of one row may be set a little higher or lower; they overlap by this share of the lower one's height.
ONE_ROW = 0.3
# The amount of a row may stand this many text heights below the rest of it.
LITTLE_DEEPER = 0.5
# Text above an amount belongs to it when it is this close, and what precedes it this many times farther away.
CLOSE, APART, LITTLE = 0.9, 1.5, 0.15
# Columns of texts: what begins in one of them stays in it, however far it runs.
TEXTS = frozenset({"description", "other"})

Cells = dict[int, Cell]  # by number of their column


@dataclass(frozen=True)
class Row:
    """The line with the amount, and the lines of text that belong to it. `line` is the line of the amount."""

    line: TextLine
    cells: Cells
    above: tuple[Cells, ...] = ()
    below: tuple[Cells, ...] = ()


@dataclass
class Table:
    """`columns` are those of the first heading; a repeated heading may have moved them for the rows below it."""

    columns: tuple[Column, ...]
    rows: list[Row] = field(default_factory=list)

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(column.role for column in self.columns)


def tables_in(
    document: Document, deadline: Deadline, is_value: Callable[[Cell], bool], is_end: Callable[[TextLine], bool]
) -> list[Table]:
    """The tables of a document whose headings name a description or quantity, and an amount or price.

    `is_value` says whether a cell is an amount, `is_end` whether a line begins what follows the items. A table whose
    heading is repeated, on the next page or after a sum, is one table; without a repeated heading it goes on over pages
    where its rows are complete. Raises TooLarge when time is up.
    """
    reader = _Reader(document, deadline, is_value, is_end)
    for number in range(len(document.pages)):
        reader.read_page(document.lines_on(number))
    return [table for table in reader.tables.values() if table.rows]


@dataclass
class _Reader:
    """Reads page after page. `unfinished` is the table that the last page ended in, by its present columns."""

    document: Document
    deadline: Deadline
    is_value: Callable[[Cell], bool]
    is_end: Callable[[TextLine], bool]
    tables: dict[tuple[str, ...], Table] = field(default_factory=dict)
    unfinished: tuple[Column, ...] | None = None

    def read_page(self, lines: list[TextLine]) -> None:
        position = 0
        headed = False
        while position < len(lines):
            self.deadline.check()
            heading = headings_at(self.document, lines, position)
            if heading is None:
                position += 1
                continue
            headed = True
            columns, position = heading
            if self.document.by_ocr(lines[0].page):
                columns = self._with_lost_headings(columns)
            body = self._body(columns, lines[position:])
            self._add(columns, _rows(self.document, columns, body, self.is_value))
            position += len(body)
            ended = position < len(lines) and self.is_end(lines[position])
            self.unfinished = None if ended else columns
        if not headed and self.unfinished is not None:
            self._continue(self.unfinished, lines)

    def _with_lost_headings(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """The columns of the table that a heading repeats with some of its words lost; else `columns`."""
        for table in self.tables.values():
            if len(columns) < len(table.columns) and all(_repeats(column, table.columns) for column in columns):
                return table.columns
        return columns

    def _continue(self, columns: tuple[Column, ...], lines: list[TextLine]) -> None:
        """The rest of a table whose headings are not repeated: rows with everything, at the places they had before."""
        body = self._body(columns, lines, end_gap=inf)
        rows = [
            row
            for row in _rows(self.document, columns, body, self.is_value)
            if _is_full(columns, row.cells, self.is_value)
        ]
        self._add(columns, iter(rows))
        if len(body) < len(lines) or not rows:
            self.unfinished = None

    def _body(self, columns: tuple[Column, ...], lines: list[TextLine], end_gap: float = END_GAP) -> list[TextLine]:
        """The lines until the items end: at a gap, at another heading, or where `is_end` says so of no full row."""
        body: list[TextLine] = []
        for index, line in enumerate(lines):
            if body and line.box.top - body[-1].box.bottom > end_gap * self.document.text_height:
                break
            if self.is_end(line) and not _is_full(columns, _assigned(columns, line), self.is_value):
                break
            if headings_at(self.document, lines, index) is not None:
                break
            body.append(line)
        return body

    def _add(self, columns: tuple[Column, ...], rows: Iterator[Row]) -> None:
        table = self.tables.setdefault(tuple(column.role for column in columns), Table(columns))
        table.rows.extend(islice(rows, max(0, MAX_ROWS - len(table.rows))))


def _repeats(column: Column, columns: tuple[Column, ...]) -> bool:
    return any(column.role == other.role and _overlap(column.box, other.box) > 0 for other in columns)


def _is_full(columns: tuple[Column, ...], cells: Cells, is_value: Callable[[Cell], bool]) -> bool:
    """Whether a line has a quantity, a price and an amount."""
    filled = {columns[number].role for number, cell in cells.items() if any(map(str.isdigit, cell.text))}
    return {"quantity", "unit_price"} <= filled and _has_amount(columns, cells, is_value)


def _rows(
    document: Document, columns: tuple[Column, ...], body: list[TextLine], is_value: Callable[[Cell], bool]
) -> Iterator[Row]:
    reach = LITTLE_DEEPER * document.text_height
    row: Row | None = None
    texts: list[Row] = []  # the lines without amount since the last one with
    for line in _joined(body):
        here = Row(line, _assigned(columns, line))
        if not _has_amount(columns, here.cells, is_value):
            if len(texts) < MAX_LINES_BELOW:
                texts.append(here)
            continue
        if texts and _lacks_only_amount(columns, texts[-1], here, reach):
            here = replace(here, cells=_together(texts.pop().cells, here.cells))
        above = _close_above(row, texts, here, document.text_height)
        if row is not None:
            yield replace(row, below=tuple(text.cells for text in texts[: len(texts) - above]))
        here = replace(here, above=tuple(text.cells for text in texts[len(texts) - above :]))
        row, texts = here, []
    if row is not None:
        yield replace(row, below=tuple(text.cells for text in texts))


def _has_amount(columns: tuple[Column, ...], cells: Cells, is_value: Callable[[Cell], bool]) -> bool:
    return any(
        column.is_amount and number in cells and is_value(cells[number]) for number, column in enumerate(columns)
    )


def _close_above(row: Row | None, texts: list[Row], here: Row, height: float) -> int:
    """How many of `texts`, the last ones, are set close above `here` and apart from what precedes them."""
    lines = [*([row.line] if row else []), *(text.line for text in texts), here.line]
    gaps = [max(0.0, lower.box.top - upper.box.bottom) for upper, lower in pairwise(lines)]
    if not texts or gaps[-1] > CLOSE * height:
        return 0
    count = 1
    while count < len(texts) and gaps[-1 - count] <= gaps[-1] + LITTLE * height:
        count += 1
    apart = len(gaps) <= count or gaps[-1 - count] > APART * gaps[-1] + LITTLE * height
    return count if apart else 0


def _lacks_only_amount(columns: tuple[Column, ...], upper: Row, lower: Row, reach: float) -> bool:
    """Whether `upper` is the row to whose amount `lower` is set a little deeper."""
    if lower.line.box.top - upper.line.box.bottom > reach:
        return False
    numbers = {number for number, column in enumerate(columns) if column.role in ("quantity", "unit_price")}
    return bool(numbers) and numbers <= upper.cells.keys() and not numbers & lower.cells.keys()


def _together(over: Cells, under: Cells) -> Cells:
    both = dict(under)
    for number, cell in over.items():
        words = (*cell.words, *under[number].words) if number in under else cell.words
        both[number] = Cell(words, cell.page, cell.line)
    return both


def _joined(lines: list[TextLine]) -> Iterator[TextLine]:
    """`lines`, with those together that overlap in height and stand beside each other."""
    before: TextLine | None = None
    for line in lines:
        if before is not None and _beside(before, line):
            cells = tuple(sorted((*before.cells, *line.cells), key=lambda cell: cell.box.left))
            before = TextLine(cells, before.page, before.number)
            continue
        if before is not None:
            yield before
        before = line
    if before is not None:
        yield before


def _beside(upper: TextLine, lower: TextLine) -> bool:
    height = lower.box.bottom - lower.box.top
    if upper.box.bottom - lower.box.top < ONE_ROW * height:
        return False
    return not any(_overlap(one.box, other.box) > 0 for one in upper.cells for other in lower.cells)


def _assigned(columns: tuple[Column, ...], line: TextLine) -> Cells:
    """The words of `line` by column."""
    words: dict[int, list[Word]] = {}
    for cell in line.cells:
        for number, part in _parts(columns, cell):
            words.setdefault(number, []).extend(part)
    return {number: Cell(tuple(found), line.page, line.number) for number, found in words.items()}


def _parts(columns: tuple[Column, ...], cell: Cell) -> Iterable[tuple[int, list[Word]]]:
    """`cell` as a whole, or cut where its words pass from one column into the next."""
    under = [number for number, column in enumerate(columns) if _overlap(column.box, cell.box) > 0]
    if len(under) <= 1:
        number = under[0] if under else _nearest(columns, cell.box)
        return [] if number is None else [(number, list(cell.words))]
    parts: list[tuple[int, list[Word]]] = []
    for word in cell.words:
        above = max(under, key=lambda number: _overlap(columns[number].box, word.box))
        if not parts:
            parts.append((above if _overlap(columns[above].box, word.box) > 0 else under[0], [word]))
        elif above == parts[-1][0] or _stays(columns[parts[-1][0]], columns[above], word):
            parts[-1][1].append(word)
        else:
            parts.append((above, [word]))
    return parts


def _stays(current: Column, above: Column, word: Word) -> bool:
    """Whether `word` goes on with the column its cell is in, although another heading may stand above it."""
    if _overlap(above.box, word.box) <= 0 or current.role in TEXTS:
        return True
    return above.is_number and not any(map(str.isdigit, word.text))


def _nearest(columns: tuple[Column, ...], box: Box) -> int | None:
    distances = [max(column.box.left - box.right, box.left - column.box.right) for column in columns]
    nearest = min(range(len(columns)), key=distances.__getitem__)
    return nearest if distances[nearest] <= REACH_ASIDE else None


def _overlap(one: Box, other: Box) -> float:
    return min(one.right, other.right) - max(one.left, other.left)


def box_of_cells(cells: Iterable[Cell]) -> Box:
    return reduce(Box.union, (cell.box for cell in cells))
