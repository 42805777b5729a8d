"""Postal addresses set as blocks: lines below each other, aligned, with a postal code and a town among them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from invoice_engine.fields.context import Context
from invoice_engine.fields.identifiers import find_vat_numbers
from invoice_engine.fields.labels import PARTIES, Label
from invoice_engine.layout.document import ALIGNED
from invoice_engine.layout.lines import Cell, TextLine
from invoice_engine.lexicon import lexicon, match_key

# A postal code beside a name of a town, as countries write them; each needs letters next to it.
POSTAL_CODE = re.compile(
    r"(?<![\w.,/-])(?:[A-Z]{1,3}[- ])?\d{4,5}(?:-\d{3})?,?\s+[^\W\d_]{2}"  # 01234 Town, A-1010 Town, 4000-999 Town
    r"|(?<![\w.,/-])(?:[A-Z]{1,2}-)?\d{2}-\d{3}\s+[^\W\d_]{2}"  # 00-999 Town
    r"|(?<![\w.,/-])(?:[A-Z]{1,2}-)?\d{3}\s\d{2}\s+[^\W\d_]{2}"  # 123 45 Town
    r"|(?<![\w.,/-])\d{4}\s?[A-Z]{2}\s+[^\W\d_]{2}"  # 1234 AB Town
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"  # Town AB1 2CD
    r"|\b[A-Z]\d[\dW]\s?[A-Z\d]{4}\b"  # Town D02 X285
    r"|,?\s[A-Z]{2}\s+\d{5}(?:-\d{4})?\b"  # Town, ST 12345
    r"|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d\b"  # Town, PR A1B 2C3
    r"|\s(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT),?\s+\d{4}\b"  # Town NSW 1234
    r"|[^\W\d_]{3},?\s+\d{5}(?:-\d{4})?$"  # Town, State 12345
)
PAGE_SHARE = 0.5  # addresses of the parties stand in this upper share of the first page
SPACING = 1.3  # heights of a line between it and the next one of its block
MAX_LINES = 10
MAX_ADDRESSES = 40
MAX_OPEN = 60  # blocks that a line is compared with, the latest ones
FEWEST_COLUMNS = 3
# Labels of the document's own data end an address; those of a party's data belong to it.
_OF_DOCUMENT = frozenset(
    {
        "invoice_number", "issue_date", "due_date", "other_date", "column", "subtotal", "tax_total", "total",
        "amount_due", "payment_reference", "purchase_order", "currency",
    }
)  # fmt: skip
# Labels that are also ordinary words.
_WORDS_OF_NAMES = frozenset({"other_amount", "other_date", "column", "total", "subtotal", "amount_due"})


@dataclass(frozen=True)
class Address:
    """The cells of a block from top to bottom."""

    cells: tuple[Cell, ...]

    @cached_property
    def heading(self) -> str | None:
        """Whose address it is, if its first line is a word for a party."""
        meaning = lexicon().labels.get(match_key(self.cells[0].text))
        return meaning.name if meaning and meaning.name in PARTIES else None

    @cached_property
    def body(self) -> tuple[Cell, ...]:
        """Its lines without headings: words for a party, and what ends in a colon."""
        start = int(self.heading is not None or self.cells[0].text.endswith(":"))
        return self.cells[start:]

    @property
    def top(self) -> float:
        return self.cells[0].box.top

    @cached_property
    def places(self) -> frozenset[tuple[int, float]]:
        """The lines and left edges of its cells."""
        return frozenset((cell.line, cell.box.left) for cell in self.cells)


def addresses_in(context: Context) -> list[Address]:
    """The blocks with an address at the top of the first page, in reading order."""
    blocks = (block for block in _blocks(context) if any(_has_postal_code(context, cell) for cell in block[1:]))
    return [Address(tuple(block)) for block in islice(blocks, MAX_ADDRESSES)]


def is_salutation(text: str) -> bool:
    """Whether a line of an address says only how to speak to somebody, or to whose hands it goes."""
    return match_key(text) in lexicon().salutations


def is_labelled(cell: Cell, label: Label | None) -> bool:
    """Whether `cell` is the `label` it begins with, or has it before a value; firms are named with such words too."""
    if label is None:
        return False
    rest = cell.text[label.end :].strip()
    part_of_name = rest[:1].isalpha() and label.name in _WORDS_OF_NAMES
    part_of_street = rest[:1].isalnum() and label.name == "column"  # "Unit 3, Mill Lane"
    return not part_of_name and not part_of_street


def ends_party(context: Context, cell: Cell) -> bool:
    """Whether `cell` begins with a label of the document's own data, so that it is part of no party's block."""
    head = context.labels.heads(cell)
    if head is None or head.name not in _OF_DOCUMENT or find_vat_numbers(cell.text):
        return False
    return is_labelled(cell, head)


def _has_postal_code(context: Context, cell: Cell) -> bool:
    """Whether `cell` has a postal code; behind one of several labels a number is one of theirs."""
    return POSTAL_CODE.search(cell.text) is not None and len(context.labels.within(cell)) <= 1


def _blocks(context: Context) -> Iterator[list[Cell]]:
    titles = {(title.cell.line, title.cell.box.left) for title in context.titles}
    open_blocks: list[list[Cell]] = []
    reach = SPACING * context.document.text_height
    for line in context.document.lines_on(0):
        if line.box.top > PAGE_SHARE or _heads_items(context, line):
            break
        for cell in line.cells:
            if ends_party(context, cell) or (cell.line, cell.box.left) in titles:
                continue
            new = is_salutation(cell.text)  # nobody is greeted in the middle of an address
            block = (
                None if new else next((one for one in open_blocks[-MAX_OPEN:] if _continues(one, cell, reach)), None)
            )
            if block is None:
                open_blocks.append([cell])
            else:
                block.append(cell)
    yield from (block for block in open_blocks if len(block) > 1)


def _heads_items(context: Context, line: TextLine) -> bool:
    """Whether `line` heads the table of items, below which no address of the parties stands."""
    if len(line.cells) < FEWEST_COLUMNS:
        return False
    heads = (context.labels.heads(cell) for cell in line.cells)
    return sum(head is not None and head.name == "column" for head in heads) >= FEWEST_COLUMNS


def _continues(block: list[Cell], cell: Cell, reach: float) -> bool:
    last = block[-1].box
    gap = cell.box.top - last.bottom
    height = last.bottom - last.top
    aligned = (
        abs(cell.box.left - last.left),
        abs(cell.box.right - last.right),
        abs((cell.box.left + cell.box.right - last.left - last.right) / 2),
    )
    return len(block) < MAX_LINES and -height < gap < max(reach, SPACING * height) and min(aligned) < ALIGNED
