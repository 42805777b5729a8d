"""Where wanted values stand on the pages of a document, by the words that were read from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice

from invoice_capture_cli.evaluation.equality import DATES, MONEY, same_value, squeezed
from invoice_capture_cli.evaluation.labels import Label
from invoice_capture_cli.evaluation.reading import Leaf, Place
from invoice_engine import EngineError, Limits
from invoice_engine.fields.context import Context
from invoice_engine.fields.dates import find_dates
from invoice_engine.fields.found import Found
from invoice_engine.layout.document import Document
from invoice_engine.layout.lines import Cell, box_of
from invoice_engine.limits import Deadline
from invoice_engine.read.kind import Kind, kind_of
from invoice_engine.read.ocr.port import OcrReader, OcrResult, PageImage
from invoice_engine.read.ocr.readers import default_reader
from invoice_engine.read.pdf import open_pdf, read_pages
from invoice_engine.read.words import Page, Word

# A value that is printed everywhere is marked in so many places only.
_MOST_PLACES = 4
_MOST_WORDS = 40
_SHORTEST_TEXT = 2
# A shorter text within a word is there by chance.
_LONG_ENOUGH = 5


class PagesRead(OcrReader):
    """Reads as the engine's own reader does, and keeps the pages."""

    def __init__(self) -> None:
        self._pages: dict[int, Page] = {}

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        result = default_reader().read(images, limits, deadline)
        self._pages |= {page.number: page for page in result.pages}
        return result

    def places_of_missed(self, label: Label, leaves: Mapping[str, Leaf], data: bytes) -> dict[str, list[Place]]:
        """Where the wanted values stand that are not given; what stands nowhere is left out."""
        missed = {
            field: wanted
            for field, wanted in label.fields.items()
            if not same_value(field, wanted, (leaves.get(field) or {}).get("value"))
        }
        if not missed:
            return {}
        limits = Limits()
        context = Context(Document.of(self._all_pages(data, limits)), Deadline(limits.max_seconds))
        found = {field: list(islice(places(field, wanted, context), _MOST_PLACES)) for field, wanted in missed.items()}
        return {field: there for field, there in found.items() if there}

    def _all_pages(self, data: bytes, limits: Limits) -> list[Page]:
        pages: dict[int, Page] = {}
        if kind_of(data) is Kind.PDF:
            try:
                with open_pdf(data, limits) as pdf:
                    pages = {page.number: page for page in read_pages(pdf, limits, Deadline(limits.max_seconds))}
            except EngineError:
                pages = {}  # what was read by OCR is still there
        return [page for _, page in sorted((pages | self._pages).items())]


def places(field: str, wanted: str, context: Context) -> Iterator[Place]:
    """Where a value stands, in the order of the pages; money is found by its amount, dates by their day."""
    for cell in context.document.cells:
        if field in MONEY:
            yield from _spans(cell, _amounts(wanted, cell, context))
        elif field in DATES:
            yield from _spans(cell, _dates(wanted, cell))
        else:
            # A name that is printed in two lines is wanted with the end of a line in it.
            for part in wanted.splitlines():
                if words := _words(squeezed(part), cell):
                    yield Place(cell.page, box_of(words))


def _spans(cell: Cell, found: Iterable[Found]) -> Iterator[Place]:
    for one in found:
        yield Place(cell.page, cell.box_of_span(one.start, one.end))


def _amounts(wanted: str, cell: Cell, context: Context) -> Sequence[Found]:
    try:
        amount = abs(Decimal(wanted))
    except InvalidOperation:
        return ()
    return [one for one in context.amounts(cell.text) if isinstance(one.value, Decimal) and abs(one.value) == amount]


def _dates(wanted: str, cell: Cell) -> Sequence[Found]:
    """Both orders of day and month: the engine's choice of one may be the very mistake."""
    try:
        day = date.fromisoformat(wanted)
    except ValueError:
        return ()
    found = {
        (one.start, one.end): one
        for order in ("dmy", "mdy")
        for one in find_dates(cell.text, order)
        if one.value == day
    }
    return list(found.values())


def _words(wanted: str, cell: Cell) -> tuple[Word, ...]:
    """The fewest words of the cell that hold ``wanted``, which is squeezed; none when they do not."""
    words = cell.words
    if len(wanted) < _SHORTEST_TEXT or len(words) > _MOST_WORDS:
        return ()
    texts = [squeezed(word.text) for word in words]
    first, last = 0, len(words)
    while wanted in "".join(texts[first + 1 : last]):
        first += 1
    while wanted in "".join(texts[first : last - 1]):
        last -= 1
    found = "".join(texts[first:last])
    return words[first:last] if found == wanted or (wanted in found and len(wanted) >= _LONG_ENOUGH) else ()
