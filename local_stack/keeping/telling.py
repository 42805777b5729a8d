"""What ``serve`` says of keeping, at its start and at its end."""

from __future__ import annotations

from collections.abc import Sequence

from local_stack.keeping.keeper import Keeper
from local_stack.keeping.kept_job import KeptJob

_MOST_NAMED = 10


def fate(keeper: Keeper | None) -> str:
    """What becomes of everything when the stack stops, and what became of it when the former one did."""
    if keeper is None:
        return (
            "All of this is in memory: when it stops, keys, jobs, documents and invoices are lost.\n"
            "With serve --keep FOLDER they are kept there, and are here again after a restart.\n"
        )
    folder = keeper.folder
    text = (
        f"Jobs, documents, invoices and keys are kept in {folder.path}, and are here again after a restart.\n"
        "A job that has not ended when this stops fails, and can be started again with retry.\n"
    )
    if keeper.jobs:
        text += f"{_jobs(len(keeper.jobs))} of before {'is' if len(keeper.jobs) == 1 else 'are'} here.\n"
    if folder.expired:
        text += f"{_jobs(folder.expired)} past the end of retention, and removed.\n"
    if keeper.interrupted:
        ids = " ".join(job.job_id for job in keeper.interrupted[:_MOST_NAMED])
        text += (
            f"\nThe last stop came too early for {_named(keeper.interrupted)}. Start again with:\n\n"
            f"  invoice-capture retry {ids}\n"
        )
    if documents := [str(path) for path in folder.documents_of_incomplete()]:
        text += "\nThese documents came in when it was killed, and have no job: submit them again.\n\n"
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
        text += f" NOT KEPT, because the folder could not be written to: {', '.join(sorted(keeper.lost))}."
    return text + "\n"


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number:,} jobs"


def _named(jobs: Sequence[KeptJob]) -> str:
    more = f" and {len(jobs) - _MOST_NAMED} more" if len(jobs) > _MOST_NAMED else ""
    return ", ".join(job.name for job in jobs[:_MOST_NAMED]) + more
