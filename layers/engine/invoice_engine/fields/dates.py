"""Dates, numeric and with month names, in the languages of the lexicon."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal

from invoice_engine.fields.found import Found
from invoice_engine.lexicon import lexicon, squeeze

Order = Literal["dmy", "mdy"]
FIRST_YEAR, LAST_YEAR = 1990, 2100

_SEPARATOR = r"\s?[./\-]\s?"
_YEAR_FIRST = re.compile(r"(?<![\w.,/-])(\d{4})([./\-])(\d{1,2})\2(\d{1,2})(?![\d/-])")
_NUMERIC = re.compile(rf"(?<![\w.,/-])(\d{{1,2}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{4}}|\d{{2}})(?![\w/-])")
_ORDINAL = r"(?:st|nd|rd|th|er|º|°|ª)?"
_DAY_MONTH_YEAR = re.compile(
    rf"(?<!\w)(\d{{1,2}}){_ORDINAL}[.\s\-/]{{0,3}}(?:de\s|of\s)?([^\W\d_]{{3,12}})[.,\s\-/]{{0,3}}(?:del?\s)?(\d{{4}}|\d{{2}})(?!\w)"
)
_MONTH_DAY_YEAR = re.compile(
    rf"(?<!\w)([^\W\d_]{{3,12}})[.\s\-]{{1,2}}(\d{{1,2}}){_ORDINAL}[,\s\-.]{{1,3}}(\d{{4}})(?!\w)"
)
_YEAR_CJK = re.compile(r"(\d{4})\s?[年]\s?(\d{1,2})\s?[月]\s?(\d{1,2})\s?日")


def find_dates(text: str, order: Order = "dmy") -> list[Found]:
    """All dates in `text` from left to right. `order` decides numeric ones such as 03/04/2026."""
    found = [*_numeric(text, order), *_named(text)]
    for pattern in (_YEAR_FIRST, _YEAR_CJK):
        for match in pattern.finditer(text):
            groups = [group for group in match.groups() if group.isdigit()]
            _add(found, match, groups[0], groups[1], groups[2])
    return sorted(found, key=lambda one: one.start)


def order_of(texts: Iterable[str]) -> Order:
    """The order of day and month that the document's unambiguous dates follow; day first when they are silent."""
    day_first = month_first = 0.0
    for text in texts:
        for match in _NUMERIC.finditer(text):
            first, second = int(match[1]), int(match[2])
            day_first += first > 12 >= second
            month_first += second > 12 >= first
        # Who writes "March 3, 2026" writes 03/04/26 in the same order; a weaker hint than a number that decides.
        month_first += any(squeeze(match[1]) in lexicon().months for match in _MONTH_DAY_YEAR.finditer(text)) * 0.5
    return "mdy" if month_first > day_first else "dmy"


def _numeric(text: str, order: Order) -> list[Found]:
    found: list[Found] = []
    for match in _NUMERIC.finditer(text):
        first, second, year = match.groups()
        day, month = (first, second) if order == "dmy" else (second, first)
        if int(month) > 12:
            day, month = month, day
        _add(found, match, year, month, day)
    return found


def _named(text: str) -> list[Found]:
    months = lexicon().months
    found: list[Found] = []
    for match in _DAY_MONTH_YEAR.finditer(text):
        if month := months.get(squeeze(match[2])):
            _add(found, match, match[3], month, match[1])
    for match in _MONTH_DAY_YEAR.finditer(text):
        if month := months.get(squeeze(match[1])):
            _add(found, match, match[3], month, match[2])
    return found


def _add(found: list[Found], match: re.Match[str], year: str, month: str | int, day: str) -> None:
    full_year = int(year) + (2000 if len(year) == 2 else 0)
    if not FIRST_YEAR <= full_year <= LAST_YEAR:
        return
    try:
        value = date(full_year, int(month), int(day))
    except ValueError:
        return
    found.append(Found(value, match.start(), match.end(), 0.9 if len(year) == 2 else 1.0))
