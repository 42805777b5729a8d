"""What there is to type about the histories of jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from invoice_capture_cli.running import Run, command


def register(app: typer.Typer) -> None:
    """Add ``audit`` and ``verify`` to ``app``."""
    command(
        app,
        "audit",
        "invoice-capture audit ID",
        "invoice-capture audit ID --json",
        "invoice-capture audit ID --export ID-for-auditors",
    )(_audit)
    command(
        app,
        "verify",
        "invoice-capture verify ID",
        "invoice-capture verify ID-for-auditors",
        "invoice-capture verify ID-for-auditors --head HASH",
    )(_verify)


def _audit(
    run: Run,
    job_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a job.")],
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FOLDER", help="Write it here as well, with document and results."),
    ] = None,
) -> int:
    """Show the history of a job: who changed what, when, from which value. Needs the stack."""
    from invoice_capture_cli.audit import audit

    return audit(run, job_id, export)


def _verify(
    run: Run,
    subject: Annotated[str, typer.Argument(metavar="FOLDER|ID", help="What audit --export wrote, or the id of a job.")],
    head: Annotated[
        str | None, typer.Option("--head", metavar="HASH", help="A head that audit showed before, noted elsewhere.")
    ] = None,
) -> int:
    """Prove that nothing was altered: of a folder without any stack, of a job with it."""
    from invoice_capture_cli.verify import verify

    return verify(run, subject, head)
