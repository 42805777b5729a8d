"""The row that sums up a table of net, tax and gross amounts; its amounts have their names in the heading."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from invoice_engine.fields.context import Context
from invoice_engine.layout.lines import TextLine
from invoice_engine.model import Candidate

# A row that begins with a word for a sum, and the largest of the rows that do not.
NAMED, UNNAMED = 0.6, 0.3
SUMS = frozenset({"total", "subtotal", "amount_due"})
LARGEST_RATE = Decimal("0.35")
ROUNDING = Decimal("0.01")
MAX_AMOUNTS = 8  # in one row


@dataclass(frozen=True, slots=True)
class SumRow:
    """One candidate each, or none at all."""

    subtotal: tuple[Candidate, ...] = ()
    tax_total: tuple[Candidate, ...] = ()
    total: tuple[Candidate, ...] = ()


def sum_row(context: Context) -> SumRow:
    """The row with the largest sums, among those that say what they are if there are any."""
    best: tuple[bool, Decimal, tuple[Candidate, ...]] | None = None
    for line in context.document.lines:
        context.deadline.check()
        amounts = _net_tax_gross(context, line)
        if amounts is None:
            continue
        head = context.labels.heads(line.cells[0])
        named = head is not None and head.name in SUMS
        rank = named, abs(Decimal(str(amounts[2].value)))
        if best is None or rank > best[:2]:
            best = *rank, amounts
    if best is None:
        return SumRow()
    score = NAMED if best[0] else UNNAMED
    subtotal, tax_total, total = (Candidate(one.value, score, one.page, one.box) for one in best[2])
    return SumRow((subtotal,), (tax_total,), (total,))


def _net_tax_gross(context: Context, line: TextLine) -> tuple[Candidate, ...] | None:
    """Three amounts of a line, from left to right, of which the first two make the third."""
    amounts = [
        Candidate(found.value, found.quality, cell.page, cell.box_of_span(found.start, found.end))
        for cell in line.cells
        for found in context.amounts(cell.text)
        if found.quality >= 1.0
    ]
    for three in combinations(amounts[-MAX_AMOUNTS:], 3):
        net, tax, gross = (Decimal(str(one.value)) for one in three)
        if abs(net + tax - gross) <= ROUNDING < abs(tax) <= LARGEST_RATE * abs(net) and tax * net > 0:
            return three
    return None
