"""What the tables of the local stack share: their form, and values as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from rich import box
from rich.table import Table


class _Compact(Table):
    """One line per row wherever a column does not ask for more."""

    def add_column(self, *args: Any, **kwargs: Any) -> None:
        super().add_column(*args, **{"no_wrap": True, "overflow": "ellipsis", **kwargs})


def compact_table(title: str) -> Table:
    return _Compact(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        header_style="dim",
        padding=(0, 1, 0, 0),
        pad_edge=False,
        expand=True,
    )


def text_of(field: Mapping[str, Any]) -> str:
    """The value of a field, or nothing."""
    return str(field.get("value") or "")


def amount_of(field: Mapping[str, Any]) -> str:
    """A decimal value with commas between thousands; whatever is no number as it is."""
    text = text_of(field)
    try:
        return f"{Decimal(text):,}"
    except InvalidOperation:
        return text
