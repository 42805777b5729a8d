"""VAT numbers, IBAN and BIC of the supplier."""

import re
from collections.abc import Iterator

from invoice_engine.fields.context import Context
from invoice_engine.fields.found import Found
from invoice_engine.fields.identifiers import (
    VAT_COMPACT,
    find_bare_ids,
    find_bics,
    find_ibans,
    find_partial_ibans,
    find_tax_ids,
    find_tax_numbers,
    find_vat_numbers,
    whole_iban,
)
from invoice_engine.fields.mended_ids import find_mended_ibans, find_mended_vat_numbers
from invoice_engine.fields.party_blocks import PartyBlocks
from invoice_engine.fields.supplier import with_legal_form
from invoice_engine.layout.lines import Cell
from invoice_engine.model import Candidate

PREFIXED, LABELLED, BARE = 0.7, 0.92, 0.6
IBAN_ALONE, IBAN_LABELLED = 0.65, 0.97
BIC_BESIDE_LABEL = 0.97
# Numbers in the block of one party are hardly ever those of the other.
OF_CUSTOMER, OF_SUPPLIER = 0.2, 1.1
SWISS_ENDING = re.compile(r"(?<=^CHE\d{9})(?:MWST|TVA|IVA)$")
# Of several equal numbers without an owner, the earlier is a little more likely the supplier's.
LATER_SIGHTING = 0.93


def vat_numbers(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    """The supplier's VAT number, prefixed or beside a label."""
    find = _find_any_mended_vat if context.document.read_by_ocr else find_any_vat
    found = [_owned(seen.candidate(LABELLED), blocks, seen.label.cell) for seen in context.near(find, "vat_number")]
    customers = {seen.value for seen in context.near(find, "customer_vat")}
    order = 1.0
    for cell in context.document.cells:
        by_ocr = context.document.by_ocr(cell.page)
        for one in find_mended_vat_numbers(cell.text) if by_ocr else find_vat_numbers(cell.text):
            candidate = Candidate(
                one.value, PREFIXED * one.quality * order, cell.page, cell.box_of_span(one.start, one.end)
            )
            found.append(_owned(candidate, blocks, cell))
            order *= LATER_SIGHTING
    found = found or list(_bare_numbers(context, blocks))
    found = [_scaled(one, OF_CUSTOMER) if one.value in customers else one for one in found]
    return _with_country(found)


def _bare_numbers(context: Context, blocks: PartyBlocks) -> Iterator[Candidate]:
    """Numbers that neither a label nor a country announces, but their form does."""
    for cell in context.document.cells:
        for one in find_bare_ids(cell.text):
            yield _owned(Candidate(one.value, BARE, cell.page, cell.box), blocks, cell)


def tax_numbers(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    """The supplier's national tax number, which only a label tells from other numbers."""
    return [
        _owned(seen.candidate(LABELLED), blocks, seen.label.cell)
        for seen in context.near(find_tax_numbers, "tax_number")
    ]


def ibans(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    find = find_mended_ibans if context.document.read_by_ocr else find_ibans
    labelled = {(seen.page, seen.value) for seen in context.near(find, "iban")}
    found = []
    for cell in context.document.cells:
        by_ocr = context.document.by_ocr(cell.page)
        numbers = find_mended_ibans(cell.text) if by_ocr else find_ibans(cell.text)
        for one in (*numbers, *_wrapped(context, cell)):
            base = IBAN_LABELLED if (cell.page, one.value) in labelled else IBAN_ALONE
            box = cell.box_of_span(one.start, one.end)
            found.append(_owned(Candidate(one.value, base * one.quality, cell.page, box), blocks, cell))
    return found


def bics(context: Context, blocks: PartyBlocks) -> list[Candidate]:
    return [
        _owned(seen.candidate(BIC_BESIDE_LABEL), blocks, seen.label.cell) for seen in context.near(find_bics, "bic")
    ]


def find_any_vat(text: str) -> list[Found]:
    """VAT numbers with their country, or for want of these whatever a label may introduce."""
    return find_vat_numbers(text) or find_tax_ids(text)


def country_of_vat(number: str) -> str | None:
    """The country (ISO 3166 alpha-2) that a VAT number begins with, if it is written as numbers of that country are."""
    match = VAT_COMPACT.fullmatch(number)
    return {"EL": "GR", "XI": "GB"}.get(match[0][:2], match[0][:2]) if match else None


def _find_any_mended_vat(text: str) -> list[Found]:
    return find_mended_vat_numbers(text) or find_tax_ids(text)


def _with_country(candidates: list[Candidate]) -> list[Candidate]:
    """A number that is printed with its country in one place and without it in another is one number."""
    prefixed = {str(one.value)[2:]: one.value for one in candidates if str(one.value)[:2].isalpha()}
    for one in candidates:  # "CHE123456788 TVA" ends in the name of the tax, and is also printed without it
        if ending := SWISS_ENDING.search(str(one.value)):
            prefixed[str(one.value)[: ending.start()]] = one.value
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
    # Who prints a firm's name and numbers in one line speaks of himself.
    factor = OF_SUPPLIER if owner is None and with_legal_form(cell.text) else 1.0
    return _scaled(candidate, {"customer": OF_CUSTOMER, "supplier": OF_SUPPLIER}.get(owner or "", factor))


def _scaled(candidate: Candidate, factor: float) -> Candidate:
    certainty = min(1.0, candidate.confidence * factor)
    return Candidate(candidate.value, certainty, candidate.page, candidate.box, candidate.source)
