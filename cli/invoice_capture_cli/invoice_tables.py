"""A canonical invoice for a terminal, with how sure its values are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from invoice_capture_cli.tables import CompactTable, table
from invoice_capture_cli.values import UNSURE, confidence_style, money, percent

_AMOUNTS = frozenset({"subtotal", "tax_total", "total", "amount_due", "unit_price", "discount", "base", "amount"})
_MOST_LINES = 50
_LINE_COLUMNS = ("description", "quantity", "unit", "unit_price", "tax_rate", "subtotal", "total")
_RIGHT = _AMOUNTS | {"quantity", "tax_rate", "rate"}


def field_table(invoice: Mapping[str, Any], *, is_confirmed: bool) -> CompactTable:
    """The fields that were read; what is unsure is marked."""
    listed = table("Invoice, confirmed by a person" if is_confirmed else "Invoice")
    listed.add_column("Field", style="dim", min_width=20)
    listed.add_column("Value", no_wrap=False, overflow="fold", ratio=1)
    listed.add_column("Sure", justify="right", min_width=7)
    listed.add_column("Page", justify="right", style="dim", min_width=4)
    for name, field in _fields(invoice):
        confidence, page = field.get("confidence"), field.get("page")
        is_unsure = isinstance(confidence, int | float) and confidence < UNSURE
        value = _shown(name.rpartition(".")[2], field["value"])
        listed.add_row(
            name.replace("_", " ").replace(".", " "),
            Text(value, style="yellow" if is_unsure else "bold" if name == "total" else ""),
            Text(f"{'! ' if is_unsure else ''}{percent(confidence)}", style=confidence_style(confidence)),
            str(page + 1) if isinstance(page, int) else "",
        )
    return listed


def tax_table(taxes: Sequence[Mapping[str, Any]]) -> CompactTable:
    listed = table("Taxes", expand=False)
    for name in ("rate", "base", "amount"):
        listed.add_column(name.capitalize(), justify="right")
    for tax in taxes:
        rate = value_of(tax, "rate")
        listed.add_row(f"{rate} %" if rate else "", money(value_of(tax, "base")), money(value_of(tax, "amount")))
    return listed


def line_table(lines: Sequence[Mapping[str, Any]]) -> CompactTable:
    """Line items; columns that are empty in all of them are left out."""
    columns = [name for name in _LINE_COLUMNS if any(value_of(line, name) for line in lines)]
    listed = table("Lines")
    for name in columns:
        is_text = name == "description"
        justify = "right" if name in _RIGHT else "left"
        label = name.replace("_", " ").capitalize()
        if is_text:
            listed.add_column(label, ratio=1, min_width=12)
        else:
            listed.add_column(label, justify=justify)
    for line in lines[:_MOST_LINES]:
        listed.add_row(*(Text(_shown(name, value_of(line, name))) for name in columns))
    if len(lines) > _MOST_LINES:
        listed.add_row(Text(f"… and {len(lines) - _MOST_LINES} more: export --lines has them all", style="dim"))
    return listed


def value_of(values: Mapping[str, Any], name: str) -> Any:
    """The value of a field; None when there is no such field."""
    field = values.get(name)
    return field.get("value") if isinstance(field, Mapping) else None


def _fields(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and fields that have a value, those of the parties with a dotted name."""
    for name, field in values.items():
        if not isinstance(field, Mapping):
            continue
        if "value" not in field:
            yield from _fields(field, f"{name}.")
        elif field["value"] not in (None, ""):
            yield prefix + name, field


def _shown(name: str, value: object) -> str:
    if value is None:
        return ""
    return money(value) if name in _AMOUNTS else str(value)
