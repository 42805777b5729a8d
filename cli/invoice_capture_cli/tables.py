"""What every table of the command line looks like."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

# More than any table needs.
_PIPED_WIDTH = 1000

_STATUS = {
    "created": ("○ created", "dim"),
    "queued": ("… queued", "blue"),
    "processing": ("… processing", "blue"),
    "completed": ("✓ completed", "green"),
    "failed": ("✗ failed", "red"),
    "cancelled": ("✗ cancelled", "yellow"),
}
_DUPLICATE = ("= duplicate", "cyan")
_ACTION = ("! your turn", "magenta")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """A reader that has seen enough is no failure; rich would make it one."""
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """What is read by another program has no width of its own, so nothing is cut short there that need not be."""
    stream = sys.stderr if stderr else sys.stdout
    is_free = not stream.isatty() and "COLUMNS" not in os.environ
    return _Console(stderr=stderr, highlight=False, emoji=False, width=_PIPED_WIDTH if is_free else None)


class CompactTable(Table):
    """One line per row wherever a column does not ask for more."""

    def add_column(self, *args: Any, **kwargs: Any) -> None:
        super().add_column(*args, **{"no_wrap": True, "overflow": "ellipsis", **kwargs})


def table(title: str | None = None, *, expand: bool = True) -> CompactTable:
    """``expand`` takes the whole width of a terminal; in a pipe a table is as wide as its content."""
    return CompactTable(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        header_style="dim",
        padding=(0, 1, 0, 0),
        pad_edge=False,
        expand=expand and sys.stdout.isatty(),
    )


def status_text(job: Mapping[str, Any]) -> Text:
    """How far a job is, in a word with its sign."""
    status = str(job.get("status", ""))
    if status == "completed" and job.get("duplicateOf"):
        label, style = _DUPLICATE
    elif status == "processing" and job.get("actionUrl"):
        label, style = _ACTION
    else:
        label, style = _STATUS.get(status, (status or "?", ""))
    return Text(label, style=style)
