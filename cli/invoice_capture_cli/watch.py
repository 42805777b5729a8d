"""``watch``: jobs, until they end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.live import Live
from rich.text import Text

from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED, STOPPED, Aborted, UsageError
from invoice_capture_cli.following import Following
from invoice_capture_cli.jobs import UNFINISHED, Job, Wanted, is_ended
from invoice_capture_cli.listing import job_table
from invoice_capture_cli.running import Run
from invoice_capture_cli.tables import CompactTable, status_text
from invoice_capture_cli.values import total_of

# Room for the head of the table, and for the prompt.
_MARGIN = 6


def watch(run: Run, ids: Sequence[str]) -> int:
    """The exit status. Raises CommandError."""
    following = Following(run.jobs)
    for job in _begin(run, list(dict.fromkeys(ids))):
        following.add(job)
    if not following.jobs:
        run.say("No job is under way.")
        return ALL_WELL
    try:
        _follow(run, following)
    except KeyboardInterrupt:
        raise Aborted(f"Stopped: {len(following.unfinished)} jobs are still under way.", STOPPED) from None
    well = all(job.get("status") == "completed" for job in following.jobs.values())
    return ALL_WELL if well else SOME_FAILED


def _begin(run: Run, ids: list[str]) -> list[Job]:
    """The jobs to follow. Raises UsageError for an id that is none."""
    if not ids:
        wanted = Wanted({"status": {"$in": list(UNFINISHED)}}, order="asc")
        return [job for rows, _ in run.jobs.pages(wanted) for job in rows]
    found = run.jobs.listed(ids)
    if missing := [job_id for job_id in ids if job_id not in found]:
        raise UsageError(f"There is no job {', '.join(missing)}. invoice-capture list shows the ids of yours.")
    if waiting := [job_id for job_id in ids if found[job_id].get("status") == "created"]:
        raise UsageError(f"{', '.join(waiting)} was created but never started, so there is nothing to watch.")
    return [found[job_id] for job_id in ids]


def _follow(run: Run, following: Following) -> None:
    if run.json or not run.out.is_terminal:
        _report(run, following.jobs.values())
        for changed in following.until_ended():
            _report(run, changed)
        return
    with Live(console=run.out, auto_refresh=False, transient=True) as live:
        live.update(_table(run, following), refresh=True)
        for _ in following.until_ended():
            live.update(_table(run, following), refresh=True)
    run.out.print(job_table(list(following.jobs.values()), run.out.width))


def _report(run: Run, jobs: Iterable[Job]) -> None:
    for job in jobs:
        if run.json:
            run.line(job)
        else:
            words = (status_text(job), str(job["_id"]), str(job.get("documentName", "")), total_of(job))
            run.out.print(Text("  ").join(Text(word) if isinstance(word, str) else word for word in words if word))


def _table(run: Run, following: Following) -> CompactTable:
    """As many jobs as the screen has room for, those under way first."""
    jobs = sorted(following.jobs.values(), key=is_ended)
    room = max(1, run.out.height - _MARGIN)
    listed = job_table(jobs[:room], run.out.width)
    ended = len(jobs) - len(following.unfinished)
    listed.caption = Text(f"{ended} of {len(jobs)} ended; Ctrl-C stops watching, not the jobs", style="dim")
    listed.caption_justify = "left"
    return listed
