"""What there is to type behind ``invoice-capture stack``."""

from __future__ import annotations

from typing import Annotated

import typer

from invoice_capture_cli.running import Run, command, group

stack_app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


@group(stack_app)
def stack() -> None:
    """Remove a deployed stack."""


@command(
    stack_app,
    "remove",
    "invoice-capture stack remove STACK --yes STACK",
    "invoice-capture stack remove STACK --yes STACK --empty-bucket --yes-empty BUCKET",
    path="stack",
)
def remove_stack(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="STACK", help="The name of the stack; no other is touched.")],
    empty_bucket: Annotated[
        bool, typer.Option("--empty-bucket", help="Delete all documents, results and jobs as well.")
    ] = False,
    yes: Annotated[
        str | None, typer.Option("--yes", metavar="STACK", help="The name again, instead of being asked for it.")
    ] = None,
    yes_empty: Annotated[
        str | None,
        typer.Option("--yes-empty", metavar="BUCKET", help="The bucket's name, instead of being asked for it."),
    ] = None,
) -> int:
    """Remove a stack and its keys. Documents and jobs stay, unless you say so twice. Asks first."""
    from invoice_capture_cli.removal import Words, remove

    return remove(run, name, Words(yes, yes_empty), empty_bucket=empty_bucket)
