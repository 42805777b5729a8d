"""Taxes that are charged side by side, such as GST and PST or CGST and SGST: their sum is the tax of the invoice."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from invoice_engine.fields.context import Context
from invoice_engine.fields.labels import Label
from invoice_engine.fields.money import Amount
from invoice_engine.layout.document import Document
from invoice_engine.lexicon import match_key
from invoice_engine.model import Candidate

TAX, SUBTOTAL = 0.9, 0.5
MAX_TAXES = 4
NEXT = 2.5  # text heights between the rows of taxes


class SplitTaxes(NamedTuple):
    subtotal: list[Candidate]
    tax_total: list[Candidate]


class _Row(NamedTuple):
    name: str
    label: Label
    amount: Amount


def split_taxes(context: Context, totals: list[Candidate], amounts: list[Amount]) -> SplitTaxes:
    """The sums of differently named taxes in rows below each other that, taken off a total, leave a printed amount."""
    found = SplitTaxes([], [])
    printed = {amount.value: amount for amount in reversed(amounts)}
    for rows in _groups(context.document, list(_rows(context))):
        tax = sum((row.amount.value for row in rows), Decimal(0))
        for total in totals:
            net = printed.get(Decimal(str(total.value)) - tax)
            if net is not None and net.value > tax > 0:
                found.tax_total.append(Candidate(tax, TAX, rows[0].amount.page, rows[0].amount.box, "derived"))
                found.subtotal.append(net.candidate(SUBTOTAL))
                break
    return found


def _rows(context: Context) -> Iterator[_Row]:
    """Lines that begin with the name of a tax and have one amount."""
    for label in context.labels.named("tax_total"):
        if label is not context.labels.heads(label.cell):
            continue
        amounts = [
            Amount(found.value, cell.page, cell.box_of_span(found.start, found.end))
            for cell in context.document.right_of(label.cell)
            for found in context.amounts(cell.text)
            if isinstance(found.value, Decimal) and found.quality >= 1.0
        ]
        if len(amounts) == 1:
            yield _Row(match_key(label.cell.text[label.start : label.end]), label, amounts[0])


def _groups(document: Document, rows: list[_Row]) -> Iterator[list[_Row]]:
    """Runs of at least two rows right below each other, each with another name."""
    run: list[_Row] = []
    for row in rows:
        if run and not _follows(document, run[-1], row):
            yield from _whole(run)
            run = []
        run.append(row)
    yield from _whole(run)


def _whole(run: list[_Row]) -> Iterator[list[_Row]]:
    names = {row.name for row in run}
    if 1 < len(run) <= MAX_TAXES and len(names) == len(run):
        yield run


def _follows(document: Document, before: _Row, row: _Row) -> bool:
    above, below = before.label.cell, row.label.cell
    return above.page == below.page and 0 < below.box.top - above.box.top < NEXT * document.text_height
