"""What there is to type behind ``invoice-capture webhooks``."""

from __future__ import annotations

from typing import Annotated

import typer

from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.running import Run, command, group

webhooks_app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

Client = Annotated[
    str | None, typer.Option("--client", metavar="NAME", help="The one that is told of this client's documents.")
]
All = Annotated[bool, typer.Option("--all", help="The one that is told of everything.")]


@group(webhooks_app)
def webhooks() -> None:
    """Tell receivers by HTTP what becomes of documents, signed."""


@command(
    webhooks_app,
    "set",
    "invoice-capture webhooks set https://erp.example.com/hooks --client accounting",
    "invoice-capture webhooks set https://erp.example.com/hooks --all --events invoice.captured,invoice.failed",
    path="webhooks",
)
def set_webhook(
    run: Run,
    *,
    where: Annotated[str, typer.Argument(metavar="URL", help="Where messages are sent.")],
    client: Client = None,
    all_: All = False,
    events: Annotated[
        str | None, typer.Option("--events", metavar="A,B", help="Only of these; of all, without.")
    ] = None,
) -> int:
    """Set a webhook; its key is shown this once. Needs the stack."""
    from invoice_capture_cli.webhooks import set_webhook as run_set

    chosen = None if events is None else frozenset(word for part in events.split(",") if (word := part.strip()))
    return run_set(run, _named(client, all_=all_), where, chosen)


@command(
    webhooks_app,
    "list",
    "invoice-capture webhooks list",
    "invoice-capture webhooks list --json",
    path="webhooks",
)
def list_webhooks(run: Run) -> int:
    """List webhooks, and what is wrong with them. Needs the stack."""
    from invoice_capture_cli.webhooks import list_webhooks as run_list

    return run_list(run)


@command(webhooks_app, "rotate", "invoice-capture webhooks rotate --client accounting", path="webhooks")
def rotate_key(run: Run, *, client: Client = None, all_: All = False) -> int:
    """Make a new key; the former one signs beside it for a day. Needs the stack."""
    from invoice_capture_cli.webhooks import rotate

    return rotate(run, _named(client, all_=all_))


@command(webhooks_app, "remove", "invoice-capture webhooks remove --client accounting", path="webhooks")
def remove_webhook(run: Run, *, client: Client = None, all_: All = False) -> int:
    """Remove a webhook and its keys. Needs the stack."""
    from invoice_capture_cli.webhooks import remove

    return remove(run, _named(client, all_=all_))


@command(webhooks_app, "test", "invoice-capture webhooks test --client accounting", path="webhooks")
def send_test(run: Run, *, client: Client = None, all_: All = False) -> int:
    """Have a test sent, and say what was answered. Needs the stack."""
    from invoice_capture_cli.webhooks import send_test as run_test

    return run_test(run, _named(client, all_=all_))


@command(
    webhooks_app,
    "replay",
    "invoice-capture webhooks replay ID ID",
    "invoice-capture webhooks replay --since 2d --json",
    "invoice-capture webhooks replay --failed",
    path="webhooks",
)
def replay(
    run: Run,
    *,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Ids of jobs, as list shows them.", show_default=False)
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="All that ended since a date, a time, or 12h, 7d ago.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="What was given up after a day.")] = False,
) -> int:
    """Send what was told of ended jobs once more, under the same ids. Needs the stack."""
    from invoice_capture_cli.webhook_replay import replay as run_replay
    from invoice_capture_cli.webhook_replay import replay_failed

    if [bool(ids), since is not None, failed].count(True) != 1:
        raise UsageError("Name jobs, or say --since WHEN, or --failed: one of them.")
    return replay_failed(run) if failed else run_replay(run, ids or [], since)


def _named(client: str | None, *, all_: bool) -> str:
    """The name of a webhook."""
    from invoice_capture.domain.client import KeyRefused, require_client
    from invoice_capture.domain.webhook import EVERYTHING

    if (client is None) != all_:
        raise UsageError("Whose webhook is it? Say --client NAME, or --all for the one that is told of everything.")
    if client is None:
        return EVERYTHING
    try:
        require_client(client, ())
    except KeyRefused as exc:
        raise UsageError(str(exc)) from exc
    return client
