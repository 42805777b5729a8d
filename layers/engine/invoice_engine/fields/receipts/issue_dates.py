"""The date of a receipt: it rarely has a label, but often a time of day beside it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from invoice_engine.fields.context import Context
from invoice_engine.fields.dates import find_damaged_dates
from invoice_engine.fields.found import Found
from invoice_engine.fields.receipts.phrases import word_hits
from invoice_engine.fields.receipts.rows import Row
from invoice_engine.model import Candidate

# A date alone; what a label and a time of day beside it take from the doubt.
ALONE, LABELLED, WITH_TIME = 0.48, 0.65, 0.65
OF_SOMETHING_ELSE = 0.15
ONE_OF_A_RANGE = 0.5
# A figure before the date that OCR took for a sign: ©3/03/2017.
CUT_OFF, OPENING = 0.5, "([{:*#'\"|=-"
# Tills are not older than this, and later dates on a receipt are of what is still to come.
FIRST_YEAR, TOO_OLD = 2000, 0.3
MUCH_LATER, LATER = timedelta(days=30), 0.5
# Two dates that differ in one figure are one date, misread once; with years between them the earlier one is right.
MISREAD, LIKELY, MANY_YEARS = 0.45, 0.35, timedelta(days=5 * 365)
SURE = 0.85  # of its figures OCR has to be this sure for a date to count fully

_TIME = re.compile(
    r"(?<![\d.,:/])(?:[01]?\d|2[0-3])[:h][0-5]\d(?:[:.][0-5]\d)?\s?(?:[AaPp]\.?[Mm]\b)?(?![\d:/]|[.,]\d)"
)


@dataclass(frozen=True, slots=True)
class _Sighting:
    day: date
    score: float
    row: Row
    found: Found


def has_time(text: str) -> bool:
    """Whether a time of day is written in `text`."""
    return _TIME.search(text) is not None


def receipt_dates(context: Context, rows: list[Row]) -> list[Candidate]:
    """Candidates for the date of issue, from anywhere in the document."""
    sightings = list(_sightings(context, rows))
    likely = sorted({one.day for one in sightings if one.score >= LIKELY})
    return [
        Candidate(
            one.day,
            one.score * _doubt(one.day, likely, by_ocr=context.document.read_by_ocr),
            one.row.cell.page,
            one.row.cell.box_of_span(one.found.start, one.found.end),
        )
        for one in sightings
    ]


def _doubt(day: date, likely: list[date], *, by_ocr: bool) -> float:
    """What other likely dates leave of the certainty of `day`."""
    if by_ocr and any(_is_misreading(day, other) for other in likely):
        return MISREAD
    return LATER if likely and day - likely[0] > MUCH_LATER else 1.0


def _is_misreading(day: date, other: date) -> bool:
    """Whether two dates differ in one figure, so that one of them is likely the other one misread."""
    figures = zip(f"{day:%Y%m%d}", f"{other:%Y%m%d}", strict=True)
    return sum(one != another for one, another in figures) == 1 and abs(day - other) < MANY_YEARS


def _sightings(context: Context, rows: list[Row]) -> Iterator[_Sighting]:
    before = ""
    for row in rows:
        text = row.cell.text
        found = context.dates(text) or find_damaged_dates(text, context.date_order)
        days = {one.value for one in found}
        for one in found:
            if isinstance(one.value, date):
                score = _score(text, one, before) * (ONE_OF_A_RANGE if len(days) > 1 else 1.0)
                score *= min(1.0, row.cell.confidence_of(one.start, one.end) / SURE)
                yield _Sighting(one.value, score, row, one)
        before = text if not found else ""


def _score(text: str, found: Found, line_above: str) -> float:
    """How surely the date `found` in `text` is that of the sale."""
    label = text[: found.start]
    meant = _meaning(label) or (_meaning(line_above) if not any(map(str.isalpha, label)) else None)
    doubt = 1 - ALONE
    if meant == "date":
        doubt *= 1 - LABELLED
    if has_time(text[found.end :]) or has_time(label):
        doubt *= 1 - WITH_TIME
    score = (1 - doubt) * found.quality
    if meant == "other_date":
        score *= OF_SOMETHING_ELSE
    if label[-1:].strip(OPENING).strip() and not label[-1:].isalnum():
        score *= CUT_OFF
    return score * (TOO_OLD if isinstance(found.value, date) and found.value.year < FIRST_YEAR else 1.0)


def _meaning(label: str) -> str | None:
    """What the words before a date say it is of: date, other_date or nothing known; the last of them counts."""
    hits = sorted((*word_hits(label, "date"), *word_hits(label, "other_date")), key=lambda hit: (hit.end, hit.kind))
    return hits[-1].kind if hits else None
