"""Amounts of money in every common notation, with the document's own evidence deciding the ambiguous ones."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from invoice_engine.fields.found import Found
from invoice_engine.model import trimmed

DecimalMark = Literal[".", ","]
SPACES = " \u00a0\u202f\u2009"
MAX_DIGITS = 15

_SIGNS = "-\u2212\u2013"
_SIGN = frozenset(_SIGNS)
_CURRENCY = r"(?:[A-Z]{3}|(?:US|CA|AU|NZ|HK|MX|SG|R|A|C|S)\$|[€$£¥₹₺₴₩₪฿]|Rs\.?|zł|Kč|Ft|kr\.?|RM|R(?=\s?\d))"
_BODY = (
    rf"(?:\d{{1,3}}(?:[.,'’{SPACES}]\d{{3}})+(?:[.,]\d{{1,4}})?"  # grouped by thousands
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d{1,4})?"  # grouped by lakh
    r"|\d+[.,]\d{1,6}"
    r"|\d+)"
)
_AMOUNT = re.compile(
    rf"(?<![\w.,/#%])(?P<before>[{_SIGNS}(]?\s?{_CURRENCY}?\s?[{_SIGNS}]?\s?)(?P<body>{_BODY})"
    rf"(?P<after>(?:,[-–]{{1,2}}|\.[-–]{{1,2}}|[)\-](?![\w]))?)(?![\w%/°]|[.,:]\d|\s?%)"
)
_DIGIT = re.compile(r"\d")
_MARK = re.compile(r"[.,]")
_GROUPING = re.compile(rf"['’{SPACES}]")
_RATE = re.compile(r"(?<![\w.,])(\d{1,3}(?:[.,]\d{1,4})?)\s?%")


def find_amounts(text: str, decimal_mark: DecimalMark | None = None) -> list[Found]:
    """All amounts in `text`, signs and currency included in their span; quality is lower without decimals.

    `decimal_mark` decides what `1.234` and `1,234` are; without it their separator groups thousands.
    """
    results: list[Found] = []
    if not _DIGIT.search(text):
        return results
    for match in _AMOUNT.finditer(text):
        number = _interpret(match["body"], decimal_mark)
        if number is None:
            continue
        before, after = match["before"], match["after"]
        negative = not _SIGN.isdisjoint(before) or after == "-" or ("(" in before and after == ")")
        start = match.start() + len(before) - len(before.lstrip())
        has_decimals = -int(number.as_tuple().exponent) == 2 or after in {",-", ",--", ".-", ".--"}
        one_decimal = number.as_tuple().exponent == -1
        quality = 1.0 if has_decimals else 0.75 if one_decimal else 0.6 if before.strip(_SIGNS + "( ") else 0.35
        results.append(Found(-number if negative else number, start, match.end(), quality))
    return results


def find_rates(text: str) -> list[Found]:
    """All percentages in `text`."""
    if "%" not in text:
        return []
    return [
        Found(trimmed(Decimal(match[1].replace(",", "."))), match.start(), match.end())
        for match in _RATE.finditer(text)
        if match[1].isascii()
    ]


def decimal_mark_of(texts: Iterable[str]) -> DecimalMark | None:
    """The decimal mark that the unambiguous numbers of a document use; None when they are silent or in balance."""
    votes = {".": 0, ",": 0}
    for text in texts:
        if not _MARK.search(text):
            continue
        for match in _AMOUNT.finditer(text):
            body = match["body"]
            last = max(body.rfind("."), body.rfind(","))
            if last >= 0 and len(body) - last - 1 in (1, 2):
                votes[body[last]] += 1
    if votes["."] == votes[","]:
        return None
    return "." if votes["."] > votes[","] else ","


def _interpret(body: str, decimal_mark: DecimalMark | None) -> Decimal | None:
    compact = _GROUPING.sub("", body)
    if not compact.isascii() or (len(compact) > MAX_DIGITS and sum(map(str.isdigit, compact)) > MAX_DIGITS):
        return None
    mark = _decimal_mark(compact, decimal_mark)
    whole, _, fraction = compact.partition(mark) if mark else (compact, "", "")
    digits = _MARK.sub("", whole)
    return Decimal(f"{digits}.{fraction}" if fraction else digits)


def _decimal_mark(compact: str, document: DecimalMark | None) -> str:
    """Which separator of `compact` is its decimal mark; empty when all of them group digits."""
    points, commas = compact.count("."), compact.count(",")
    if not points and not commas:
        return ""
    place = max(compact.rfind("."), compact.rfind(","))
    last = compact[place]
    if points and commas:
        return last if compact.count(last) == 1 else ""
    if points + commas > 1:
        return ""
    if len(compact) - place - 1 != 3:
        return last
    return last if last == document or compact.startswith("0") else ""
