"""Recognise the headings of a table of items, on one line or stacked over several."""

from collections.abc import Iterator
from dataclasses import dataclass

from invoice_engine.layout.document import Document
from invoice_engine.layout.lines import Cell, TextLine, box_of
from invoice_engine.lexicon import lexicon, match_key
from invoice_engine.lexicon.alike import column_like
from invoice_engine.model import Box

AMOUNTS = frozenset({"amount", "net", "gross"})
NUMBERS = AMOUNTS | {"quantity", "unit_price", "discount", "tax_rate", "tax"}
ITEMS = frozenset({"description", "quantity", "code"})
# A line of headings has no more words than this; one set without gaps, which looks like a sentence, has fewer.
MAX_WORDS = 30
FEWEST_WORDS, MAX_WORDS_ALONE = 3, 12
MAX_PHRASE = 5
LINES_ABOVE = 2
LINES_BELOW = 3
# Stacked headings stand as close as lines of one paragraph.
STACKED = 1.1


@dataclass(frozen=True, slots=True)
class Column:
    """`role` is what stands in the first line of a row, `second` what stands below, where headings are stacked."""

    role: str
    text: str
    box: Box
    second: str | None = None
    is_anchor: bool = False

    @property
    def is_amount(self) -> bool:
        return self.role in AMOUNTS or self.is_anchor

    @property
    def is_number(self) -> bool:
        return self.role in NUMBERS


def headings_at(document: Document, lines: list[TextLine], position: int) -> tuple[tuple[Column, ...], int] | None:
    """The columns that `lines[position]` heads, with the number of the first line below the headings.

    None where that line is no heading. A table needs the name of a thing or its quantity, and an amount or price.
    """
    line = lines[position]
    if len(line.cells) == 1 and not FEWEST_WORDS <= len(line.cells[0].words) <= MAX_WORDS_ALONE:
        return None
    if not _may_head(line):
        return None
    by_ocr = document.by_ocr(line.page)
    columns = [column for cell in line.cells for column in _columns_of(cell, by_ocr=by_ocr)]
    if len({column.role for column in columns} - {"other"}) < 2:
        return None
    for upper in reversed(lines[max(0, position - LINES_ABOVE) : position]):
        if line.box.top - upper.box.bottom > STACKED * document.text_height or not _may_head(upper):
            break
        columns = _stacked(columns, upper, above=True, by_ocr=by_ocr)
        line = upper
    last, end = lines[position], position + 1
    for lower in lines[end : end + LINES_BELOW]:
        if lower.box.top - last.box.bottom > STACKED * document.text_height or not _may_head(lower):
            break
        joined = _stacked(columns, lower, above=False, by_ocr=by_ocr)
        if joined == columns:
            break
        columns, last, end = joined, lower, end + 1
    return (_anchored(sorted(columns, key=lambda column: column.box.left)), end) if _is_table(columns) else None


def _is_table(columns: list[Column]) -> bool:
    roles = {column.role for column in columns}
    below = {column.second for column in columns}
    known = sum(column.role != "other" for column in columns)
    return bool((roles | below) & ITEMS and roles & (AMOUNTS | {"unit_price"})) and 2 * known > len(columns)


def _anchored(columns: list[Column]) -> tuple[Column, ...]:
    """Where no column is one of amounts, the last one of prices takes their place."""
    if not any(column.is_amount for column in columns):
        last = max(number for number, column in enumerate(columns) if column.role == "unit_price")
        one = columns[last]
        columns[last] = Column(one.role, one.text, one.box, one.second, is_anchor=True)
    return tuple(columns)


def _may_head(line: TextLine) -> bool:
    words = sum(len(cell.words) for cell in line.cells)
    return words <= MAX_WORDS and not any(map(str.isdigit, "".join(cell.text for cell in line.cells)))


def _columns_of(cell: Cell, *, by_ocr: bool) -> Iterator[Column]:
    """The headings in one cell; words that mean nothing go with the heading before them.

    Those read `by_ocr` may be damaged.
    """
    words = cell.words
    texts = [match_key(word.text) for word in words]
    if len(words) == 1 and cell.text.strip("()[]") in lexicon().currency_codes:
        yield Column("amount", texts[0], cell.box)
        return
    start = first = 0
    role = "other"
    while start < len(words):
        end, name = _phrase_at(cell, texts, start, by_ocr=by_ocr)
        if name and start > first and name != role:
            yield _column(role, cell, texts, first, start)
            first = start
        if name:
            role = name
        start = end
    yield _column(role, cell, texts, first, len(words))


def _phrase_at(cell: Cell, texts: list[str], start: int, *, by_ocr: bool) -> tuple[int, str | None]:
    """The longest heading from word `start` on: where it ends, and what its column holds."""
    known = lexicon().columns
    for end in range(min(len(texts), start + MAX_PHRASE), start, -1):
        role = known.get("".join(texts[start:end]))
        if role:
            return end, role
    before, slash, _ = cell.words[start].text.partition("/")
    if slash and (role := known.get(match_key(before))):
        return start + 1, role
    if by_ocr:
        for end in range(min(len(texts), start + MAX_PHRASE), start, -1):
            if likely := column_like("".join(texts[start:end])):
                return end, likely
    return start + 1, None


def _column(role: str, cell: Cell, texts: list[str], start: int, end: int) -> Column:
    return Column(role, "".join(texts[start:end]), box_of(cell.words[start:end]))


def _stacked(columns: list[Column], line: TextLine, *, above: bool, by_ocr: bool) -> list[Column]:
    """`columns` with those of a neighbouring line; words of it that belong to no heading are left out."""
    result = list(columns)
    for cell in line.cells:
        for extra in _columns_of(cell, by_ocr=by_ocr):
            under = [number for number, one in enumerate(result) if _overlaps(one.box, extra.box)]
            if len(under) > 1:
                continue
            if not under:
                if extra.role != "other":
                    result.append(extra)
                continue
            one = result[under[0]]
            upper, lower = (extra, one) if above else (one, extra)
            role = lexicon().columns.get(upper.text + lower.text)
            if role:
                box = one.box.union(extra.box)
                result[under[0]] = Column(role, upper.text + lower.text, box, one.second)
            elif one.role == "other" and extra.role != "other":
                result[under[0]] = Column(extra.role, extra.text, one.box.union(extra.box))
            elif extra.role not in ("other", one.role) and one.second is None:
                result[under[0]] = Column(upper.role, upper.text, one.box.union(extra.box), lower.role)
    return result


def _overlaps(one: Box, other: Box) -> bool:
    return min(one.right, other.right) > max(one.left, other.left)
