"""Which parts of the page speak of the supplier, and which of the customer."""

import re
from functools import cached_property
from typing import Literal

from invoice_engine.fields.addresses import Address, addresses_in, ends_party, is_salutation
from invoice_engine.fields.context import Context
from invoice_engine.layout.document import ALIGNED, in_one_column
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import lexicon, match_key

Role = Literal["supplier", "customer"]

MAX_BLOCKS = 60
# A block reaches this far below its label, as a share of the page, and has no gap of this many text heights.
BLOCK, BLOCK_GAP = 0.16, 4.0
MAX_BLOCK_LINES = 60  # of the page, in all its columns
# The sender's line above an address window: several short parts set apart, with a postal code among them.
SEPARATOR = re.compile(r"\s+[-–—·•|*●]\s+|\s*[·•|●]\s*|,\s+")
POSTAL_CODE = re.compile(r"\b(?:[A-Z]{1,2}-)?\d{4,5}(?:\s?[A-Z]{2})?\b")
WINDOW = 11.0  # text heights of an address below the sender's line
WINDOW_PAGE_TOP, WINDOW_PAGE_BOTTOM, WINDOW_LEFT = 0.06, 0.4, 0.35
# What in an address without a label speaks for the supplier, and for the customer.
NAMED_AGAIN, SET_LARGE, REACHABLE, BY_MAIL, REGISTERED, SALUTED = 2.0, 1.0, 1.0, 0.5, 0.5, -2.0
LARGE = 1.4
LETTERHEAD_GAP = 1.6  # text heights between a name and the rest of a letterhead
_REACHABLE = re.compile(r"www\.|https?:|\+\d{2}[\d\s]{6}")
_ATTENTION = frozenset({"attn", "att", "attention", "tav", "zhd", "zhdn", "alatt", "ac"})
_PHONES = frozenset({"tel", "telefon", "telephone", "phone", "fax", "telefax", "telefone", "telefono", "tlf", "tfno"})


