"""Candidates for the totals of an invoice, and the rows of its tax table."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from invoice_engine.fields.context import Context
from invoice_engine.fields.numbers import find_rates
from invoice_engine.layout.lines import TextLine
from invoice_engine.model import Box, Candidate

# A tax amount is rounded; per line or per document, and the printed rate may be rounded too.
TAX_TOLERANCE = Decimal("0.03")
MAX_AMOUNTS_IN_ROW = 10
MAX_ROWS = 60


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
    """Amounts beside the labels of `name`."""
    return [seen.candidate() for seen in context.near(context.amounts, name)]


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
        for found in context.amounts(cell.text):
            if isinstance(found.value, Decimal) and found.quality >= 1.0:
                yield Amount(found.value, cell.page, cell.box_of_span(found.start, found.end))
