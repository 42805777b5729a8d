"""The customer: by label, below the sender's line, or by an address that is not the supplier's."""

from collections.abc import Iterable, Iterator
from itertools import islice

from invoice_engine.fields.accounts import find_any_vat
from invoice_engine.fields.addresses import Address, is_salutation
from invoice_engine.fields.context import Context
from invoice_engine.fields.identifiers import find_vat_numbers
from invoice_engine.fields.party_blocks import PartyBlocks
from invoice_engine.fields.supplier import cut_name, is_name, labelled_names, name_in, name_key
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import match_key
from invoice_engine.model import Candidate, Field

LABELLED, WINDOW, ADDRESS, OTHER_ADDRESS = 0.8, 0.65, 0.6, 0.5
# The invoice goes to the first of several; the others are where the goods go.
LATER = 0.8
VAT_LABELLED, VAT_IN_BLOCK = 0.9, 0.75
WINDOW_LINES = 3


def customer_names(context: Context, blocks: PartyBlocks, supplier: Field) -> list[Candidate]:
    """Candidates for the customer's name; what is also the supplier's is none."""
    own = name_key(str(supplier.value or ""))
    found: list[Candidate] = []
    for score, sightings in (
        (LABELLED, labelled_names(context, "customer")),
        (WINDOW, _in_windows(context, blocks)),
        (ADDRESS, _named([address for address, role in blocks.unlabelled if role == "customer"])),
        (OTHER_ADDRESS, _named(_others(blocks, own))),
    ):
        others = ((name, cell) for name, cell in sightings if name_key(name) != own and len(name_key(name)) > 1)
        for order, (name, cell) in enumerate(others):
            found.append(Candidate(name, score * LATER**order, cell.page, cell.box))
    return found


def customer_vat_numbers(context: Context, blocks: PartyBlocks, supplier: Field) -> list[Candidate]:
    """VAT numbers labelled as the customer's, and those in the customer's block."""
    found = [seen.candidate(VAT_LABELLED) for seen in context.near(find_any_vat, "customer_vat")]
    for seen in context.near(find_any_vat, "vat_number"):
        if blocks.owner(seen.label.cell) == "customer":
            found.append(seen.candidate(VAT_IN_BLOCK))
    for cell in context.document.cells:
        for one in find_vat_numbers(cell.text):
            if blocks.owner(cell) == "customer":
                box = cell.box_of_span(one.start, one.end)
                found.append(Candidate(one.value, VAT_IN_BLOCK * one.quality, cell.page, box))
    own = str(supplier.value or "")
    return [one for one in found if not own or not (own.endswith(str(one.value)) or str(one.value).endswith(own))]


def _in_windows(context: Context, blocks: PartyBlocks) -> Iterator[tuple[str, Cell]]:
    """The first name below a sender's line."""
    for sender in blocks.sender_lines:
        for cell in islice(context.document.below(sender), WINDOW_LINES):
            if blocks.owner(cell) == "customer" and is_name(cell.text) and not is_salutation(cell.text):
                yield cut_name(cell.text), cell
                break


def _named(addresses: Iterable[Address]) -> Iterator[tuple[str, Cell]]:
    for address in addresses:
        name = name_in(address)
        if name is not None:
            yield cut_name(name.text), name


def _others(blocks: PartyBlocks, own: str) -> list[Address]:
    """Once the supplier is known, the only address that has nothing of it is the customer's."""
    owned = [address for address, _ in blocks.unlabelled]
    others = [
        one for one in blocks.addresses if one not in owned and not any(own in match_key(c.text) for c in one.cells)
    ]
    return others if own and len(others) == 1 else []
