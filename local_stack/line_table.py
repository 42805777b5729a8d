"""The line items of one invoice, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from local_stack.compact import amount_of, compact_table, text_of

_MOST_LINES = 100


def lines_of(name: str, invoice: Mapping[str, Any]) -> RenderableType:
    """A table of its lines, or one sentence when it has none. ``name`` is what the document is shown by."""
    lines = invoice["lines"]
    if not lines:
        return Text(f"{name} has no line items.", style="dim")
    with_rates = any(text_of(line["tax_rate"]) for line in lines)
    table = compact_table(f"Lines of {name}")
    table.add_column("Description", ratio=1)
    for title in ("Quantity", "Unit price", *(["Tax"] if with_rates else []), "Amount"):
        table.add_column(title, justify="right", style="dim" if title == "Tax" else "")
    for line in lines[:_MOST_LINES]:
        rate = text_of(line["tax_rate"])
        cells = [text_of(line["description"]), amount_of(line["quantity"]), amount_of(line["unit_price"])]
        cells += [rate and f"{rate} %"] if with_rates else []
        cells += [amount_of(line["subtotal"]) or amount_of(line["total"])]
        table.add_row(*map(Text, cells))
    if len(lines) <= _MOST_LINES:
        return table
    return Group(table, Text(f"… and {len(lines) - _MOST_LINES} more lines; --json lists all of them.", style="dim"))
