"""``keys limits``: what a client of the API may cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from invoice_capture.aws.client_store import DynamoDBClientStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.client import KeyRefused, require_client
from invoice_capture.domain.client_limits import ANY_PROVIDER, ClientLimits
from invoice_capture.domain.job import is_reader
from invoice_capture.providers import registry
from invoice_capture_cli.errors import ALL_WELL, UsageError
from invoice_capture_cli.running import Run
from invoice_capture_cli.stack import calling_aws
from invoice_capture_cli.tables import Column, Sheet, show_parts

_COUNTS = ("documents_a_day", "documents_a_month", "pages_a_day", "pages_a_month")


def limits(run: Run, client: str | None, given: dict[str, Any], *, clear: bool) -> int:
    """Change what a client was given, and show what is; ``given`` are fields of ClientLimits, None for as it is."""
    if client is not None:
        try:
            require_client(client, ())
        except KeyRefused as exc:
            raise UsageError(str(exc)) from exc
    changes = {name: value for name, value in given.items() if value is not None}
    if (changes or clear) and client is None:
        raise UsageError("Name the client whose limits these are.")
    if changes and clear:
        raise UsageError("--clear takes all limits of a client away: leave the others out.")
    if "providers" in changes:
        changes["providers"] = _providers(changes["providers"])
    stack = run.target.stack("Limits of clients")
    store = DynamoDBClientStore(Table(stack.clients, stack.output("TableName")))
    with calling_aws(stack.name):
        if client is not None and (changes or clear):
            present = store.limits(client) or ClientLimits()
            store.set_limits(client, None if clear else replace(present, **changes))
        known = store.all_limits()
    shown = {name: known[name] for name in sorted(known) if client in {None, name}}
    if run.json:
        run.emit({"limits": [_as_json(name, of_client) for name, of_client in shown.items()]})
    elif not shown:
        whose = "No client has" if client is None else f"{client} has no"
        run.say(f"{whose} limits of its own: it has those of the stack's parameter ClientLimits.")
    else:
        _show(run, shown)
    return ALL_WELL


def _providers(text: str) -> frozenset[str]:
    names = frozenset(name for part in text.split(",") if (name := part.strip()))
    known = registry.names()
    for name in sorted(names - {ANY_PROVIDER}):
        if not is_reader(name, known):
            raise UsageError(
                f"There is no provider {name!r}; there are {', '.join(sorted(known))}, their accounts such as "
                f"abbyy-us, and {ANY_PROVIDER} for all."
            )
    return names


def _show(run: Run, shown: dict[str, ClientLimits]) -> None:
    sheet = Sheet(
        "Limits",
        Column("Client", style="bold", wraps=True),
        Column("Providers", wraps=True),
        Column("Documents a day", right=True),
        Column("a month", right=True),
        Column("Pages a day", right=True),
        Column("in a month", right=True),
    )
    for name, of_client in shown.items():
        counts = (getattr(of_client, count) for count in _COUNTS)
        sheet.add(name, _named(of_client), *("" if count is None else f"{count:,}" for count in counts))
    show_parts(run.out, sheet)


def _named(of_client: ClientLimits) -> str:
    if of_client.providers is None:
        return "those of the stack's routes"
    return ", ".join(sorted(of_client.providers)) or "none"


def _as_json(client: str, of_client: ClientLimits) -> dict[str, Any]:
    providers = None if of_client.providers is None else sorted(of_client.providers)
    return {
        "client": client,
        "providers": providers,
        "documentsPerDay": of_client.documents_a_day,
        "documentsPerMonth": of_client.documents_a_month,
        "pagesPerDay": of_client.pages_a_day,
        "pagesPerMonth": of_client.pages_a_month,
    }
