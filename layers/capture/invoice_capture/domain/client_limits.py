"""What a client of the API may cost: which providers it may use, and how much it may have read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

ANY_PROVIDER = "*"
"""In the place of names: every provider and account."""

_WRITTEN = re.compile(r"(documents|pages)/(day|month)=(\d{1,9})", re.ASCII)
_FIELDS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("documents", "day"): "documents_a_day",
        ("documents", "month"): "documents_a_month",
        ("pages", "day"): "pages_a_day",
        ("pages", "month"): "pages_a_month",
    }
)


@dataclass(frozen=True)
class ClientLimits:
    """``providers`` are names as routes have them; None for those that the stack's own routes name.

    Documents are counted as they are started, pages as providers that charge are given them. None is no limit.
    """

    providers: frozenset[str] | None = None
    documents_a_day: int | None = None
    documents_a_month: int | None = None
    pages_a_day: int | None = None
    pages_a_month: int | None = None

    def allows(self, name: str, stack_providers: frozenset[str]) -> bool:
        """Whether it may use a provider or an account; ``stack_providers`` are those of the stack's routes."""
        allowed = stack_providers if self.providers is None else self.providers
        return bool({name, ANY_PROVIDER} & allowed)


def parse_limits(text: str) -> ClientLimits:
    """Limits as a parameter has them: ``documents/day=200,pages/month=5000``. Raises ValueError."""
    limits = ClientLimits()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        written = _WRITTEN.fullmatch(entry)
        if written is None:
            raise ValueError(f"{entry!r} is no limit such as documents/day=200 or pages/month=5000")
        changes: dict[str, Any] = {_FIELDS[written[1], written[2]]: int(written[3])}
        limits = replace(limits, **changes)
    return limits
