"""Candidates for the totals of an invoice, and the rows of its tax table."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from invoice_engine.fields.context import Context
from invoice_engine.fields.labels import Label
from invoice_engine.fields.nearby import BELOW
from invoice_engine.fields.numbers import find_rates
from invoice_engine.layout.lines import Cell, TextLine
from invoice_engine.model import Box, Candidate

# A tax amount is rounded; per line or per document, and the printed rate may be rounded too.
TAX_TOLERANCE = Decimal("0.03")
MAX_AMOUNTS_IN_ROW = 10
MAX_ROWS = 60
# A column whose last amount is the sum of those above it, and what these are worth then as values of its heading.
SUM_REACH = 16.0  # text heights
FEWEST_PARTS, MAX_PARTS = 2, 12
PART = 0.4
# OCR loses points and commas. Without them an amount has this many digits at least, and counts for little.
FEWEST_DIGITS = 3
WITHOUT_MARK = 0.6


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and where it is printed; a rate is in percent."""

    value: Decimal
    page: int
    box: Box

    def candidate(self, confidence: float) -> Candidate:
        return Candidate(self.value, confidence, self.page, self.box)


@dataclass(frozen=True, slots=True)
class TaxRow:
    """A printed line in which base x rate = amount."""

    rate: Amount
    base: Amount
    amount: Amount


def amount_candidates(context: Context, name: str) -> list[Candidate]:
    """Amounts beside the labels of `name`; where they head a column that ends in its sum, this sum."""
    seen = context.near(context.amounts, name)
    found = [one.candidate() for one in seen]
    for label in {id(one.label): one.label for one in seen}.values():
        parts, total = _column_sum(context, label)
        if total is not None:
            summed = {part.value for part in parts} - {total.value}
            found = [one._replace(confidence=one.confidence * PART) if one.value in summed else one for one in found]
            found.append(total.candidate(label.weight * BELOW))
    return found + [mended for one in found if (mended := _with_mark(context, one)) is not None]


def _column_sum(context: Context, label: Label) -> tuple[list[Amount], Amount | None]:
    """The amounts in the column that `label` heads down to one that is the sum of those before it, and this one."""
    parts: list[Amount] = []
    if context.labels.in_table_heading(label):
        return parts, None
    for cell in context.document.below(label.cell, SUM_REACH):
        if context.labels.heads(cell) is not None or len(parts) >= MAX_PARTS:
            break
        amounts = list(_amounts_in(context, cell))
        if len(amounts) == 1:
            value = amounts[0].value
            if len(parts) >= FEWEST_PARTS and value and value == sum((part.value for part in parts), Decimal(0)):
                return parts, amounts[0]
            parts.append(amounts[0])
    return parts, None


def _with_mark(context: Context, candidate: Candidate) -> Candidate | None:
    """What `candidate` is if OCR has lost the mark before its two decimals; other amounts have to prove it."""
    if candidate.page is None or not context.document.by_ocr(candidate.page):
        return None
    value = _hundredth(candidate.value)
    return None if value is None else candidate._replace(value=value, confidence=candidate.confidence * WITHOUT_MARK)


def _hundredth(value: object) -> Decimal | None:
    """A hundredth of a whole number that is long enough to be an amount without its mark."""
    if not isinstance(value, Decimal) or value.as_tuple().exponent != 0 or len(str(abs(value))) < FEWEST_DIGITS:
        return None
    return value.scaleb(-2)


def charges(context: Context) -> frozenset[Decimal]:
    """Labelled amounts that are part of a total, or taken off it, such as shipping, a discount or a tax withheld."""
    found = (abs(Decimal(str(one.value))) for one in amount_candidates(context, "other_amount"))
    return frozenset(value for value in found if value)


def tax_rows(context: Context) -> list[TaxRow]:
    """The rows of tax tables: every line with a rate and two amounts of which one is the tax on the other."""
    rows: list[TaxRow] = []
    seen: set[tuple[Decimal, Decimal, Decimal]] = set()
    for line in context.document.lines:
        context.deadline.check()
        if len(rows) >= MAX_ROWS:
            break
        row = _tax_row(context, line)
        if row and (key := (row.rate.value, row.base.value, row.amount.value)) not in seen:
            seen.add(key)
            rows.append(row)
    return rows


def rates(context: Context) -> dict[Decimal, Amount]:
    """All percentages printed in the document, with the place of their last mention."""
    return {rate.value: rate for line in context.document.lines for rate in _rates_of(line)}


def all_amounts(context: Context) -> list[Amount]:
    """Every amount with two decimals, once per value."""
    found: dict[Decimal, Amount] = {}
    for line in context.document.lines:
        for amount in _amounts_of(context, line):
            found[amount.value] = amount  # the last one: totals come after items
    return list(found.values())


def _tax_row(context: Context, line: TextLine) -> TaxRow | None:
    percentages = list(_rates_of(line))
    if not percentages:
        return None
    amounts = list(_amounts_of(context, line))[:MAX_AMOUNTS_IN_ROW]
    for rate in percentages:
        for base in amounts:
            for amount in amounts:
                if amount is not base and _is_tax(rate.value, base.value, amount.value):
                    return TaxRow(rate, base, amount)
    return _mended_tax_row(context, line, percentages, amounts) if context.document.by_ocr(line.page) else None


def _mended_tax_row(
    context: Context, line: TextLine, percentages: list[Amount], amounts: list[Amount]
) -> TaxRow | None:
    """The row of a line whose amounts have lost a minus or a decimal mark: the rate gives it back to them."""
    unmarked = [
        Amount(value, cell.page, cell.box_of_span(found.start, found.end))
        for cell in line.cells
        for found in context.amounts(cell.text)
        if (value := _hundredth(found.value)) is not None
    ]
    bases = [*amounts, *unmarked][:MAX_AMOUNTS_IN_ROW]
    taxes = [*bases, *(replace(amount, value=-amount.value) for amount in bases if amount.value > 0)]
    for rate in percentages:
        for base in bases:
            for tax in taxes:
                if tax.box != base.box and abs(tax.value) >= 1 and _is_tax(rate.value, base.value, tax.value):
                    return TaxRow(rate, base, tax)
    return None


def _is_tax(rate: Decimal, base: Decimal, amount: Decimal) -> bool:
    """Whether `amount` is the tax of `rate` percent on `base`."""
    exact = base * rate / 100
    # Small sums agree with any rate within the tolerance, and prove nothing.
    tolerance = TAX_TOLERANCE if abs(base) >= 1 else Decimal(0)
    return bool(base) and abs(amount) <= abs(base) and abs(exact - amount) <= tolerance


def _rates_of(line: TextLine) -> Iterator[Amount]:
    for cell in line.cells:
        for found in find_rates(cell.text):
            yield Amount(Decimal(str(found.value)), cell.page, cell.box_of_span(found.start, found.end))


def _amounts_of(context: Context, line: TextLine) -> Iterator[Amount]:
    for cell in line.cells:
        yield from _amounts_in(context, cell)


def _amounts_in(context: Context, cell: Cell) -> Iterator[Amount]:
    for found in context.amounts(cell.text):
        if isinstance(found.value, Decimal) and found.quality >= 1.0:
            yield Amount(found.value, cell.page, cell.box_of_span(found.start, found.end))
