"""The items of an invoice: which table they are, which of its columns is the amount, and how sure each line is.

Arithmetic decides: quantity x unit price is the amount of a line, and the lines add up to a total. Lines that neither
agree in themselves nor add up are left out.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from invoice_engine.fields.context import Context
from invoice_engine.fields.line_rows import Item, agrees, discount_of, fills_cell, items_of
from invoice_engine.fields.money import Amount
from invoice_engine.fields.unheaded_items import AMOUNT, unheaded_items
from invoice_engine.layout.headings import Column
from invoice_engine.layout.lines import Cell, TextLine
from invoice_engine.layout.tables import Table, box_of_cells, tables_in
from invoice_engine.model import EMPTY, Box, Candidate, Field, Line, trimmed

CENT = Decimal("0.01")
TOTALS = frozenset({"subtotal", "tax_total", "total", "amount_due"})
# Confidence by evidence: the row agrees in itself, the rows add up, both, or neither.
BOTH, ADDS_UP, AGREES, NEITHER = 0.97, 0.93, 0.9, 0.45
# Rows that say nothing about themselves, read by OCR in a table whose other rows mostly agree: so many, such a share.
AMONG_SOUND, FEWEST_SOUND, SOUND_SHARE = 0.7, 2, 0.6
# Rows that contradict themselves: something in them is misread, or they have a discount of their own.
CONTRADICTS_BUT_ADDS_UP, CONTRADICTS = 0.7, 0.3
THRESHOLD = 0.5
UNHEADED = Column("amount", "", Box(0.0, 0.0, 1.0, 1.0))


@dataclass(frozen=True, slots=True)
class Sums:
    """What the lines may add up to. `printed` are all amounts of the document."""

    subtotal: Decimal | None
    total: Decimal | None
    printed: Collection[Decimal]


@dataclass(frozen=True)
class _Reading:
    """One way to read a table: its items with one of its columns as the amount."""

    columns: tuple[Column, ...]
    items: tuple[Item, ...]
    amount: int
    adds_up: int  # 2 to the subtotal or total, 1 to another amount that is printed
    is_gross: bool

    @cached_property
    def agreeing(self) -> int:
        return sum(agrees(item, self.amount) is True for item in self.items)

    @cached_property
    def is_sound(self) -> bool:
        """Whether most rows that can agree in themselves do."""
        told = [agreed for item in self.items if (agreed := agrees(item, self.amount)) is not None]
        return sum(told) >= max(FEWEST_SOUND, SOUND_SHARE * len(told))

    @property
    def worth(self) -> tuple[int, int, int, int]:
        preferred = {"net": 2, "amount": 1}.get(self.columns[self.amount].role, 0)
        return self.adds_up, self.agreeing, len(self.items), preferred


@dataclass(frozen=True, slots=True)
class ItemTable:
    """A table of items: all its rows with an amount, and of these the ones with a quantity or price."""

    columns: tuple[Column, ...]
    items: list[Item]
    priced: list[Item]


def item_tables(context: Context) -> list[ItemTable]:
    """The tables that may be those of the items. Raises TooLarge when time is up."""
    tables = tables_in(
        context.document,
        context.deadline,
        is_value=lambda cell: fills_cell(context, cell),
        is_end=lambda line: _ends_items(context, line),
    )
    return [_item_table(context, table) for table in tables]


def sums_of_items(tables: list[ItemTable]) -> frozenset[Decimal]:
    """What the rows of the tables make, in each column of amounts in which most of them agree in themselves."""
    sums = set()
    for table in tables:
        for number, column in enumerate(table.columns):
            items = [item for item in table.priced if number in item.amounts]
            if column.is_amount and items and 2 * sum(agrees(item, number) is True for item in items) > len(items):
                sums.add(sum((item.amounts[number].value for item in items), Decimal(0)))
    return frozenset(sums)


def line_items(context: Context, tables: list[ItemTable], sums: Sums) -> list[Line]:
    """The lines of the best of `tables`; none when no table is sure enough. Raises TooLarge when time is up."""
    readings = [reading for table in tables for reading in _readings(table, sums)]
    best = max(readings, key=lambda reading: reading.worth, default=None)
    if (best is None or not best.agreeing) and (lines := _unheaded(context, sums)):
        return lines
    return [line for item in best.items if (line := _line(best, item, context)) is not None] if best else []


def _unheaded(context: Context, sums: Sums) -> list[Line]:
    """Lines without headings, which count only when together they make the subtotal or the total."""
    items = tuple(unheaded_items(context))
    net, gross, _ = _adds_up(items, AMOUNT, sums)
    if not items or not (net or gross):
        return []
    reading = _Reading((UNHEADED,), items, AMOUNT, adds_up=2, is_gross=gross and not net)
    return [line for item in items if (line := _line(reading, item, context)) is not None]


def _ends_items(context: Context, line: TextLine) -> bool:
    """Whether `line` has the name of a total, and an amount."""
    heads = (context.labels.heads(cell) for cell in line.cells)
    if not any(head is not None and head.name in TOTALS for head in heads):
        return False
    return any(context.amounts(cell.text) for cell in line.cells)


def _item_table(context: Context, table: Table) -> ItemTable:
    items = [item for item in items_of(context, table) if item.description or item.code]
    priced = [item for item in items if item.quantity or (item.price and "quantity" not in table.roles)]
    return ItemTable(table.columns, items, priced)


def _readings(table: ItemTable, sums: Sums) -> Iterable[_Reading]:
    """The ways to read a table: each column of amounts, with all lines or only those with a price or a number.

    Lines without quantity and price are freight, or sums carried over: they count where only with them it adds up.
    """
    everything, priced = table.items, table.priced
    numbered = [item for item in priced if item.position is not None]
    for number, column in enumerate(table.columns):
        if not column.is_amount:
            continue
        for some in (priced, numbered, everything):
            chosen = tuple(item for item in some if number in item.amounts)
            if not chosen or (some is numbered and len(numbered) == len(priced)):
                continue
            net, gross, other = _adds_up(chosen, number, sums)
            if some is everything and priced and len(everything) > len(priced) and not (net or gross):
                continue
            is_gross = column.role == "gross" or (column.role == "amount" and gross and not net)
            yield _Reading(table.columns, chosen, number, 2 if net or gross else int(other), is_gross)


def _adds_up(items: tuple[Item, ...], column: int, sums: Sums) -> tuple[bool, bool, bool]:
    """Whether the items make the subtotal, the total, or another amount that is printed."""
    total = abs(sum((item.amounts[column].value for item in items), Decimal(0)))
    tolerance = CENT * max(1, len(items) // 2)
    net = sums.subtotal is not None and abs(total - abs(sums.subtotal)) <= tolerance
    gross = sums.total is not None and abs(total - abs(sums.total)) <= tolerance
    other = len(items) > 1 and total != 0 and total in sums.printed
    return net, gross, other


def _line(reading: _Reading, item: Item, context: Context) -> Line | None:
    """The line of `item`, or None when it is not sure enough."""
    agreed = agrees(item, reading.amount)
    # A price in place of an amount is one only when the lines add up.
    if reading.columns[reading.amount].is_anchor:
        agreed = None
    sure = _confidence(agreed, adds_up=reading.adds_up > 0)
    amount = item.amounts[reading.amount]
    if agreed is None and reading.is_sound and context.document.by_ocr(amount.page):
        sure = max(sure, AMONG_SOUND)
    if sure < THRESHOLD or not item.description:
        return None
    weaker = sure if agreed is not False else THRESHOLD
    net, gross = (None, amount) if reading.is_gross else (amount, None)
    for number, other in item.amounts.items():
        role = reading.columns[number].role
        net = other if net is None and role == "net" else net
        gross = other if gross is None and role == "gross" else gross
    return Line(
        description=_text(" ".join(cell.text for cell in item.description), item.description, sure),
        product_code=_text(item.code.text, (item.code,), weaker) if item.code else EMPTY,
        quantity=_signed_quantity(item, amount, weaker, agreed=agreed is True),
        unit=_text(item.unit, (item.unit_cell,), weaker) if item.unit and item.unit_cell else EMPTY,
        unit_price=_field(item.price, weaker),
        discount=_field(discount_of(item, reading.amount), weaker),
        tax_rate=_field(item.tax_rate, weaker),
        subtotal=_field(net, sure),
        total=_field(gross, sure),
    )


def _confidence(agreed: bool | None, *, adds_up: bool) -> float:
    if agreed:
        return BOTH if adds_up else AGREES
    if agreed is None:
        return ADDS_UP if adds_up else NEITHER
    return CONTRADICTS_BUT_ADDS_UP if adds_up else CONTRADICTS


def _signed_quantity(item: Item, amount: Amount, sure: float, *, agreed: bool) -> Field:
    """The quantity; where only the amount is printed as negative, it takes its sign, so that the line agrees."""
    quantity = item.quantity
    if quantity is None:
        return EMPTY
    value = trimmed(quantity.value)
    if item.is_quantity_derived:
        derived = Candidate(value, min(sure, AMONG_SOUND), source="derived")
        return Field(derived, (derived,))
    if agreed and item.price is not None and value * item.price.value * amount.value < 0:
        chosen = Candidate(-value, sure, quantity.page, quantity.box, "derived")
        return Field(chosen, (chosen, Candidate(value, sure / 2, quantity.page, quantity.box)))
    return _field(Amount(value, quantity.page, quantity.box), sure)


def _field(amount: Amount | None, sure: float) -> Field:
    if amount is None:
        return EMPTY
    chosen = amount.candidate(sure)
    return Field(chosen, (chosen,))


def _text(value: str, cells: tuple[Cell, ...], sure: float) -> Field:
    chosen = Candidate(value, sure, cells[0].page, box_of_cells(cells))
    return Field(chosen, (chosen,))
