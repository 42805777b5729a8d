"""VAT numbers, IBAN and BIC of the supplier."""

from collections.abc import Iterator

from invoice_engine.fields.context import Context
from invoice_engine.fields.found import Found
from invoice_engine.fields.identifiers import (
    find_bics,
    find_ibans,
    find_partial_ibans,
    find_tax_ids,
    find_tax_numbers,
    find_vat_numbers,
    whole_iban,
)
from invoice_engine.fields.party_blocks import PartyBlocks
from invoice_engine.layout.lines import Cell
from invoice_engine.model import Candidate

PREFIXED, LABELLED = 0.7, 0.92
IBAN_ALONE, IBAN_LABELLED = 0.65, 0.97
BIC_BESIDE_LABEL = 0.97
# Numbers in the block of one party are hardly ever those of the other.
OF_CUSTOMER, OF_SUPPLIER = 0.2, 1.1
# Of several equal numbers without an owner, the earlier is a little more likely the supplier's.
LATER_SIGHTING = 0.93


def vat_numbers(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    """The supplier's VAT number, prefixed or beside a label."""
    found = [
        _owned(seen.candidate(LABELLED), blocks, seen.label.cell) for seen in context.near(_find_any, "vat_number")
    ]
    customers = {seen.value for seen in context.near(_find_any, "customer_vat")}
    order = 1.0
    for cell in context.document.cells:
        for one in find_vat_numbers(cell.text):
            candidate = Candidate(
                one.value, PREFIXED * one.quality * order, cell.page, cell.box_of_span(one.start, one.end)
            )
            found.append(_owned(candidate, blocks, cell))
            order *= LATER_SIGHTING
    found = [_scaled(one, OF_CUSTOMER) if one.value in customers else one for one in found]
    return _with_country(found)


def tax_numbers(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    """The supplier's national tax number, which only a label tells from other numbers."""
    return [
        _owned(seen.candidate(LABELLED), blocks, seen.label.cell)
        for seen in context.near(find_tax_numbers, "tax_number")
    ]


def ibans(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    labelled = {(seen.page, seen.value) for seen in context.near(find_ibans, "iban")}
    found = []
    for cell in context.document.cells:
        for one in (*find_ibans(cell.text), *_wrapped(context, cell)):
            base = IBAN_LABELLED if (cell.page, one.value) in labelled else IBAN_ALONE
            box = cell.box_of_span(one.start, one.end)
            found.append(_owned(Candidate(one.value, base * one.quality, cell.page, box), blocks, cell))
    return found


def bics(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    return [
        _owned(seen.candidate(BIC_BESIDE_LABEL), blocks, seen.label.cell) for seen in context.near(find_bics, "bic")
    ]


def _find_any(text: str) -> list[Found]:
    return find_vat_numbers(text) or find_tax_ids(text)


def _with_country(candidates: list[Candidate]) -> list[Candidate]:
    """A number that is printed with its country in one place and without it in another is one number."""
    prefixed = {str(one.value)[2:]: one.value for one in candidates if str(one.value)[:2].isalpha()}
    return [Candidate(prefixed.get(str(one.value), one.value), one.confidence, one.page, one.box) for one in candidates]


def _wrapped(context: Context, cell: Cell) -> Iterator[Found]:
    """An account number that goes on in the next line of its column."""
    for start in find_partial_ibans(cell.text):
        for below in list(context.document.below(cell, 2.5))[:1]:
            whole = whole_iban(str(start.value), below.text)
            if whole is not None:
                yield Found(whole, start.start, start.end, start.quality)


def _owned(candidate: Candidate, blocks: PartyBlocks, cell: Cell) -> Candidate:
    owner = blocks.owner(cell)
    return _scaled(candidate, {"customer": OF_CUSTOMER, "supplier": OF_SUPPLIER}.get(owner or "", 1.0))


def _scaled(candidate: Candidate, factor: float) -> Candidate:
    certainty = min(1.0, candidate.confidence * factor)
    return Candidate(candidate.value, certainty, candidate.page, candidate.box, candidate.source)
