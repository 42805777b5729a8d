"""Values of the API as people read them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import PurePath
from typing import Any

from invoice_capture.domain.timestamps import timestamp
from invoice_capture_cli.errors import UsageError

UNSURE = 0.8
"""A value that was read with less confidence than this is marked."""

CREDIT_NOTE = "credit_note"
"""The type of an invoice that gives money back."""

_AGO = re.compile(r"(\d{1,4})([hdw])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def money(amount: object, currency: object = None, *, sign: int = 1) -> str:
    """An amount with thousands separated and at least the two digits of cents; what is no number as it is."""
    if amount in (None, ""):
        return ""
    try:
        number = sign * Decimal(str(amount))
    except InvalidOperation:
        return f"{amount} {currency or ''}".strip()
    exponent = number.as_tuple().exponent
    digits = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{number if number else abs(number):,.{digits}f} {currency or ''}".strip()


def count(number: object) -> str:
    """A quantity with thousands separated; what is no number as it is."""
    if number in (None, ""):
        return ""
    try:
        return f"{Decimal(str(number)):,f}"
    except InvalidOperation:
        return str(number)


def sign_of(kind: object, total: object) -> int:
    """What amounts count as: those of a credit note are negative, which most credit notes leave to their title."""
    if kind != CREDIT_NOTE:
        return 1
    try:
        return 1 if Decimal(str(total)) < 0 else -1
    except InvalidOperation:
        return -1


def percent(share: object) -> str:
    """A confidence; a dash when nobody said how sure it is."""
    return f"{float(share):.0%}".replace("%", " %") if isinstance(share, int | float) else "–"


def confidence_style(share: object) -> str:
    if not isinstance(share, int | float):
        return "dim"
    return "green" if share >= UNSURE else "yellow" if share >= 0.5 else "red"


def when(text: object) -> str:
    """A moment of the API in the time zone of this machine, to the second."""
    moment = parse_moment(text)
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def parse_moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def duration(seconds: object) -> str:
    if not isinstance(seconds, int | float):
        return ""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, hours = seconds / 60, seconds / 3600
    return f"{minutes:.0f} min" if minutes < 120 else f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


def size(count: object) -> str:
    if not isinstance(count, int) or count <= 0:
        return ""
    return f"{count / 1024:.0f} KB" if count < 1024**2 else f"{count / 1024**2:.3g} MB"


def since(text: str, now: datetime) -> str:
    """A moment for the API: a date or a time, of this machine's time zone unless it names one, or 12h, 7d, 2w ago.

    Raises UsageError.
    """
    if match := _AGO.fullmatch(text.strip()):
        moment = now - int(match[1]) * _UNITS[match[2]]
    else:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise UsageError(
                f"--since is a date such as 2026-01-31, a time, or 12h, 7d, 2w ago; not {text!r}."
            ) from None
    return timestamp(moment)


def invoice_of(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """The head of the contract's extracted data; empty when there is none."""
    data = job.get("extractedData")
    invoice = data.get("invoice") if isinstance(data, Mapping) else None
    return invoice if isinstance(invoice, Mapping) else {}


def part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}


def value_of(values: Mapping[str, Any], name: str) -> Any:
    """The value of a field of a canonical invoice; None when there is no such field."""
    return part(values, name).get("value")


def least_sure(invoice: Mapping[str, Any]) -> tuple[str, float] | None:
    """The value of a canonical invoice's head to look at first: its dotted name, and how sure it is."""
    parties = ((f"{party}.", part(invoice, party)) for party in ("supplier", "customer"))
    sure = {
        prefix + name: field["confidence"]
        for prefix, values in (("", invoice), *parties)
        for name, field in values.items()
        if isinstance(field, Mapping) and field.get("value") is not None and field.get("confidence") is not None
    }
    return min(sure.items(), key=lambda item: item[1], default=None)


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Bare file names where they say which file it is, and paths where they do not."""
    paths = list(paths)
    uses = Counter(PurePath(path).name for path in paths)
    return {path: name if uses[name := PurePath(path).name] == 1 else path for path in paths}


def month_named(text: str | None) -> str:
    """A month as ``2026-11``, the present one in UTC without a text. Raises UsageError."""
    if text is None:
        return f"{datetime.now(UTC):%Y-%m}"
    try:
        month = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as exc:
        raise UsageError(f"--month is a month such as 2026-11; not {text!r}.") from exc
    return f"{month:%Y-%m}"
