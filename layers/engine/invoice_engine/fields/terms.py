"""Payment terms: how many days after the date of issue an invoice is due, said in words."""

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from invoice_engine.fields.context import Context
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import fold, lexicon
from invoice_engine.model import Candidate

LONGEST = 180  # days; whatever is longer is a guarantee or a contract
IN_WORDS, BESIDE_LABEL, AT_ONCE = 0.62, 0.58, 0.5
# The day that the terms lead to, printed somewhere without a label.
PRINTED_TOO = 0.85
MAX_TEXT = 600  # characters of one text that are looked at
MAX_TERMS = 20
NEAR = 2.5  # text heights between a label and the terms below it

# An abbreviation or a number goes on after its full stop; a sentence does not.
_SENTENCE_END = re.compile(r"[!?;]|(?<=\w{4})\.(?=\s)|(?<=\d)\.(?=\s+[A-ZÀ-Ž])")
_CLAUSE_END = re.compile(r",(?=\s)|/(?=\s)|\s-\s")
_DISCOUNT = re.compile(r"\d\s?%")


@dataclass(frozen=True, slots=True)
class Term:
    """`text[start:end]` says that payment is due `days` after the issue, or at the end of the month of that day."""

    days: int
    start: int
    end: int
    end_of_month: bool = False

    def due(self, issued: date) -> date:
        day = issued + timedelta(days=self.days)
        if not self.end_of_month:
            return day
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def due_from_terms(context: Context, issued: date) -> list[Candidate]:
    """Due dates that the document's payment terms lead to, if it was issued on `issued`.

    A day that is printed somewhere has its place; the others are derived, and have the place of the terms.
    """
    return [_candidate(context, cell, term, term.due(issued), score) for cell, term, score in _terms_of(context)]


def find_terms(text: str, *, of_payment: bool = False) -> list[Term]:
    """The terms of payment in `text`; the terms of a discount, of interest or of a guarantee are not among them.

    A sentence must speak of paying, unless it is known to (`of_payment`), because a label beside it does.
    """
    found: list[Term] = []
    folded = fold(text[:MAX_TEXT])
    for start, sentence in _parts(folded, 0, _SENTENCE_END):
        if _patterns().other.search(sentence) or not (of_payment or _patterns().payment.search(sentence)):
            continue
        in_days = [
            term
            for place, clause in _parts(sentence, start, _CLAUSE_END)
            if not _DISCOUNT.search(clause)
            for term in _days_in(clause, place)
        ]
        found.extend(in_days or _at_once_in(sentence, start))
    return found[:MAX_TERMS]


def _terms_of(context: Context) -> Iterator[tuple[Cell, Term, float]]:
    """Terms in a cell that speaks of paying, and terms beside or below a cell that does and says no more."""
    for cell in context.document.cells:
        context.deadline.check()
        patterns = _patterns()
        folded = fold(cell.text[:MAX_TEXT])
        if not (patterns.days.search(folded) or patterns.net.search(folded) or patterns.at_once.search(folded)):
            continue
        terms = find_terms(cell.text)
        labelled = not terms and _is_labelled(context, cell)
        for term in find_terms(cell.text, of_payment=True) if labelled else terms:
            yield cell, term, AT_ONCE if not term.days else BESIDE_LABEL if labelled else IN_WORDS


def _is_labelled(context: Context, cell: Cell) -> bool:
    """Whether the cell to the left of `cell`, or the one above it, speaks of paying."""
    cells = context.document.line_of(cell).cells
    position = cells.index(cell)
    beside = cells[position - 1] if position else None
    above = context.document.above(cell, NEAR)
    return any(
        one is not None and _patterns().payment.search(fold(one.text)) and not _patterns().other.search(fold(one.text))
        for one in (beside, above)
    )


def _candidate(context: Context, cell: Cell, term: Term, due: date, score: float) -> Candidate:
    for other in context.document.cells:
        for found in context.dates(other.text):
            if found.value == due and term.days:
                box = other.box_of_span(found.start, found.end)
                return Candidate(due, PRINTED_TOO, other.page, box)
    return Candidate(due, score, cell.page, cell.box_of_span(term.start, term.end), "derived")


def _days_in(clause: str, offset: int) -> Iterator[Term]:
    patterns = _patterns()
    end_of_month = patterns.end_of_month.search(clause) is not None
    matches = [(match, 7 if match["week"] else 1) for match in patterns.days.finditer(clause)]
    matches = matches or [(match, 1) for match in patterns.net.finditer(clause)]
    for match, unit in matches:
        days = int(match["number"]) * unit
        if days <= LONGEST:
            yield Term(days, offset + match.start(), offset + match.end(), end_of_month)


def _at_once_in(sentence: str, offset: int) -> Iterator[Term]:
    match = _patterns().at_once.search(sentence)
    if match and not _DISCOUNT.search(sentence):
        yield Term(0, offset + match.start(), offset + match.end())


def _parts(text: str, offset: int, end: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The parts of `text` between the matches of `end`, and where they begin, counted from `offset`."""
    start = 0
    for match in end.finditer(text):
        yield offset + start, text[start : match.start()]
        start = match.end()
    yield offset + start, text[start:]


@dataclass(frozen=True, slots=True)
class _Patterns:
    days: re.Pattern[str]
    net: re.Pattern[str]
    end_of_month: re.Pattern[str]
    at_once: re.Pattern[str]
    payment: re.Pattern[str]
    other: re.Pattern[str]


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    words = lexicon().terms
    number = r"(?<![\w.,/%+-])(?P<number>\d{1,3})\)?"
    days, weeks = _any_of(words["days"]), _any_of(words["weeks"])
    return _Patterns(
        days=re.compile(rf"{number}\s?-?\s?(?:\w{{4,12}}\s)?(?:(?P<week>{weeks})|{days})(?!\w)"),
        net=re.compile(rf"(?<!\w){_any_of(words['net'])}\s{number}(?![\w%]|[.,]\d|\s?%|\s\d)"),
        end_of_month=re.compile(rf"(?<!\w){_any_of(words['end_of_month'])}(?!\w)"),
        at_once=re.compile(rf"(?<!\w){_any_of(words['at_once'])}(?!\w)"),
        payment=re.compile(rf"(?<!\w){_any_of(words['payment'])}"),
        other=re.compile(rf"(?<!\w){_any_of(words['other'])}"),
    )


def _any_of(phrases: Iterable[str]) -> str:
    longest_first = sorted(map(fold, phrases), key=lambda phrase: (-len(phrase), phrase))
    return "(?:" + "|".join(re.escape(phrase).replace(r"\ ", r"\s") for phrase in longest_first) + ")"
