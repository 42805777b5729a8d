"""``costs``: what providers charged, by the prices that the stack was told."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from rich.text import Text

from invoice_capture.aws.spending_store import DynamoDBSpendingStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.spending import Spent, dollars
from invoice_capture_cli.errors import ALL_WELL
from invoice_capture_cli.running import Run
from invoice_capture_cli.stack import calling_aws
from invoice_capture_cli.tables import Column, Sheet, heading, provider_name, show_parts

_CURRENCY = "USD"
_DROPPED = "(dropped into the bucket)"
_KEYS: Mapping[str, Callable[[Spent], str]] = MappingProxyType(
    {
        "provider": lambda spent: spent.provider,
        "client": lambda spent: spent.client or _DROPPED,
        "day": lambda spent: spent.day.isoformat(),
    }
)


def costs(run: Run, month: str, by: str, *, as_csv: bool) -> int:
    """Show what was counted in a month (``2026-11``), summed by provider, client or day."""
    stack = run.target.stack("Costs")
    store = DynamoDBSpendingStore(Table(stack.clients, stack.output("TableName")))
    with calling_aws(stack.name):
        entries = store.of_month(month)
    rows = _summed(entries, by)
    simulated = {spent.provider for spent in entries} & run.target.simulated
    if run.json:
        run.emit(
            {
                "month": month,
                "currency": _CURRENCY,
                "by": by,
                "rows": [_as_json(by, name, spent) for name, *spent in rows],
                "total": _as_json(None, "", _total(rows)),
                "simulated": sorted(simulated),
            }
        )
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\r\n")
        writer.writerow([by, "documents", "pages", "cost", "currency"])
        for name, documents, pages, micros in rows:
            writer.writerow([name, documents, pages, dollars(micros), _CURRENCY])
    elif not rows:
        run.say(f"Nothing was given to providers that charge in {month}.")
    else:
        _show(run, f"Costs of {month}, by {by}", rows, simulated)
    return ALL_WELL


_Row = tuple[str, int, int, int]


def _summed(entries: Sequence[Spent], by: str) -> list[_Row]:
    """Name, documents, pages and millionths of a dollar; the dearest first, days in their order."""
    sums: dict[str, _Row] = {}
    for spent in entries:
        name = _KEYS[by](spent)
        _, documents, pages, micros = sums.get(name, (name, 0, 0, 0))
        sums[name] = (name, documents + spent.documents, pages + spent.pages, micros + spent.micros)
    return sorted(sums.values(), key=lambda row: row[0] if by == "day" else (-row[3], row[0]))


def _total(rows: Sequence[_Row]) -> tuple[int, int, int]:
    return sum(row[1] for row in rows), sum(row[2] for row in rows), sum(row[3] for row in rows)


def _as_json(by: str | None, name: str, spent: Sequence[int]) -> dict[str, object]:
    documents, pages, micros = spent
    named = {} if by is None else {by: None if name == _DROPPED else name}
    return {**named, "documents": documents, "pages": pages, "cost": dollars(micros)}


def _show(run: Run, title: str, rows: Sequence[_Row], simulated: set[str]) -> None:
    sheet = Sheet(
        heading(title, simulated),
        Column(title.rpartition(" ")[2].capitalize(), style="bold", wraps=True),
        Column("Documents", right=True),
        Column("Pages", right=True),
        Column(f"Cost in {_CURRENCY}", right=True),
    )
    for name, documents, pages, micros in rows:
        sheet.add(provider_name(name, simulated=name in simulated), f"{documents:,}", f"{pages:,}", dollars(micros))
    sheet.end_section()
    documents, pages, micros = _total(rows)
    sheet.add("in all", f"{documents:,}", f"{pages:,}", dollars(micros), style="bold")
    told = "Estimated from ProviderPrices as documents were submitted. A provider without a price costs nothing here."
    show_parts(run.out, sheet, Text(told, style="dim"))
