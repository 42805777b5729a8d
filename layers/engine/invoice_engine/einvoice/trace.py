"""Say where on the page the values of an embedded e-invoice are printed, and where the two disagree."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from decimal import Decimal

from invoice_engine.fields.context import Context
from invoice_engine.fields.found import Found
from invoice_engine.layout.lines import Cell, TextLine
from invoice_engine.lexicon import match_key
from invoice_engine.model import Box, Candidate, Field, Invoice, Line, Note, Party, Tax, Value, text_of

Place = tuple[int, Box]
# A printed description may be cut or wrapped; its beginning identifies the row.
DESCRIPTION_START = 12
SHORTEST_TEXT = 2
MAX_LINES = 500  # items beyond these keep their values and go without boxes
MAX_WORDS = 40  # in longer cells the whole cell is the place
# Their values are codes or are spelt out on paper; a chance match would point at the wrong words.
NOT_PRINTED = frozenset({"type", "country", "unit", "address"})


def trace(invoice: Invoice, printed: Invoice, context: Context) -> list[Note]:
    """Add page and box to the values of `invoice` that are printed; `printed` is what the text layer alone says.

    Returns a note when the pages have another total than `invoice`, or none that was found; another printed total
    becomes a candidate of the total.
    """
    pages = _Index(context)
    for member in fields(Invoice):
        value = getattr(invoice, member.name)
        if isinstance(value, Field) and member.name not in NOT_PRINTED:
            setattr(invoice, member.name, _placed(value, getattr(printed, member.name), pages))
    for party, printed_party in ((invoice.supplier, printed.supplier), (invoice.customer, printed.customer)):
        _place_members(party, printed_party, pages)
    for tax in invoice.taxes:
        _place_members(tax, Tax(), pages)
    for line in invoice.lines[:MAX_LINES]:
        context.deadline.check()
        _place_line(line, pages)
    return _compare_totals(invoice, printed, pages)


def _compare_totals(invoice: Invoice, printed: Invoice, pages: "_Index") -> list[Note]:
    total, found = invoice.total.chosen, printed.total.chosen
    if total is None or not isinstance(total.value, Decimal):
        return []
    if found is None or _is_total_or_due(found.value, invoice):
        if found is None and pages.place(total.value) is None:
            message = f"The embedded e-invoice has a total of {text_of(total.value)}, but no total was found in print."
            return [Note("total_not_on_page", f"{message} Compare them.")]
        return []
    # Where its total is printed as something that we do not know, we rather doubt our reading of the pages.
    if pages.place(total.value) is not None and not _is_part(total.value, printed):
        return []
    invoice.total = Field(total, (found,))
    place = "" if found.page is None else f" on page {found.page + 1}"
    message = f"The embedded e-invoice has a total of {text_of(total.value)}, the printed total{place} is"
    return [Note("total_differs_from_page", f"{message} {text_of(found.value)}. Ask the sender which is right.")]


def _is_total_or_due(value: Value, invoice: Invoice) -> bool:
    """Some print only what is left to pay, as a total."""
    ours = (invoice.total.value, invoice.amount_due.value)
    return any(one is not None and _same(one, value) for one in ours)


def _is_part(value: Value, printed: Invoice) -> bool:
    """Whether the pages have the amount as their subtotal or tax."""
    parts = (printed.subtotal.value, printed.tax_total.value)
    return any(part is not None and _same(part, value) for part in parts)


class _Index:
    """Where values are printed: amounts by their absolute value, dates, and texts without punctuation."""

    def __init__(self, context: Context) -> None:
        self._amounts: dict[Decimal, Place] = {}
        self._dates: dict[Value, Place] = {}
        self._rows: dict[int, list[tuple[str, Cell]]] = {}
        self._context = context
        self._texts = [(match_key(cell.text), cell) for cell in context.document.cells]
        for cell in context.document.cells:
            for amount in context.amounts(cell.text):
                self._amounts[abs(Decimal(str(amount.value)))] = _place(cell, amount)
            for day in context.dates(cell.text):
                self._dates.setdefault(day.value, _place(cell, day))

    def place(self, value: Value) -> Place | None:
        if isinstance(value, Decimal):
            return self._amounts.get(abs(value))
        if isinstance(value, date):
            return self._dates.get(value)
        wanted = match_key(value)
        if len(wanted) < SHORTEST_TEXT:
            return None
        for text, cell in self._texts:
            if wanted in text:
                return cell.page, _words_with(cell, wanted)
        return None

    def row_of(self, description: str) -> TextLine | None:
        """The printed row of an item, by the beginning of its description."""
        wanted = match_key(description)[:DESCRIPTION_START]
        if len(wanted) < SHORTEST_TEXT:
            return None
        for text, cell in self._texts:
            if wanted in text:
                return self._context.document.line_of(cell)
        return None

    def in_row(self, row: TextLine, value: Value) -> Place | None:
        for cell in row.cells:
            if isinstance(value, Decimal):
                for amount in self._context.amounts(cell.text):
                    if abs(Decimal(str(amount.value))) == abs(value):
                        return _place(cell, amount)
            elif isinstance(value, str) and match_key(value)[:DESCRIPTION_START] in match_key(cell.text):
                return cell.page, cell.box
        return None


def _place(cell: Cell, found: Found) -> Place:
    return cell.page, cell.box_of_span(found.start, found.end)


def _words_with(cell: Cell, wanted: str) -> Box:
    """The fewest words of `cell` that together contain `wanted`."""
    words = cell.words
    if len(words) > MAX_WORDS:
        return cell.box
    first, last = 0, len(words)
    while first < last - 1 and wanted in _squeezed(words[first + 1 : last]):
        first += 1
    while last > first + 1 and wanted in _squeezed(words[first : last - 1]):
        last -= 1
    return Cell(words[first:last], cell.page, cell.line).box


def _squeezed(words: Iterable[object]) -> str:
    return "".join(match_key(getattr(word, "text", "")) for word in words)


def _placed(field: Field, printed: Field, pages: _Index) -> Field:
    chosen = field.chosen
    if chosen is None:
        return field
    place: Place | None = None
    for candidate in printed.candidates:
        if _same(candidate.value, chosen.value) and candidate.page is not None and candidate.box is not None:
            place = candidate.page, candidate.box
            break
    return _at(chosen, place or pages.place(chosen.value))


def _at(chosen: Candidate, place: Place | None) -> Field:
    page, box = place or (None, None)
    return Field(Candidate(chosen.value, chosen.confidence, page, box, chosen.source))


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return abs(one) == abs(other)
    if isinstance(one, str) and isinstance(other, str):
        return match_key(one) == match_key(other)
    return one == other


def _place_members(node: Party | Tax, printed: Party | Tax, pages: _Index) -> None:
    for member in fields(node):
        if member.name not in NOT_PRINTED and member.name != "rate":
            field = _placed(getattr(node, member.name), getattr(printed, member.name), pages)
            setattr(node, member.name, field)


def _place_line(line: Line, pages: _Index) -> None:
    """Item values are looked for in the row of their description only: the same amounts recur everywhere."""
    description = line.description.value
    row = pages.row_of(description) if isinstance(description, str) else None
    if row is None:
        return
    for member in fields(Line):
        field = getattr(line, member.name)
        if field.chosen is not None and member.name not in NOT_PRINTED:
            setattr(line, member.name, _at(field.chosen, pages.in_row(row, field.chosen.value)))
