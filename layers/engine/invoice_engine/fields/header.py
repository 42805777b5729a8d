"""Number, dates, type and references of an invoice."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import islice

from invoice_engine.fields.context import Context
from invoice_engine.fields.found import Found
from invoice_engine.fields.identifiers import find_ibans, find_numbers, find_vat_numbers
from invoice_engine.fields.labels import Label
from invoice_engine.fields.terms import due_from_terms
from invoice_engine.fields.titles import Title
from invoice_engine.fields.wrapped_numbers import whole_numbers
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import lexicon, match_key
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
# "FT 2026/7": the letters that name a series are part of the number, even before what looks like a date.
SERIES = re.compile(r"[\s:.#°º]*([A-Z]{1,4}) ((?:[A-Z]{1,3}/)?\d[\w/.-]*)(?![\w,])")
# "730 118 2245": a number in groups, and nothing else behind its label.
GROUPS = re.compile(r"[\s:.#°º]*(\d{1,5}(?: \d{2,5}){1,4})\s*")
# "nr 15/04/2026": a number by month and year, which only the word before it tells from a date.
LIKE_DATE = re.compile(
    r"\W*(?:[^\W\d_]{1,4}\s)?(?:nr|no|num|n[°º]|[cč])[.:]{0,2}\s?(\d{1,5}/\d{1,2}/\d{4})\W*", re.IGNORECASE
)
DAY_IN_GROUPS = re.compile(r"\d{1,2} \d{1,2} \d{2,4}")


def invoice_numbers(context: Context) -> list[Candidate]:
    found = []
    for seen in context.near(find_document_numbers, "invoice_number"):
        in_title = _shares_line(context, seen.label.cell)
        found.append(seen.candidate(LABEL_IN_TITLE_LINE if in_title and seen.label.weight < 1 else 1.0))
    for title in context.titles:
        found.extend(_numbers_of_title(context, title))
    found.extend(_numbers_of_columns(context))
    numbers = whole_numbers(context, found)
    return [_weighed_number(one) for one in numbers if not _is_other_identifier(str(one.value))]


def find_document_numbers(text: str) -> list[Found]:
    """What may be the number of a document; at its start also with the letters of a series, or in groups."""
    numbers = find_numbers(text)
    series = SERIES.match(text)
    if series and match_key(series[1]) not in lexicon().labels and series[1] not in lexicon().currency_codes:
        first = Found(f"{series[1]} {series[2].rstrip('.-/')}", series.start(1), series.end(2))
        return [first, *(one for one in numbers if one.start >= first.end)]
    groups = GROUPS.fullmatch(text)
    if groups and not DAY_IN_GROUPS.fullmatch(groups[1]):
        return [Found(groups[1], groups.start(1), groups.end(1))]
    return numbers


def issue_dates(context: Context) -> list[Candidate]:
    found = []
    for seen in context.near(context.dates, "issue_date"):
        in_title = _shares_line(context, seen.label.cell)
        found.append(seen.candidate(LABEL_IN_TITLE_LINE if in_title and seen.label.weight < 1 else 1.0))
    for title in context.titles:
        found.extend(_dates_of_title(context, title))
    return found or _unlabelled_dates(context)


def due_dates(context: Context, issued: date | None) -> list[Candidate]:
    """Dates labelled as due; without any, those that the payment terms lead to.

    One before the date of issue, or years after it, is doubtful.
    """
    found: list[Candidate] = []
    for seen in context.near(context.dates, "due_date"):
        if _is_part_of_title(context, seen.label):
            continue
        plausible = issued is None or (isinstance(seen.value, date) and issued <= seen.value <= issued + LONGEST_TERM)
        found.append(seen.candidate(1.0 if plausible else DUE_BEFORE_ISSUE))
    return found if found or issued is None else due_from_terms(context, issued)


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
    labels = [one for one in context.labels.within(cell) if one.name == "invoice_number" and one.start <= title.end + 1]
    by_month = number_like_date(title)
    if by_month is not None:
        yield Candidate(by_month.value, BEHIND_TITLE, cell.page, cell.box_of_span(by_month.start, by_month.end))
        return
    start = max([title.end, *(label.end for label in labels)])
    for found in find_document_numbers(cell.text[start:])[:1]:
        box = cell.box_of_span(start + found.start, start + found.end)
        yield Candidate(found.value, BEHIND_TITLE * found.quality, cell.page, box)
        return
    for place, cells in (
        (BESIDE_TITLE, context.document.right_of(cell)[:1]),
        (BELOW_TITLE, tuple(context.document.below(cell, TITLE_REACH))[:3]),
    ):
        for other in cells:
            if place is BELOW_TITLE and _is_of_other_label(context, title, other):
                continue
            numbers = find_document_numbers(other.text)
            if len(numbers) == 1 and _fills(other, numbers[0].end - numbers[0].start):
                yield Candidate(numbers[0].value, place * numbers[0].quality, other.page, other.box)


def _is_of_other_label(context: Context, title: Title, cell: Cell) -> bool:
    """Whether a label of something else stands between `title` and `cell`, right above `cell`."""
    above = context.document.above(cell)
    if above is None or above.line <= title.cell.line:
        return False
    head = context.labels.heads(above)
    return head is not None and head.name != "invoice_number" and head.end >= len(above.text.rstrip(" :.*"))


def _numbers_of_columns(context: Context) -> Iterable[Candidate]:
    """Numbers below a bare "No." in a row of headings, one of which is for the date of the document."""
    for label in context.labels.named("issue_date"):
        if label.cell.page or context.labels.in_table_heading(label) or label is not context.labels.heads(label.cell):
            continue
        for head in context.document.line_of(label.cell).cells:
            if match_key(head.text) not in lexicon().number_words:
                continue
            for cell in islice(context.document.below(head, TITLE_REACH), 1):
                numbers = find_document_numbers(cell.text)
                if len(numbers) == 1 and _fills(cell, numbers[0].end - numbers[0].start):
                    yield Candidate(numbers[0].value, BELOW_TITLE * numbers[0].quality, cell.page, cell.box)


def number_like_date(title: Title) -> Found | None:
    """The number behind a heading that ends its line and could be a date."""
    match = LIKE_DATE.fullmatch(title.cell.text, title.end)
    return Found(match[1], match.start(1), match.end(1)) if match else None


def _dates_of_title(context: Context, title: Title) -> Iterable[Candidate]:
    """Dates in the line of a heading, unless a label there says they are of something else."""
    for cell in context.document.line_of(title.cell).cells:
        if context.labels.within(cell) and cell is not title.cell:
            continue
        if any(label.name in {"other_date", "due_date"} for label in context.labels.within(cell)):
            continue
        if cell is title.cell and number_like_date(title) is not None:
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


def _is_part_of_title(context: Context, label: Label) -> bool:
    """Whether a label is a word of a heading, as in "avis d'échéance"."""
    return any(title.cell is label.cell and label.end <= title.end for title in context.titles)


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
