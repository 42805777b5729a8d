"""Read the rows of a table of items: what stands in which column, and whether quantity x price is the amount."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from invoice_engine.fields.context import Context
from invoice_engine.fields.found import Found
from invoice_engine.fields.money import Amount
from invoice_engine.fields.numbers import find_rates
from invoice_engine.layout.headings import Column
from invoice_engine.layout.lines import Cell
from invoice_engine.layout.tables import Cells, Row, Table

CENT = Decimal("0.01")
# Letters that an amount may have around it in its cell: a currency.
SURROUNDINGS = 5
LONGEST_UNIT = 14
LONGEST_CODE = 40
SHORTEST_DESCRIPTION = 2  # letters
HIGHEST_RATE = 40
LARGEST = Decimal(10) ** 15
LARGEST_LOST = 1_000  # quantity that is derived
# A number with its unit right behind it.
_GLUED = re.compile(r"^(\d[\d.,]{0,14})(?=[^\W\d_]{1,4}\b)")
MAX_DESCRIPTION = 600
# An ordinary space, and how far the lines of one paragraph may be out of line, in widths of the page.
SPACE = 0.004
INDENT = 0.012
LINE_GAP = 0.9  # text heights between the lines of one description


@dataclass(frozen=True, slots=True)
class Item:
    """One row as printed. `amounts` are by column; a discount is a share in percent or an amount of money.

    A derived quantity is what price and amount ask for, where OCR lost the printed one.
    """

    description: tuple[Cell, ...]
    position: Cell | None
    code: Cell | None
    quantity: Amount | None
    unit: str | None
    unit_cell: Cell | None
    price: Amount | None
    discount: Amount | None
    discount_rate: Amount | None
    tax_rate: Amount | None
    amounts: dict[int, Amount]
    numbers: dict[int, Amount]
    is_quantity_derived: bool = False


def fills_cell(context: Context, cell: Cell) -> bool:
    """Whether `cell` is an amount, with its currency at most."""
    return _fills(cell, _first_amount(context, cell))


def items_of(context: Context, table: Table) -> list[Item]:
    """The rows of `table` with an amount. Raises TooLarge when time is up."""
    columns = table.columns
    described = _description_column(table)
    limit = _right_limit(table, described)
    items = []
    for row in table.rows:
        context.deadline.check()
        item = _item(context, columns, row, described, limit)
        if item.quantity is None and "quantity" in table.roles and context.document.by_ocr(row.line.page):
            item = _with_lost_quantity(item)
        items.append(item)
    if not any(item.quantity for item in items):
        items = _with_unnamed_quantity(columns, items)
    return items


def agrees(item: Item, column: int) -> bool | None:
    """Whether quantity x price, less the discount, is the amount in `column`; None when one of them is missing."""
    amount = item.amounts.get(column)
    if item.quantity is None or item.price is None or amount is None or item.is_quantity_derived:
        return None
    quantity, price = item.quantity.value, item.price.value
    tolerance = _tolerance(quantity, price)
    return any(abs(abs(exact) - abs(amount.value)) <= tolerance for exact in _expected(item, quantity, price))


def discount_of(item: Item, column: int) -> Amount | None:
    """The discount in money, when it is what lies between quantity x price and the amount in `column`."""
    printed = item.discount_rate or item.discount
    amount = item.amounts.get(column)
    if printed is None or amount is None or item.quantity is None or item.price is None or not agrees(item, column):
        return None
    full = abs(item.quantity.value * item.price.value)
    difference = full - abs(amount.value)
    if not CENT < abs(difference) < LARGEST:
        return None
    difference = difference.quantize(CENT)
    return Amount(difference if amount.value >= 0 else -difference, printed.page, printed.box)


def _expected(item: Item, quantity: Decimal, price: Decimal) -> Iterator[Decimal]:
    yield quantity * price
    if item.discount_rate is not None:
        yield quantity * price * (1 - item.discount_rate.value / 100)
    if item.discount is not None:
        discount = abs(item.discount.value)
        yield quantity * price - discount
        yield quantity * (price - discount)
        yield quantity * price * (1 - discount / 100)
    if item.tax_rate is not None:
        yield quantity * price * (1 + item.tax_rate.value / 100)


def _tolerance(quantity: Decimal, price: Decimal) -> Decimal:
    """A printed price may be rounded: half of its last digit per piece, up to one part in fifty of the amount."""
    places = max(2, -int(price.as_tuple().exponent))
    rounding = abs(quantity) * Decimal(5).scaleb(-places - 1)
    return CENT + min(rounding, abs(quantity * price) / 50)


def _item(context: Context, columns: tuple[Column, ...], row: Row, described: int | None, limit: float) -> Item:
    cells = row.cells
    found = {number: _first_amount(context, cell) for number, cell in cells.items() if number != described}
    numbers = {number: amount_at(cells[number], one) for number, one in found.items() if one is not None}
    places: dict[str, int] = {}
    for number, column in enumerate(columns):
        if number in cells:
            places.setdefault(column.role, number)
    by_role = {role: cells[number] for role, number in places.items()}
    unit_cell, unit = by_role.get("unit"), by_role["unit"].text if "unit" in by_role else None
    quantity = places.get("quantity")
    counted = found.get(quantity) if quantity is not None else None
    if unit_cell is None and quantity is not None and counted is not None:
        unit_cell, unit = cells[quantity], unit_behind(cells[quantity], counted)
    discount_rate = _rate(by_role.get("discount"))
    return Item(
        description=_description(context, columns, row, described, limit),
        position=by_role.get("position"),
        code=_code(columns, cells, described),
        quantity=_of(numbers, quantity),
        unit=unit if unit and len(unit) <= LONGEST_UNIT else None,
        unit_cell=unit_cell,
        price=_of(numbers, places.get("unit_price")),
        discount=None if discount_rate else _of(numbers, places.get("discount")),
        discount_rate=discount_rate,
        tax_rate=_rate(by_role.get("tax_rate")) or _bare_rate(_of(numbers, places.get("tax_rate"))),
        amounts={
            number: numbers[number]
            for number, column in enumerate(columns)
            if column.is_amount and _fills(cells.get(number), found.get(number))
        },
        numbers=numbers,
    )


def _code(columns: tuple[Column, ...], cells: Cells, described: int | None) -> Cell | None:
    """The product code: under its own heading, or under "item", which may head codes as well as descriptions."""
    for role in ("code", "description"):
        for number, column in enumerate(columns):
            is_description = number == described and column.second is None
            if column.role == role and not is_description and number in cells:
                cell = cells[number]
                return cell if len(cell.text) <= LONGEST_CODE else None
    return None


def _first_amount(context: Context, cell: Cell) -> Found | None:
    found = context.amounts(cell.text)
    if not found and _GLUED.match(cell.text):  # "2.5h", "10pcs"
        found = context.amounts(_GLUED.sub(r"\1 ", cell.text, count=1))
    return next(iter(found), None)


def amount_at(cell: Cell, found: Found) -> Amount:
    """The number `found` in `cell`, with its place."""
    return Amount(Decimal(str(found.value)), cell.page, cell.box_of_span(found.start, found.end))


def _of(numbers: dict[int, Amount], column: int | None) -> Amount | None:
    return None if column is None else numbers.get(column)


def _fills(cell: Cell | None, found: Found | None) -> bool:
    return cell is not None and found is not None and len(cell.text) - (found.end - found.start) <= SURROUNDINGS


def unit_behind(cell: Cell, found: Found) -> str | None:
    """What follows the number of a quantity, if that may be a unit."""
    unit = cell.text[found.end :].strip(" .x×*")
    return unit if 0 < len(unit) <= LONGEST_UNIT and unit[0].isalpha() else None


def _rate(cell: Cell | None) -> Amount | None:
    if cell is None:
        return None
    for found in find_rates(cell.text):
        return Amount(Decimal(str(found.value)), cell.page, cell.box_of_span(found.start, found.end))
    return None


def _bare_rate(number: Amount | None) -> Amount | None:
    """A number that may be a rate without its sign."""
    return number if number is not None and 0 <= number.value <= HIGHEST_RATE else None


def _with_unnamed_quantity(columns: tuple[Column, ...], items: list[Item]) -> list[Item]:
    """`items` with quantities from a column of another name, if with its numbers all rows agree."""
    amounts = [number for number, column in enumerate(columns) if column.is_amount]
    for number, column in enumerate(columns):
        if column.role not in ("position", "other", "code", "unit"):
            continue
        tried = [replace(item, quantity=item.numbers.get(number), position=None) for item in items]
        for amount in amounts:
            if all(agrees(item, amount) and item.amounts[amount].value for item in tried):
                return tried
    return items


def _with_lost_quantity(item: Item) -> Item:
    """`item` with the quantity that makes its price the amount, if that is a whole number."""
    if item.price is None or item.price.value <= 0 or not item.amounts:
        return item
    quotients = {amount.value / item.price.value for amount in item.amounts.values()}
    whole = [one for one in quotients if one == one.to_integral_value() and 1 <= one <= LARGEST_LOST]
    if len(whole) != 1:
        return item
    return replace(item, quantity=replace(item.price, value=whole[0]), is_quantity_derived=True)


def _description_column(table: Table) -> int | None:
    """The column of descriptions by its heading, the one with the most letters if there are several or none."""
    named = [number for number, one in enumerate(table.columns) if "description" in (one.role, one.second)]
    unnamed = [number for number, one in enumerate(table.columns) if not one.is_number and one.role != "unit"]
    letters = {
        number: sum(sum(map(str.isalpha, row.cells[number].text)) for row in table.rows if number in row.cells)
        for number in named or unnamed
    }
    best = max(letters, key=letters.__getitem__, default=None)
    return best if named or (best is not None and letters[best] >= SHORTEST_DESCRIPTION * len(table.rows)) else None


def _right_limit(table: Table, described: int | None) -> float:
    """The right edge of the longest line of a description."""
    edges = [
        cells[described].box.right
        for row in table.rows
        for cells in (*row.above, row.cells, *row.below)
        if described is not None and described in cells
    ]
    return max(edges, default=1.0)


def _description(
    context: Context, columns: tuple[Column, ...], row: Row, described: int | None, limit: float
) -> tuple[Cell, ...]:
    """The first line of the description, and the lines after it that are there because it had to be wrapped."""
    if described is None:
        return ()
    stacked = columns[described].role != "description" and columns[described].second == "description"
    lines: list[Cells] = list(row.below) if stacked else [row.cells, *row.below]
    texts = [cells[described] for cells in lines if described in cells]
    upper = [] if stacked else [cells[described] for cells in row.above if described in cells]
    while upper and (described not in row.cells or goes_on(context, upper[-1], texts[0], limit)):
        texts.insert(0, upper.pop())
        if described not in row.cells:
            break
    if not texts:
        return ()
    parts = [texts[0]]
    length = len(texts[0].text)
    for text in texts[1:]:
        length += len(text.text)
        if length > MAX_DESCRIPTION or not goes_on(context, parts[-1], text, limit):
            break
        parts.append(text)
    return tuple(parts)


def goes_on(context: Context, before: Cell, text: Cell, limit: float) -> bool:
    """Whether `text` continues the sentence of the line `before`: its first word had no room there."""
    gap = text.box.top - before.box.bottom
    if before.page != text.page or gap > LINE_GAP * context.document.text_height:
        return False
    if abs(text.box.left - before.box.left) > INDENT:
        return False
    first = text.words[0]
    no_room = before.box.right + SPACE + (first.box.right - first.box.left) > limit
    return no_room or before.text[-1] in "-,;/&(" or text.text[0].islower()
