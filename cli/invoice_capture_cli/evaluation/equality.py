"""When a value that was found is the one that is wanted.

Money is compared to the cent by absolute value, dates by day, identifiers without punctuation and case, VAT numbers
with or without the prefix of their country, suppliers without their legal form (one may begin the other).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from invoice_capture_cli.evaluation.labels import Line

MONEY = frozenset({"total", "subtotal", "tax_total", "gross_amount"})
DATES = frozenset({"date", "due_date"})
# A shorter text begins too many others.
_SHORTEST_BEGINNING = 4
_LEGAL_FORM = re.compile(r"(?:gmbhcokg|gmbh|limited|ltd|inc|llc|bv|nv|sarl|sas|sa|ag|kg|plc|sdnbhd|spa|srl|sl)$")
_COUNTRY = re.compile(r"^[a-z]{2}")


def same_value(field: str, wanted: str, given: str | None) -> bool:
    """Whether ``given`` is right for ``field``; nothing is never right."""
    if given in (None, ""):
        return False
    if field in MONEY:
        return _same_number(wanted, given, "0.01")
    if field in DATES:
        return given[:10] == wanted
    if field == "currency":
        return given.upper() == wanted
    one, other = squeezed(wanted), squeezed(given)
    if field == "vat_number":
        return _COUNTRY.sub("", one) == _COUNTRY.sub("", other)
    if field == "supplier":
        return _one_begins(_LEGAL_FORM.sub("", one), _LEGAL_FORM.sub("", other))
    return one == other


def same_line(wanted: Line, found: Line, *, exact: bool = False) -> bool:
    """Whether description, quantity and amount of a line item are right; what is not known of it is not asked.

    The remarks below an item belong to its description or do not, which is nowhere laid down: one description may
    begin the other, unless ``exact``.
    """
    if exact and squeezed(wanted.get("description", "")) != squeezed(found.get("description", "")):
        return False
    return all(same_in_line(name, wanted, found) for name in ("description", "quantity", "amount"))


def same_in_line(name: str, wanted: Line, found: Line) -> bool:
    """Whether ``name``, one of description, quantity and amount, is right or not known."""
    if name == "description":
        return _one_begins(squeezed(wanted.get(name, "")), squeezed(found.get(name, "")))
    places = "0.01" if name == "amount" else "0.0001"
    return name not in wanted or _same_number(wanted[name], found.get(name, ""), places)


def missed_lines(wanted: Sequence[Line], found: Sequence[Line], *, exact: bool = False) -> list[Line]:
    """The wanted lines that were not found; each found line stands for one wanted line."""
    remaining, missed = list(found), []
    for line in wanted:
        match = next((place for place, one in enumerate(remaining) if same_line(line, one, exact=exact)), None)
        if match is None:
            missed.append(line)
        else:
            del remaining[match]
    return missed


def squeezed(text: str) -> str:
    """``text`` without spaces, punctuation, accents and case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", text)).lower()


def _one_begins(one: str, other: str) -> bool:
    long_enough = min(len(one), len(other)) >= _SHORTEST_BEGINNING
    return one == other or (long_enough and (one.startswith(other) or other.startswith(one)))


def _same_number(wanted: str, given: str, places: str) -> bool:
    try:
        one, other = (abs(Decimal(text)).quantize(Decimal(places)) for text in (wanted, given))
    except InvalidOperation:
        return False
    return one == other
