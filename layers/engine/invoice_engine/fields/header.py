"""Number, dates, type and references of an invoice."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from invoice_engine.fields.context import Context
from invoice_engine.fields.identifiers import find_ibans, find_numbers, find_vat_numbers
from invoice_engine.fields.titles import Title
from invoice_engine.layout.lines import Cell
from invoice_engine.model import Candidate

# A number or date that follows a heading needs no label of its own.
BEHIND_TITLE, BESIDE_TITLE, BELOW_TITLE = 0.85, 0.6, 0.78
# "No." and "of" gain certainty in the line of the heading.
LABEL_IN_TITLE_LINE = 1.6
TITLE_REACH = 4.0  # text heights below a heading
UNLABELLED_DATE = 0.42
TOP = 0.45  # dates without label count in this upper share of the first page only
LONGEST_TERM = timedelta(days=400)
DUE_BEFORE_ISSUE = 0.6
YEAR = re.compile(r"(?:19|20)\d\d")


def invoice_numbers(context: Context) -> list[Candidate]:
    found = []
    for seen in context.near(find_numbers, "invoice_number"):
        in_title = _shares_line(context, seen.label.cell)
        found.append(seen.candidate(LABEL_IN_TITLE_LINE if in_title and seen.label.weight < 1 else 1.0))
    for title in context.titles:
        found.extend(_numbers_of_title(context, title))
    return [_weighed_number(one) for one in found if not _is_other_identifier(str(one.value))]


def issue_dates(context: Context) -> list[Candidate]:
    found = []
    for seen in context.near(context.dates, "issue_date"):
        in_title = _shares_line(context, seen.label.cell)
        found.append(seen.candidate(LABEL_IN_TITLE_LINE if in_title and seen.label.weight < 1 else 1.0))
    for title in context.titles:
        found.extend(_dates_of_title(context, title))
    return found or _unlabelled_dates(context)


def due_dates(context: Context, issued: date | None) -> list[Candidate]:
    """Dates labelled as due. One before the date of issue, or years after it, is doubtful."""
    found = []
    for seen in context.near(context.dates, "due_date"):
        plausible = issued is None or (isinstance(seen.value, date) and issued <= seen.value <= issued + LONGEST_TERM)
        found.append(seen.candidate(1.0 if plausible else DUE_BEFORE_ISSUE))
    return found


def references(context: Context, name: str) -> list[Candidate]:
    """Values labelled as `name`: purchase_order or payment_reference."""
    return [seen.candidate() for seen in context.near(find_numbers, name) if not _is_other_identifier(str(seen.value))]


def document_types(context: Context, *, negative_total: bool) -> list[Candidate]:
    """The kinds of document the headings name; the tallest heading, and the first of these, says it best."""
    found = [
        Candidate(title.kind, 0.9 if title.end >= len(title.cell.text) - 2 else 0.75, 0, title.cell.box)
        for title in sorted(context.titles, key=lambda title: -round(title.height, 3))[:1]
    ]
    credit = [title for title in context.titles if title.kind == "credit_note"]
    if credit and found[0].value != "credit_note":
        found.append(Candidate("credit_note", 0.5, 0, credit[0].cell.box))
    if negative_total:
        found.append(Candidate("credit_note", 0.95, source="derived"))
    elif not found:
        found.append(Candidate("invoice", 0.6, source="derived"))
    return found


def _numbers_of_title(context: Context, title: Title) -> Iterable[Candidate]:
    cell = title.cell
    for found in find_numbers(cell.text):
        if found.start >= title.end:
            box = cell.box_of_span(found.start, found.end)
            yield Candidate(found.value, BEHIND_TITLE * found.quality, cell.page, box)
            return
    for place, cells in (
        (BESIDE_TITLE, context.document.right_of(cell)[:1]),
        (BELOW_TITLE, tuple(context.document.below(cell, TITLE_REACH))[:3]),
    ):
        for other in cells:
            numbers = find_numbers(other.text)
            if len(numbers) == 1 and _fills(other, numbers[0].end - numbers[0].start):
                yield Candidate(numbers[0].value, place * numbers[0].quality, other.page, other.box)


def _dates_of_title(context: Context, title: Title) -> Iterable[Candidate]:
    """Dates in the line of a heading, unless a label there says they are of something else."""
    for cell in context.document.line_of(title.cell).cells:
        if context.labels.within(cell) and cell is not title.cell:
            continue
        if any(label.name in {"other_date", "due_date"} for label in context.labels.within(cell)):
            continue
        for found in context.dates(cell.text)[:1]:
            box = cell.box_of_span(found.start, found.end)
            yield Candidate(found.value, BESIDE_TITLE, cell.page, box)


def _unlabelled_dates(context: Context) -> list[Candidate]:
    """Without any label, the first date at the top that stands alone is likely the date of issue."""
    for line in context.document.lines_on(0):
        for cell in line.cells:
            if line.box.top > TOP or context.labels.within(cell):
                continue
            for found in context.dates(cell.text)[:1]:
                box = cell.box_of_span(found.start, found.end)
                return [Candidate(found.value, UNLABELLED_DATE, cell.page, box)]
    return []


def _shares_line(context: Context, cell: Cell) -> bool:
    return any(title.cell.page == cell.page and title.cell.line == cell.line for title in context.titles)


def _fills(cell: Cell, length: int) -> bool:
    """Whether a value of `length` characters is nearly all there is in `cell`."""
    return len(cell.text) - length <= 4


def _is_other_identifier(value: str) -> bool:
    """Whether a number is plainly that of an account or of a tax payer."""
    return any(
        len(str(found.value)) >= len(value) - 1 for find in (find_ibans, find_vat_numbers) for found in find(value)
    )


def _weighed_number(candidate: Candidate) -> Candidate:
    if not YEAR.fullmatch(str(candidate.value)):
        return candidate
    return Candidate(candidate.value, candidate.confidence * 0.4, candidate.page, candidate.box)
