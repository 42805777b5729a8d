"""``list`` and ``retry``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED, ApiRefused
from invoice_capture_cli.heads import HEAD_COLUMNS, Head
from invoice_capture_cli.jobs import Job, Wanted
from invoice_capture_cli.running import Run
from invoice_capture_cli.simulated import simulated_of
from invoice_capture_cli.statuses import status_text
from invoice_capture_cli.tables import Column, Sheet, heading, show_parts
from invoice_capture_cli.values import since, when


def filters(*, status: Sequence[str] = (), group: str | None = None, since_text: str | None = None) -> dict[str, Any]:
    """The API's filter. Raises UsageError."""
    found: dict[str, Any] = {}
    if status:
        found["status"] = status[0] if len(status) == 1 else {"$in": list(status)}
    if group is not None:
        found["group"] = group
    if since_text is not None:
        found["createdAt"] = {"$gte": since(since_text, datetime.now(UTC))}
    return found


def list_jobs(run: Run, wanted: Wanted) -> int:
    jobs: list[Job] = []
    for page in run.jobs.pages(wanted):
        jobs += page.jobs
    total = page.total
    if run.json:
        run.emit({"jobs": jobs, "total": total, "moreToRead": page.more})
        return ALL_WELL
    if not jobs:
        run.say("There is no such job." if wanted.filters or wanted.search else "There is no job yet.")
        return ALL_WELL
    is_part = page.more or len(jobs) < total
    counted = f"{'at least ' if page.more else ''}{total} jobs"
    shown = f"{len(jobs)} of {counted}" if is_part else "1 job" if total == 1 else counted
    hint = "; --all shows all of them" if is_part else ""
    show_parts(run.out, job_table(jobs), Text(shown + hint, style="dim"))
    return ALL_WELL


def job_table(jobs: Sequence[Job]) -> Sheet:
    """One row per job: id, status, document, and the head of its invoice."""
    listed = Sheet(
        heading("Jobs", simulated_of(jobs)),
        Column("Job", style="dim"),
        Column("Status"),
        Column("Document", style="bold", wraps=True),
        *HEAD_COLUMNS,
        Column("Group", turn=3, below="Status"),
        Column("Created", style="dim", turn=2, below="Job"),
    )
    for job in jobs:
        listed.add(
            str(job.get("_id", "")),
            status_text(job),
            str(job.get("documentName") or ""),
            *Head.of_job(job).cells,
            str(job.get("group") or ""),
            when(job.get("createdAt"))[:-3],
        )
    return listed


def retry(run: Run, ids: Sequence[str]) -> int:
    """Start ended jobs again, each by itself. Raises CommandError for what concerns all of them."""
    started: list[str] = []
    for job_id in dict.fromkeys(ids):
        result: Mapping[str, Any]
        try:
            answer = run.jobs.retry(job_id)
            result = {"jobId": job_id, "status": answer.get("status"), "problem": None}
            started.append(job_id)
        except ApiRefused as exc:
            if not exc.is_about_this_request:
                raise
            result = {"jobId": job_id, "status": None, "problem": str(exc)}
        if run.json:
            run.line(result)
        elif result["problem"] is None:
            run.out.print(Text.assemble(("✓ started again  ", "green"), job_id))
        else:
            run.out.print(Text.assemble(("✗ not started    ", "red"), f"{job_id}  {result['problem']}"))
    if started and not run.json:
        run.say(f"Follow with:\n  {run.watch_command(started)}")
    return ALL_WELL if len(started) == len(dict.fromkeys(ids)) else SOME_FAILED
