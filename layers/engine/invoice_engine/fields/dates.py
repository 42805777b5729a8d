"""Dates, numeric and with month names, in the languages of the lexicon."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Literal

from invoice_engine.fields.found import Found
from invoice_engine.lexicon import lexicon, match_key

Order = Literal["dmy", "mdy"]
FIRST_YEAR, LAST_YEAR = 1990, 2100

_SEPARATOR = r"\s?[./\-]\s?"
# What follows makes it a time of day ("12.17.26 PM"), or a telephone number ("06.12.34.56.78").
_NO_DATE = r"(?!\s?[AaPp]\.?\s?[Mm]\b|\.\d)"
_YEAR_FIRST = re.compile(r"(?<![\w.,/-])(\d{4})([./\-])(\d{1,2})\2(\d{1,2})(?![\d/-])")
_NUMERIC = re.compile(
    rf"(?<![\w.,/-])(\d{{1,2}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{4}}|\d{{2}})(?![\w/-]){_NO_DATE}"
)
_ORDINAL = r"(?:st|nd|rd|th|er|º|°|ª)?"
_DAY_MONTH_YEAR = re.compile(
    rf"(?<!\w)(\d{{1,2}}){_ORDINAL}[.\s\-/]{{0,3}}(?:de\s|of\s)?([^\W\d_]{{3,12}})[.,\s\-/]{{0,3}}(?:del?\s)?['’]?(\d{{4}}|\d{{2}})(?!\w)"
)
_MONTH_DAY_YEAR = re.compile(
    rf"(?<!\w)([^\W\d_]{{3,12}})[.\s\-]{{1,2}}(\d{{1,2}}){_ORDINAL}[,\s\-.]{{1,3}}(\d{{4}})(?!\w)"
)
# Figures as OCR reads them; a mark read as a comma, or not at all; the time set close to the year.
_FIGURE = "[0-9OoQDlIi|SsBZz]"
_DAMAGED = re.compile(
    rf"(?<![\w.,/-])({_FIGURE}{{1,2}})\s?[./,\-]\s?({_FIGURE}{{1,2}})\s?"
    rf"(?:[./,\-]\s?({_FIGURE}{{4}})|[./\-]\s?({_FIGURE}{{2}}))(?![\w/-]|\s?%){_NO_DATE}"
)
_MARK_LOST = re.compile(r"(?<![\w.,/-])(\d\d)(?:[./-](\d\d)|(\d\d)[./-])(20\d\d)(?![\w/-])")
_BEFORE_TIME = re.compile(r"(?<![\w.,/-])(\d\d)[./-](\d\d)[./-](20\d\d|\d\d)(?=[0-2]\d:[0-5]\d)")
_COMPACT = re.compile(r"(?<![\w.,/:-])(20\d\d)([01]\d)([0-3]\d)(?![\w/-]|[.,]\d)")
_FIGURES = str.maketrans("OoQDlIi|SsBZz", "0000111155822")
FEWEST_FIGURES = 4  # of a damaged date that OCR did read as figures
REPAIRED, COMPACT = 0.7, 0.6
# "84" is no year of an invoice; more likely the numbers are no date.
LAST_SHORT_YEAR = 60
SHORT_YEAR, UNLIKELY_YEAR = 0.9, 0.4
# Without Delaware, whose sign is that of Germany.
US_STATES = (
    r"A[KLRZ]|C[AOT]|DC|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
)
# An address as in "Springfield, IL 62701" is one of the United States, where the month comes first.
_US_ADDRESS = re.compile(
    rf",?\s(?:{US_STATES})"
    r",?\s\d{5}(?:-\d{4})?(?!\d)"
)
_DIGIT = re.compile(r"\d")  # no date is without
_YEAR = re.compile(r"\d{4}")  # or the beginning of a postal code
_YEAR_CJK = re.compile(r"(\d{4})\s?[年]\s?(\d{1,2})\s?[月]\s?(\d{1,2})\s?日")


def find_dates(text: str, order: Order = "dmy") -> list[Found]:
    """All dates in `text` from left to right. `order` decides numeric ones such as 03/04/2026."""
    if not _DIGIT.search(text):
        return []
    found = [*_numeric(text, order), *_named(text)]
    for pattern in (_YEAR_FIRST, _YEAR_CJK):
        for match in pattern.finditer(text):
            groups = [group for group in match.groups() if group.isdigit()]
            _add(found, match, groups[0], groups[1], groups[2])
    return sorted(found, key=lambda one: one.start)


def find_damaged_dates(text: str, order: Order = "dmy") -> list[Found]:
    """Dates that `find_dates` does not see, because OCR damaged them or they have no separators ("20260302")."""
    repaired: list[Found] = []
    for pattern in (_DAMAGED, _MARK_LOST, _BEFORE_TIME):
        for match in pattern.finditer(text):
            if sum(map(str.isdigit, match[0])) >= FEWEST_FIGURES:
                first, second, year = (group.translate(_FIGURES) for group in match.groups() if group)
                day, month = _in_order(first, second, order)
                _add(repaired, match, year, month, day)
    compact: list[Found] = []
    for match in _COMPACT.finditer(text):
        _add(compact, match, match[1], match[2], match[3])
    found = [replace(one, quality=one.quality * REPAIRED) for one in repaired]
    found += [replace(one, quality=COMPACT) for one in compact]
    known = [(one.start, one.end) for one in find_dates(text, order)]
    new = (one for one in found if not any(one.start < end and start < one.end for start, end in known))
    return sorted(new, key=lambda one: one.start)


def order_of(texts: Iterable[str]) -> Order:
    """The order of day and month that the document's unambiguous dates follow; day first when they are silent."""
    day_first = month_first = 0.0
    for text in texts:
        if not _DIGIT.search(text):
            continue
        for match in _NUMERIC.finditer(text):
            first, second = int(match[1]), int(match[2])
            day_first += first > 12 >= second
            month_first += second > 12 >= first
        if not _YEAR.search(text):
            continue
        # Who writes "March 3, 2026" writes 03/04/26 in the same order; a weaker hint than a number that decides.
        month_first += any(match_key(match[1]) in lexicon().months for match in _MONTH_DAY_YEAR.finditer(text)) * 0.5
        month_first += 0.25 if _US_ADDRESS.search(text) else 0.0
    return "mdy" if month_first > day_first else "dmy"


def _numeric(text: str, order: Order) -> list[Found]:
    found: list[Found] = []
    for match in _NUMERIC.finditer(text):
        first, second, year = match.groups()
        day, month = _in_order(first, second, order)
        _add(found, match, year, month, day)
    return found


def _in_order(first: str, second: str, order: Order) -> tuple[str, str]:
    """Day and month; the other way round where only that is possible."""
    day, month = (first, second) if order == "dmy" else (second, first)
    return (month, day) if int(month) > 12 else (day, month)


def _named(text: str) -> list[Found]:
    months = lexicon().months
    found: list[Found] = []
    for match in _DAY_MONTH_YEAR.finditer(text):
        if month := months.get(match_key(match[2])):
            _add(found, match, match[3], month, match[1])
    for match in _MONTH_DAY_YEAR.finditer(text):
        if month := months.get(match_key(match[1])):
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
    quality = 1.0 if len(year) == 4 else SHORT_YEAR if int(year) <= LAST_SHORT_YEAR else UNLIKELY_YEAR
    found.append(Found(value, match.start(), match.end(), quality))
