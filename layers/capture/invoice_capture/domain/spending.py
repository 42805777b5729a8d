"""What documents cost at providers: estimates, made of prices that an operator knows and of pages that are counted.

Amounts are whole millionths of a dollar, so that counters add them up exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from invoice_capture.domain.job import provider_of

MICROS = 1_000_000
"""Of a dollar."""

WARNING_PERCENT = 80

_MOST_DOLLARS = Decimal(1_000_000)
_PARTS = frozenset({"document", "page"})


@dataclass(frozen=True)
class Price:
    """What a provider charges for a document and for each of its pages, in millionths of a dollar."""

    document: int = 0
    page: int = 0

    def of(self, pages: int) -> int:
        return self.document + self.page * pages


@dataclass(frozen=True)
class Prices:
    """By names as routes have them; an account costs what its provider costs, unless it has a price of its own."""

    by_name: Mapping[str, Price]

    def of(self, name: str) -> Price | None:
        return self.by_name.get(name) or self.by_name.get(provider_of(name))


@dataclass(frozen=True)
class Spent:
    """What one client (None: dropped documents) had one provider read on one day."""

    day: date
    provider: str
    client: str | None
    documents: int
    pages: int
    micros: int


@dataclass(frozen=True)
class Total:
    """What was spent in a month, and of which limits people were told, in millionths of a dollar; 0 for none."""

    micros: int
    warned_of: int = 0
    exceeded_of: int = 0


def month_of(moment: datetime | date) -> str:
    return f"{moment:%Y-%m}"


def next_month(moment: datetime) -> datetime:
    """When the next month begins."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def dollars(micros: int) -> str:
    """An amount for people: at least cents, and all the decimals that it has."""
    text = f"{Decimal(micros) / MICROS:f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def parse_prices(text: str) -> Prices:
    """Prices in JSON, in dollars: ``{"abbyy": {"page": 0.05}, "extract_api-eu": {"document": 0.2}}``.

    Raises ValueError.
    """
    given = json.loads(text, parse_float=Decimal)
    if not isinstance(given, dict):
        raise ValueError("prices are a JSON object of providers")  # noqa: TRY004 - for whoever wrote the text
    return Prices({name: _price(name, parts) for name, parts in given.items()})


def to_micros(amount: Any) -> int:
    """An amount in dollars. Raises ValueError for what is none, is negative, or has more than six decimals."""
    try:
        value = Decimal(amount)
    except (InvalidOperation, TypeError, ValueError) as exc:
        raise ValueError(f"{amount!r} is no amount") from exc
    if not value.is_finite() or not 0 <= value <= _MOST_DOLLARS or value * MICROS != int(value * MICROS):
        raise ValueError(f"{amount} is no amount of dollars with at most six decimals")
    return int(value * MICROS)


def _price(name: str, parts: Any) -> Price:
    if not isinstance(parts, dict) or not parts or not set(parts) <= _PARTS:
        raise ValueError(f'the price of {name} is an object with "page", "document" or both')
    return Price(**{part: to_micros(amount) for part, amount in parts.items()})
