"""Which parts of the page speak of the supplier, and which of the customer."""

import re
from typing import Literal

from invoice_engine.fields.context import Context
from invoice_engine.layout.document import in_one_column
from invoice_engine.layout.lines import Cell

Role = Literal["supplier", "customer"]

MAX_BLOCKS = 60
# A block reaches this far below its label, as a share of the page.
BLOCK = 0.16
# The sender's line above an address window: several short parts set apart, with a postal code among them.
SEPARATOR = re.compile(r"\s+[-–—·•|*●]\s+|\s*[·•|●]\s*|,\s+")
POSTAL_CODE = re.compile(r"\b(?:[A-Z]{1,2}-)?\d{4,5}(?:\s?[A-Z]{2})?\b")
WINDOW = 11.0  # text heights of an address below the sender's line
WINDOW_PAGE_TOP, WINDOW_PAGE_BOTTOM, WINDOW_LEFT = 0.06, 0.4, 0.35


class PartyBlocks:
    """The blocks that party labels head, and the address window below a sender's line."""

    def __init__(self, context: Context) -> None:
        self._document = context.document
        self._heads: list[tuple[Role, Cell]] = []
        for label in context.labels.named("supplier", "customer")[:MAX_BLOCKS]:
            self._heads.append(("supplier" if label.name == "supplier" else "customer", label.cell))
        self.sender_lines = [cell for cell in context.document.cells if cell.page == 0 and is_sender_line(cell)]
        self._owners: dict[tuple[int, int, float], Role | None] = {}

    def owner(self, cell: Cell) -> Role | None:
        """Whose block `cell` stands in: that of the nearest party label above it in its column, or beside it."""
        key = cell.page, cell.line, cell.box.left
        if key not in self._owners:
            self._owners[key] = self._find_owner(cell)
        return self._owners[key]

    def _find_owner(self, cell: Cell) -> Role | None:
        nearest: tuple[float, Role] | None = None
        for role, head in self._heads:
            distance = cell.box.top - head.box.top
            within = head.page == cell.page and head.line <= cell.line and distance <= BLOCK
            if within and self._belongs(head, cell) and (nearest is None or distance < nearest[0]):
                nearest = distance, role
        if nearest is not None:
            return nearest[1]
        reach = WINDOW * self._document.text_height
        for sender in self.sender_lines:
            gap = cell.box.top - sender.box.bottom
            aligned = abs(cell.box.left - sender.box.left) < 0.05
            if cell.page == sender.page and 0 <= gap <= reach and aligned:
                return "customer"
        return None

    def _belongs(self, head: Cell, cell: Cell) -> bool:
        """Whether `cell` is in the column of `head`, or beside it in a block of its own labels."""
        if head.line == cell.line:
            return cell is head or cell in self._document.right_of(head)[:1]
        alone = not self._document.right_of(head)
        indent = cell.box.left - head.box.left
        return in_one_column(head, cell) or 0 <= indent < (0.25 if alone else 0.05)


def is_sender_line(cell: Cell) -> bool:
    """Whether `cell` is a sender's address in one line, as printed above an address window."""
    if not WINDOW_PAGE_TOP < cell.box.top < WINDOW_PAGE_BOTTOM or cell.box.left > WINDOW_LEFT:
        return False
    parts = SEPARATOR.split(cell.text)
    if not 3 <= len(parts) <= 8 or any(map(str.isdigit, parts[0])):
        return False
    return any(POSTAL_CODE.search(part) for part in parts[1:])
