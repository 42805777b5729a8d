"""``watch``: jobs, until they end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group
from rich.live import Live
from rich.text import Text

from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED, STOPPED, Aborted, UsageError
from invoice_capture_cli.following import Following
from invoice_capture_cli.heads import Head
from invoice_capture_cli.jobs import UNFINISHED, Job, Wanted, is_ended
from invoice_capture_cli.listing import job_table
from invoice_capture_cli.running import Run
from invoice_capture_cli.simulated import simulated_of
from invoice_capture_cli.statuses import status_text
from invoice_capture_cli.tables import clean, heading, show_parts

# Lines below the table: what is said of all jobs, and the prompt.
_MARGIN = 2


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
        return [job for page in run.jobs.pages(wanted) for job in page.jobs]
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
    show_parts(run.out, job_table(list(following.jobs.values())))


def _report(run: Run, jobs: Iterable[Job]) -> None:
    for job in jobs:
        if run.json:
            run.line(job)
        else:
            words = [str(job["_id"]), str(job.get("documentName", "")), *Head.of_job(job).words]
            shown = Text("  ").join([status_text(job), *(clean(word) for word in words if word)])
            run.out.print(shown.append(heading("", simulated_of([job]))))


def _table(run: Run, following: Following) -> Group:
    """As many jobs as the screen has room for, those under way first."""
    jobs = sorted(following.jobs.values(), key=is_ended)
    ended = len(jobs) - len(following.unfinished)
    caption = Text(f"{ended} of {len(jobs)} ended; Ctrl-C stops watching, not the jobs", style="dim")
    room = max(1, run.out.height - _MARGIN)
    shown = min(len(jobs), room)
    # Where columns stand below each other, a job has several lines.
    while shown > 1 and len(run.out.render_lines(job_table(jobs[:shown]))) > room:
        shown -= 1
    return Group(job_table(jobs[:shown]), caption)
