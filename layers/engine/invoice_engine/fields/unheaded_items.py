"""Items of a table whose headings are unknown or missing: lines in which two numbers multiply to a third."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from invoice_engine.fields.context import Context
from invoice_engine.fields.line_rows import CENT, SHORTEST_DESCRIPTION, Item, amount_at, goes_on, unit_behind
from invoice_engine.fields.money import Amount
from invoice_engine.layout.lines import Cell, TextLine

MAX_ITEMS = 2_000
MAX_NUMBERS = 6  # of one line, from the right
FACTORS = 2
MAX_WRAPPED = 6  # lines of one description
# Such lines are known by their numbers alone, so there is one column: that of amounts.
AMOUNT = 0


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a line: in which cell, from which character on, and what is behind it there."""

    amount: Amount
    cell: Cell
    start: int
    unit: str | None

    @property
    def value(self) -> Decimal:
        return self.amount.value


def unheaded_items(context: Context) -> list[Item]:
    """One item for each line with quantity, price and amount. Raises TooLarge when time is up."""
    items = []
    for line in context.document.lines:
        context.deadline.check()
        item = _item(context, line)
        if item is not None:
            items.append(item)
        if len(items) >= MAX_ITEMS:
            break
    return items


def _item(context: Context, line: TextLine) -> Item | None:
    numbers: list[_Number] = []
    for cell in reversed(line.cells):
        numbers.extend(
            _Number(amount_at(cell, found), cell, found.start, unit_behind(cell, found))
            for found in reversed(context.amounts(cell.text))
        )
        if len(numbers) >= MAX_NUMBERS:
            break
    if len(numbers) < FACTORS + 1:
        return None
    amount, factors = numbers[0], numbers[1:MAX_NUMBERS]
    for second, price in enumerate(factors):
        for quantity in factors[second + 1 :]:
            if not amount.value or abs(quantity.value * price.value - amount.value) > CENT:
                continue
            description = _description(context, line, (amount, price, quantity))
            if description:
                return _of(description, quantity, price, amount)
    return None


def _of(description: tuple[Cell, ...], quantity: _Number, price: _Number, amount: _Number) -> Item:
    return Item(
        description=description,
        position=None,
        code=None,
        quantity=quantity.amount,
        unit=quantity.unit,
        unit_cell=quantity.cell if quantity.unit else None,
        price=price.amount,
        discount=None,
        discount_rate=None,
        tax_rate=None,
        amounts={AMOUNT: amount.amount},
        numbers={},
    )


def _description(context: Context, line: TextLine, taken: tuple[_Number, ...]) -> tuple[Cell, ...]:
    """The longest text of the line left of the numbers `taken`, with the lines below that it is wrapped into."""
    texts = []
    for cell in line.cells:
        limit = min((number.start for number in taken if number.cell is cell), default=len(cell.text))
        words = cell.words[: len(cell.text[:limit].split())]
        if words:
            texts.append(Cell(words, cell.page, cell.line))
    best = max(texts, key=_letters, default=None)
    if best is None or _letters(best) < SHORTEST_DESCRIPTION:
        return ()
    parts = [best]
    for below in islice(context.document.lines_on(line.page), line.number + 1, line.number + 1 + MAX_WRAPPED):
        if len(below.cells) > 1 or not goes_on(context, parts[-1], below.cells[0], limit=1.0):
            break
        parts.append(below.cells[0])
    return tuple(parts)


def _letters(cell: Cell) -> int:
    return sum(map(str.isalpha, cell.text))
