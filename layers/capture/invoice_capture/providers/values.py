"""Values of answers, parsed once at the edge. What cannot be understood is None: it is never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from invoice_capture.domain.invoice import InvoiceField, Reading, Value

_LONGEST_TEXT = 2000
_LARGEST_EXPONENT = 18
_MOST_CANDIDATES = 10
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
# Only symbols of a single currency: a dollar or a krone sign names none.
_SYMBOLS = {"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "zł": "PLN", "Kč": "CZK", "₪": "ILS"}


def text(value: Any) -> str | None:
    """A text without surrounding space, of at most 2,000 characters; numbers are texts too."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    return str(value).strip()[:_LONGEST_TEXT] or None


def decimal(value: Any) -> Decimal | None:
    """A number as a JSON number or as plain text with a decimal point; None for anything ambiguous, as "1,234"."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return None
    # An exponent is a way of writing, not a precision: 1E+3 is 1000.
    return number.quantize(Decimal(1)) if number.as_tuple().exponent > 0 else number  # type: ignore[operator]


def day(value: Any) -> date | None:
    """A date as ISO 8601 writes it, also with a time after it."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip()).date()
    except ValueError:
        return None


def currency(value: Any) -> str | None:
    """An ISO 4217 code, also from a symbol that only one currency has."""
    name = text(value)
    if name is None:
        return None
    code = _SYMBOLS.get(name, name.upper())
    return code if _CURRENCY.fullmatch(code) else None


def country(value: Any) -> str | None:
    """An ISO 3166 alpha-2 code."""
    code = (text(value) or "").upper()
    return code if _COUNTRY.fullmatch(code) else None


def compact(value: Any) -> str | None:
    """A number such as a VAT number or an IBAN: upper case, letters and digits only."""
    return re.sub(r"[^0-9A-Z]", "", (text(value) or "").upper()) or None


def confidence(value: Any) -> float | None:
    """A confidence from 0 to 1; None for anything else."""
    number = decimal(value)
    return float(number) if number is not None and 0 <= number <= 1 else None


def field(candidates: Iterable[Reading[Value]]) -> InvoiceField[Value]:
    """A field whose first candidate was chosen; empty when there is none. Ten candidates are kept."""
    readings = tuple(candidates)[:_MOST_CANDIDATES]
    if not readings:
        return InvoiceField[Any]()
    chosen = readings[0]
    return InvoiceField[Any](
        value=chosen.value,
        confidence=chosen.confidence,
        page=chosen.page,
        box=chosen.box,
        source=chosen.source,
        candidates=readings,
    )
