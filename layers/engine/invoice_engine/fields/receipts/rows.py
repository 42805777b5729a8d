"""The rows of a receipt: what the words of a line say of its amounts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from invoice_engine.fields.found import Found
from invoice_engine.fields.receipts.amounts import blurred_amounts, till_amounts, whole_amounts
from invoice_engine.fields.receipts.phrases import Hit, amount_hits
from invoice_engine.layout.document import Document
from invoice_engine.layout.lines import Cell
from invoice_engine.limits import Deadline

Role = Literal["payable", "total", "part", "net", "tax", "rounding", "tender", "change", "count", "other"]

MAX_ROWS, MAX_AMOUNTS = 300, 6  # a receipt has fewer, and fewer in a row
# What the words of a row make of its amount where none of them is for a sum; change may be mentioned with the money.
ALONE: tuple[Role, ...] = ("change", "part", "rounding", "tender", "count", "tax", "other")
# What may be said of an amount beside another one in the same line.
BESIDE_OTHERS = frozenset({"total", "payable", "part", "rounding", "tender", "change"})
# An amount alone in its line belongs to the words in the line above it, when that is this near (in text heights).
NEXT_LINE = 1.2

# OCR has to be this sure of an amount for it to count fully; its doubts alone do not rule one out.
SURE, LEAST_SURE = 0.75, 0.4

# "TOTAL 6% SUPPLIES" is that of one rate; behind the word for a tax a rate says nothing of the kind.
_PART_OF_TOTAL = re.compile(r"^\W{0,3}\w{0,2}(?:[.,]\d{1,2})?\s?%")


@dataclass(frozen=True, slots=True)
class Row:
    """A line with its words in one cell. `role` says what its amounts are, None if nothing does, as in rows of items.

    `amounts` have two decimals, `whole` may be amounts without any, `blurred` are those that lost their decimal mark.
    """

    cell: Cell
    role: Role | None
    amounts: tuple[Found, ...]
    whole: tuple[Found, ...]
    blurred: tuple[Found, ...]

    @property
    def has_letters(self) -> bool:
        return sum(map(str.isalpha, self.cell.text)) > 3


def rows_of(document: Document, deadline: Deadline) -> list[Row]:
    """The rows from top to bottom. Raises TooLarge when time is up."""
    rows: list[Row] = []
    for line in document.lines[:MAX_ROWS]:
        deadline.check()
        words = tuple(word for part in line.cells for word in part.words)
        rows.extend(_row(cell) for cell in _split(Cell(words, line.page, line.number)))
    return _joined(rows, document.text_height)


def _split(cell: Cell) -> list[Cell]:
    """The two halves of a line that has two amounts with words of their own, else all of it."""
    amounts = till_amounts(cell.text)
    for one, other in pairwise(amounts[:MAX_AMOUNTS]):
        if any(hit.kind in BESIDE_OTHERS for hit in amount_hits(cell.text[one.end : other.start])):
            count = len(cell.text[: one.end].split())
            return [Cell(words, cell.page, cell.line) for words in (cell.words[:count], cell.words[count:]) if words]
    return [cell]


def _row(cell: Cell) -> Row:
    text = cell.text
    amounts = [_weighed(one, cell) for one in till_amounts(text)[-MAX_AMOUNTS:]]
    label = text[: amounts[0].start] if amounts else text
    hits = amount_hits(label)
    return Row(
        cell,
        _role(hits, label, has_decimals=bool(amounts)),
        amounts=tuple(amounts),
        whole=() if amounts else tuple(whole_amounts(text)[-MAX_AMOUNTS:]),
        blurred=() if amounts else tuple(blurred_amounts(text)[-MAX_AMOUNTS:]),
    )


def _weighed(amount: Found, cell: Cell) -> Found:
    """`amount` with what OCR thinks of its own reading in the quality."""
    sure = cell.confidence_of(amount.start, amount.end)
    return replace(amount, quality=amount.quality * min(1.0, max(LEAST_SURE, sure / SURE)))


def _joined(rows: list[Row], height: float) -> list[Row]:
    """`rows` in which words without an amount got that of the line below, if it has nothing else."""
    result: list[Row] = []
    for row in rows:
        before = result[-1] if result else None
        if (
            before is not None
            and before.role is not None
            and not before.amounts
            and not before.whole
            and row.amounts
            and not row.has_letters
            and before.cell.page == row.cell.page
            and row.cell.box.top - before.cell.box.bottom < NEXT_LINE * height
        ):
            result[-1] = replace(row, role=before.role)
        else:
            result.append(row)
    return result


def _role(hits: list[Hit], label: str, *, has_decimals: bool) -> Role | None:
    """What the words of a row make of its amount; the first question that is answered decides."""
    kinds = [hit.kind for hit in hits]
    sums = [hit for hit in hits if hit.kind in {"total", "payable"}]
    if not sums:
        named = "change" if "change" in kinds else next((kind for kind in kinds if kind in ALONE), None)
        return next((role for role in ALONE if role == named), "net" if "exclusive" in kinds else None)
    questions: tuple[tuple[Role, bool], ...] = (
        ("change", "change" in kinds),
        ("count", "count" in kinds and not has_decimals),
        ("other", "other" in kinds and "payable" not in kinds),
        ("part", "part" in kinds or _PART_OF_TOTAL.match(label[sums[0].end :]) is not None),
        ("net", "exclusive" in kinds),
        ("tax", "tax" in kinds and not _mentions_tax_only(hits, label)),
        ("tender", "tender" in kinds and "payable" not in kinds),
        ("payable", "payable" in kinds or "rounding" in kinds),
    )
    return next((role for role, answer in questions if answer), "total")


def _mentions_tax_only(hits: list[Hit], label: str) -> bool:
    """Whether a sum says that tax is in it, as "total incl. VAT" and "total (GST)" do but "total VAT" does not."""
    first_sum = next(index for index, hit in enumerate(hits) if hit.kind in {"total", "payable"})
    first_tax = next(index for index, hit in enumerate(hits) if hit.kind == "tax")
    if first_tax < first_sum:
        return False
    between = label[hits[first_sum].end : hits[first_tax].start]
    behind = label[hits[first_tax].end : hits[first_tax].end + 2]
    return any(hit.kind == "inclusive" for hit in hits[first_sum:]) or "(" in between or ")" in behind


def with_role(rows: Iterable[Row], *roles: Role) -> list[Row]:
    return [row for row in rows if row.role in roles]
