"""Amounts of money as currencies write them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

_CENT = Decimal("0.01")
# Currencies without cents round to the whole unit, those with three decimals to the mill.
_OTHER_UNITS: Mapping[str, Decimal] = MappingProxyType(
    {
        **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), Decimal(1)),
        **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), Decimal("0.001")),
    }
)


def smallest_unit(currency: str | None) -> Decimal:
    """The smallest amount that a currency (ISO 4217) has; a hundredth when it is unknown."""
    return _OTHER_UNITS.get(currency or "", _CENT)


def as_written(amount: Decimal, currency: str | None) -> Decimal:
    """An amount with at least the decimals of its currency: 12.5 EUR is 12.50. Further decimals stay."""
    unit = smallest_unit(currency)
    exponent = amount.as_tuple().exponent
    is_short = isinstance(exponent, int) and exponent > int(unit.as_tuple().exponent)
    return amount.quantize(unit) if is_short else amount
