"""``verify``: whether a history, and what it is about, was altered."""

from __future__ import annotations

from pathlib import Path

import typer

from invoice_capture_cli.archive.checking import Noted, read_history
from invoice_capture_cli.archive.folder import HISTORY, problems_of, read_manifest
from invoice_capture_cli.archive.stored import NOT_RECORDED_YET, Archive
from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED
from invoice_capture_cli.running import Run

_UNANCHORED = (
    "That is proven against the history itself, which whoever may write all of it could write anew. Compare its head "
    "with one that was noted elsewhere: --head HASH."
)


def verify(run: Run, subject: str, head: str | None) -> int:
    """1 when anything was altered. Raises UsageError when there is nothing to verify."""
    noted = None if head is None else Noted(head.strip().lower(), "elsewhere (--head)")
    folder = Path(subject)
    if folder.is_dir():
        manifest = read_manifest(folder)
        job_id = None if manifest is None else str(manifest["job"])
        history = (folder / HISTORY).read_bytes() if (folder / HISTORY).is_file() else b""
        problems, is_fresh = problems_of(folder, noted), False
    else:
        archive = Archive(run.target.stack("A history"))
        stored = archive.job(subject)
        job_id, history, problems, is_fresh = subject, stored.history, archive.problems(stored, noted), stored.is_fresh
    entries, _ = read_history(job_id or "", history)
    if run.json:
        told = {"job": job_id, "entries": len(entries), "head": entries[-1]["hash"] if entries else None}
        run.emit({**told, "compared": head is not None, "altered": problems})
    elif problems:
        for problem in problems:
            typer.echo(f"{problem}.")
        typer.echo(f"Altered: {subject} is not what was recorded.")
        if is_fresh:
            run.say(NOT_RECORDED_YET)
    else:
        typer.echo(f"Nothing was altered: {len(entries)} entries, head {entries[-1]['hash']}")
        if noted is None:
            run.say(_UNANCHORED)
    return SOME_FAILED if problems else ALL_WELL
