"""What ``serve`` says of keeping, at its start and at its end."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from local_stack.keeping.keeper import Keeper
from local_stack.keeping.kept_job import KeptJob

_MOST_NAMED = 10
_IN_MEMORY = """\
All of this is in memory: keys, jobs, documents and invoices are lost when it
stops. With serve --keep FOLDER they are here again after a restart.
"""


def command_line() -> str:
    """``invoice-capture`` as it can be typed in any folder."""
    ours = Path(sys.executable).with_name("invoice-capture")
    found = shutil.which("invoice-capture")
    if found is not None and Path(found).resolve() == ours.resolve():
        return "invoice-capture"
    return shlex.quote(str(ours)) if ours.exists() else f"{shlex.quote(sys.executable)} -m invoice_capture_cli"


def fate(keeper: Keeper | None) -> str:
    """What becomes of everything when the stack stops, and what became of it when the former one did."""
    if keeper is None:
        return _IN_MEMORY
    folder = keeper.folder
    text = (
        f"Keys, jobs, documents and invoices are kept in {folder.path}\n"
        "and are here again after a restart. A job that has not ended when this stops\n"
        "will be shown as failed, to be started again with retry.\n"
    )
    if keeper.jobs:
        text += f"\nHere again: {_jobs(len(keeper.jobs))}.\n"
    if folder.expired:
        text += f"\nPast the end of retention, and removed: {_jobs(folder.expired)}.\n"
    if keeper.interrupted:
        ids = " ".join(job.job_id for job in keeper.interrupted[:_MOST_NAMED])
        text += f"\nNot finished when the last stack stopped: {_named(keeper.interrupted)}.\nStart again with:\n\n"
        text += f"  {command_line()} retry {ids}\n"
    if documents := [str(path) for path in folder.documents_of_incomplete()]:
        text += "\nThe last stack was killed while these came in. They have no job: submit them again.\n\n"
        text += "".join(f"  {path}\n" for path in documents)
    return text


def farewell(keeper: Keeper | None) -> str:
    """One line, at the end."""
    if keeper is None:
        return "Stopped: what was captured here is gone.\n"
    text = f"Stopped: {_jobs(len(keeper.jobs))} kept in {keeper.folder.path}."
    if keeper.unfinished:
        text += f" Not finished, to be retried after the next start: {_named(keeper.unfinished)}."
    if keeper.lost:
        names = ", ".join(keeper.name_of(name) for name in sorted(keeper.lost))
        text += f" NOT UP TO DATE there, as it could not be written to: {names}."
    return text + "\n"


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number:,} jobs"


def _named(jobs: Sequence[KeptJob]) -> str:
    more = f" and {len(jobs) - _MOST_NAMED} more" if len(jobs) > _MOST_NAMED else ""
    return ", ".join(job.name for job in jobs[:_MOST_NAMED]) + more
