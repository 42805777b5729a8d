"""A canonical invoice for a terminal, with how sure its values are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from invoice_capture_cli.tables import Column, Sheet, clean, heading
from invoice_capture_cli.values import (
    CREDIT_NOTE,
    UNSURE,
    confidence_style,
    count,
    money,
    percent,
    sign_of,
    value_of,
)

_UNIT_PRICE = "unit_price"
_AMOUNTS = frozenset({"subtotal", "tax_total", "total", "amount_due", "base", "amount"})
_RATES = frozenset({"tax_rate", "rate"})
_MOST_LINES = 100
_LINE_COLUMNS = (
    Column("Description", wraps=True),
    Column("Quantity", right=True),
    Column("Unit", turn=1, below="Quantity"),
    Column("Unit price", right=True),
    Column("Tax rate", style="dim", right=True, turn=2, below="Unit price"),
    Column("Subtotal", right=True),
    Column("Total", right=True, turn=3, below="Subtotal"),
)
_TAX_COLUMNS = (Column("Rate", right=True), Column("Base", right=True), Column("Amount", right=True))


def field_table(invoice: Mapping[str, Any], *, is_confirmed: bool, simulated: Collection[str] = ()) -> Sheet:
    """The fields that were read; what is unsure is marked."""
    title = "Credit note" if value_of(invoice, "type") == CREDIT_NOTE else "Invoice"
    sheet = Sheet(
        heading(f"{title}, confirmed by a person" if is_confirmed else title, simulated),
        Column("Field", style="dim"),
        Column("Value", wraps=True),
        Column("Sure", right=True),
        Column("Page", style="dim", right=True, turn=1),
    )
    sign = _sign(invoice)
    for name, field in _fields(invoice):
        confidence, page = field.get("confidence"), field.get("page")
        is_unsure = isinstance(confidence, int | float) and confidence < UNSURE
        value = clean(
            _shown(name.rpartition(".")[2], field["value"], sign),
            "yellow" if is_unsure else "bold" if name == "total" else "",
        )
        sheet.add(
            field_name(name),
            value,
            Text(f"{'! ' if is_unsure else ''}{percent(confidence)}", style=confidence_style(confidence)),
            str(page + 1) if isinstance(page, int) else "",
        )
    return sheet


def field_name(path: str) -> str:
    """The name of a field for people: ``supplier.vat_number`` is the supplier vat number."""
    return path.replace("_", " ").replace(".", " ")


def tax_table(invoice: Mapping[str, Any], simulated: Collection[str] = ()) -> Sheet:
    sheet = Sheet(heading("Taxes", simulated), *_TAX_COLUMNS)
    for tax in invoice["taxes"]:
        sheet.add(*(_shown(name, value_of(tax, name), _sign(invoice)) for name in ("rate", "base", "amount")))
    return sheet


def line_table(title: str, invoice: Mapping[str, Any], rest: str, simulated: Collection[str] = ()) -> RenderableType:
    """Line items. ``rest`` says where all of them are, when there are more than are shown."""
    lines: Sequence[Mapping[str, Any]] = invoice["lines"]
    sheet = Sheet(heading(title, simulated), *_LINE_COLUMNS)
    names = [column.title.lower().replace(" ", "_") for column in _LINE_COLUMNS]
    for line in lines[:_MOST_LINES]:
        sheet.add(*(_shown(name, value_of(line, name), _sign(invoice)) for name in names))
    if len(lines) <= _MOST_LINES:
        return sheet
    return Group(sheet, Text(f"… and {len(lines) - _MOST_LINES} more lines; {rest}", style="dim"))


def _fields(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and fields that have a value, those of the parties with a dotted name."""
    for name, field in values.items():
        if not isinstance(field, Mapping):
            continue
        if "value" not in field:
            yield from _fields(field, f"{name}.")
        elif field["value"] not in (None, ""):
            yield prefix + name, field


def _sign(invoice: Mapping[str, Any]) -> int:
    return sign_of(value_of(invoice, "type"), value_of(invoice, "total"))


def _shown(name: str, value: object, sign: int) -> str:
    if value in (None, ""):
        return ""
    if name in _AMOUNTS:
        return money(value, sign=sign)
    if name in _RATES:
        return f"{value} %"
    return money(value) if name == _UNIT_PRICE else count(value) if name == "quantity" else str(value)
