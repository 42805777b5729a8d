"""Features of the Extract API as canonical fields: candidates with their values, pages and boxes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from math import cos, radians, sin
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from invoice_capture.domain.invoice import Box, InvoiceField, Reading
from invoice_capture.domain.money import as_written, smallest_unit
from invoice_capture.providers import values
from invoice_capture.providers.extract_api.wire import Candidate, FeatureResult

PROVIDER = "extract_api"
# Neither a fraction of a page nor an angle; NaN and infinity fail the comparison, too.
_BEYOND_SENSE = 1_000_000

Parse = Callable[[Any], Any]


def feature_of(value: Any) -> FeatureResult:
    """A feature of a result; without candidates when it is absent or malformed."""
    try:
        return FeatureResult.model_validate(value)
    except ValidationError:
        return FeatureResult()


def chosen(feature: FeatureResult, parse: Parse) -> InvoiceField[Any]:
    """The selected candidate, then the others. Where none is selected, or cannot be read, no other takes its place."""
    selected = _reading(feature.selected_value, parse)
    rest = readings(others(feature, feature.selected_value), parse)
    if selected is not None:
        return values.field([selected, *rest])
    return InvoiceField[Any](candidates=values.field(rest).candidates)


def others(feature: FeatureResult, *selected: Candidate | None) -> list[Candidate]:
    """The words of a feature besides the selected ones."""
    taken = [(one.content, one.coords, one.page) for one in selected if one is not None]
    words = [word for word in feature.words or () if word is not None]
    return [word for word in words if (word.content, word.coords, word.page) not in taken]


def readings(candidates: Iterable[Candidate], parse: Parse) -> list[Reading[Any]]:
    """The candidates that can be read."""
    read = (_reading(candidate, parse) for candidate in candidates)
    return [reading for reading in read if reading is not None]


def _reading(candidate: Candidate | None, parse: Parse) -> Reading[Any] | None:
    value = None if candidate is None else parse(candidate.content)
    if candidate is None or value is None:
        return None
    return Reading[Any](
        value=value, confidence=None, page=candidate.page, box=box_of(candidate.coords), source=PROVIDER
    )


# --- places ----------------------------------------------------------------------------------------------------------


def box_of(coords: Any) -> Box | None:
    """The upright box around centre x, centre y, width, height and clockwise degrees; None when they are malformed.

    Width and height are taken to be those of the rectangle before it is turned. An answer does not have the proportions
    of the page, so the rectangle is turned as if the page were square: exact at 0 and 180 degrees, an approximation
    between. The box is clipped to the page.
    """
    if not isinstance(coords, list | tuple) or len(coords) != 5:
        return None
    if not all(isinstance(value, int | float) and abs(value) < _BEYOND_SENSE for value in coords):
        return None
    centre_x, centre_y, width, height, angle = coords
    if not (0 <= centre_x <= 1 and 0 <= centre_y <= 1 and width >= 0 and height >= 0):
        return None
    cosine, sine = _turn(angle)
    half_width = (width * cosine + height * sine) / 2
    half_height = (width * sine + height * cosine) / 2
    return (
        max(0.0, centre_x - half_width),
        max(0.0, centre_y - half_height),
        min(1.0, centre_x + half_width),
        min(1.0, centre_y + half_height),
    )


def _turn(degrees: float) -> tuple[float, float]:
    """The sizes of cosine and sine, exact for quarter turns."""
    quarters, rest = divmod(degrees % 180, 90)
    cosine, sine = (cos(radians(rest)), sin(radians(rest))) if rest else (1.0, 0.0)
    return (sine, cosine) if quarters else (cosine, sine)


# --- values ----------------------------------------------------------------------------------------------------------


def number(value: Any) -> Decimal | None:
    """A number that came as a float: 15 digits of it are meant, and zeros at its end never were."""
    parsed = values.decimal(value)
    if parsed is None:
        return None
    if parsed != parsed.to_integral_value():
        parsed = Context(prec=15).plus(parsed)
    # Adding zero writes 1E+2 as 100, and -0 as 0.
    return parsed.normalize() + 0


def money(value: Any, currency: str | None) -> Decimal | None:
    """An amount with the decimals of its currency."""
    amount = number(value)
    return None if amount is None else as_written(amount, currency)


def share(percentage: Any, of: Decimal, currency: str | None) -> Decimal | None:
    """The amount that a percentage of another one is."""
    rate = number(percentage)
    amount = None if rate is None else values.decimal(of * rate / 100)
    return None if amount is None else amount.quantize(smallest_unit(currency), ROUND_HALF_UP)


def _bic(value: Any) -> str | None:
    """The BIC of a SWIFT code, which is a JSON object within a text."""
    if not isinstance(value, str):
        return None
    try:
        code = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return values.compact(code.get("bic")) if isinstance(code, dict) else None


_PARSERS: Mapping[str, Parse] = MappingProxyType(
    {
        "SWIFT_code": _bic,
        "VAT_Number": values.compact,
        "country": values.country,
        "currency": values.currency,
        "date": values.day,
        "due_date": values.day,
        "invoice_id": values.text,
        "supplier": values.text,
        "description": values.text,
        "product": values.text,
        "quantity": number,
        "unit": values.text,
    }
)


def parser(feature: str, currency: str | None) -> Parse:
    """How a feature's content is read; those without a parser of their own are amounts of money."""
    return _PARSERS.get(feature) or partial(money, currency=currency)
