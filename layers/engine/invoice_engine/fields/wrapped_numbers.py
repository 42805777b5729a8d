"""Numbers that are too long for their column and go on in the line below."""

from collections.abc import Iterable, Iterator

from invoice_engine.fields.context import Context
from invoice_engine.layout.lines import Cell
from invoice_engine.model import Candidate, Value

LONG = 20  # characters; a shorter number has room in any column
NEXT_LINE = 1.2  # text heights
ALIGNED = 0.005  # shares of the page width


def whole_numbers(context: Context, candidates: Iterable[Candidate]) -> list[Candidate]:
    """`candidates` with those that end at the edge of their column made whole, and without their loose ends."""
    ends: dict[Value, tuple[Cell, Cell]] = {first.text: (first, rest) for first, rest in _wrapped(context)}
    loose = {rest.text for _, rest in ends.values()}
    return [_whole(one, *ends[one.value]) if one.value in ends else one for one in candidates if one.value not in loose]


def _wrapped(context: Context) -> Iterator[tuple[Cell, Cell]]:
    """Cells with nothing but the beginning of a number, each with the cell that has the rest of it."""
    for cell in context.document.cells:
        if len(cell.text) < LONG or not _is_code(cell.text):
            continue
        below = next(iter(context.document.below(cell, NEXT_LINE)), None)
        if below is None or abs(below.box.left - cell.box.left) > ALIGNED or context.labels.within(below):
            continue
        if _is_code(below.text) and below.box.right <= cell.box.right:
            yield cell, below


def _is_code(text: str) -> bool:
    """Whether `text` is one word of digits and perhaps capitals, without the marks of a date or an amount."""
    compact = text.replace("-", "").replace("/", "")
    return compact.isalnum() and compact.upper() == compact and any(map(str.isdigit, compact))


def _whole(beginning: Candidate, first: Cell, rest: Cell) -> Candidate:
    return beginning._replace(value=first.text + rest.text, box=first.box.union(rest.box))