class PartyBlocks:
    """The blocks that party labels head, the address window below a sender's line, and addresses without a label."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._document = context.document
        self._heads: list[tuple[Role, Cell]] = []
        for label in context.labels.named("supplier", "customer")[:MAX_BLOCKS]:
            self._heads.append(("supplier" if label.name == "supplier" else "customer", label.cell))
        self.sender_lines = [
            cell for line in context.document.lines_on(0) for cell in line.cells if self._is_sender_line(cell)
        ]
        self._owners: dict[tuple[int, int, float], Role | None] = {}

    def owner(self, cell: Cell) -> Role | None:
        """Whose block `cell` stands in: that of the nearest party label above it in its column, or beside it."""
        key = cell.page, cell.line, cell.box.left
        if key not in self._owners:
            self._owners[key] = self._labelled_owner(cell) or self._unlabelled_owner(cell)
        return self._owners[key]

    @cached_property
    def addresses(self) -> list[Address]:
        """The addresses that no label names the owner of."""
        return [one for one in addresses_in(self._context) if not any(map(self._labelled_owner, one.cells))]

    @cached_property
    def unlabelled(self) -> list[tuple[Address, Role]]:
        """Addresses without a label whose owner the rest of the page gives away."""
        found: list[tuple[Address, Role]] = []
        for one in self.addresses:
            if one.heading is not None:
                found.append((one, "supplier" if one.heading == "supplier" else "customer"))
        free = ((self._evidence(one), -one.top, one) for one in self.addresses if one.heading is None)
        scored = sorted(free, key=lambda entry: entry[:2])
        if not scored:
            return found
        best, _, supplier = scored[-1]
        clear = best > 0 or (best == 0 and len(scored) > 1 and scored[-2][0] < 0)
        if clear and (len(scored) == 1 or best > scored[-2][0]):
            found.append((supplier, "supplier"))
            found.extend((one, "customer") for score, _, one in scored[:-1] if score <= REACHABLE)
        elif len(scored) == 1 and best < 0:
            found.append((supplier, "customer"))
        elif len(scored) == 1 and any(role == "customer" for role, _ in self._heads):
            found.append((supplier, "supplier"))
        return found

    def _is_sender_line(self, cell: Cell) -> bool:
        """Whether `cell` is a sender's line; right below a name it is a line of a letterhead."""
        if not is_sender_line(cell):
            return False
        above = self._document.above(cell, LETTERHEAD_GAP)
        return above is None or abs(above.box.left - cell.box.left) >= ALIGNED

    def _labelled_owner(self, cell: Cell) -> Role | None:
        within = [
            (cell.box.top - head.box.top, role, head)
            for role, head in self._heads
            if head.page == cell.page
            and head.line <= cell.line <= head.line + MAX_BLOCK_LINES
            and cell.box.top - head.box.top <= BLOCK
        ]
        for _, role, head in sorted(within, key=lambda one: one[0]):
            if self._belongs(head, cell) and self._connected(head, cell):
                return role
        reach = WINDOW * self._document.text_height
        for sender in self.sender_lines:
            gap = cell.box.top - sender.box.bottom
            aligned = abs(cell.box.left - sender.box.left) < 0.05
            if cell.page == sender.page and 0 <= gap <= reach and aligned:
                return "customer"
        return None

    def _unlabelled_owner(self, cell: Cell) -> Role | None:
        if cell.page:
            return None
        place = cell.line, cell.box.left
        return next((role for address, role in self.unlabelled if place in address.places), None)

    def _belongs(self, head: Cell, cell: Cell) -> bool:
        """Whether `cell` is in the column of `head`, or beside it in a block of its own labels."""
        if head.line == cell.line:
            return cell is head or cell in self._document.right_of(head)[:1]
        alone = not self._document.right_of(head)
        indent = cell.box.left - head.box.left
        return in_one_column(head, cell) or 0 <= indent < (0.25 if alone else 0.05)

    def _connected(self, head: Cell, cell: Cell) -> bool:
        """Whether no wide gap and no data of the document stand between `head` and `cell`."""
        bottom = head.box.bottom
        for line in self._document.lines_on(head.page)[head.line + 1 : cell.line + 1]:
            inside = [other for other in line.cells if in_one_column(head, other) or in_one_column(cell, other)]
            if not inside:
                continue
            if line.box.top - bottom > BLOCK_GAP * self._document.text_height:
                return False
            if any(ends_party(self._context, other) for other in inside):
                return False
            bottom = max(bottom, line.box.bottom)
        return True

    def _evidence(self, address: Address) -> float:
        """How much speaks for an address being the supplier's; less than 0 speaks for the customer."""
        name = address.body[0]
        score = SALUTED * any(map(_is_addressed, address.cells))
        key = match_key(name.text)
        others = (cell for cell in self._document.cells if (cell.line, cell.box.left) not in address.places)
        score += NAMED_AGAIN * (len(key) > 3 and any(key in match_key(cell.text) for cell in others))
        score += SET_LARGE * (name.box.bottom - name.box.top > LARGE * self._document.text_height)
        labels = {label.name for cell in address.cells for label in self._context.labels.within(cell)}
        score += REGISTERED * bool(labels & {"vat_number", "tax_number"}) + REACHABLE * bool(labels & {"iban", "bic"})
        score += SALUTED * ("customer_vat" in labels)
        score += BY_MAIL * any("@" in cell.text for cell in address.cells)
        return score + REACHABLE * any(map(_is_reachable, address.cells))


def is_sender_line(cell: Cell) -> bool:
    """Whether `cell` is a sender's address in one line, as printed above an address window."""
    if not WINDOW_PAGE_TOP < cell.box.top < WINDOW_PAGE_BOTTOM or cell.box.left > WINDOW_LEFT:
        return False
    return is_address_line(cell)


def is_address_line(cell: Cell) -> bool:
    """Whether `cell` is a name and its address in one line."""
    if not POSTAL_CODE.search(cell.text):
        return False
    parts = SEPARATOR.split(cell.text)
    if not 3 <= len(parts) <= 8 or any(map(str.isdigit, parts[0])):
        return False
    return any(POSTAL_CODE.search(part) for part in parts[1:])


def _is_addressed(cell: Cell) -> bool:
    """Whether `cell` is how one speaks to somebody, or says to whose hands the letter goes."""
    first = match_key(cell.words[0].text)
    person = len(cell.words) > 1 and first in lexicon().titles_of_persons
    return person or first in _ATTENTION or is_salutation(cell.text)


def _is_reachable(cell: Cell) -> bool:
    """Whether `cell` has a phone number or an address of the web."""
    first = match_key(cell.words[0].text)
    return first in _PHONES or _REACHABLE.search(cell.text) is not None
