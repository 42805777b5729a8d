"""Sweep Jobs: restart missing loops, end jobs past their deadline, announce what is owed, and measure what waits."""

from typing import Any

from invoice_capture.observability import count, info, observed
from invoice_capture.wiring import application


@observed
def handler(_event: dict[str, Any], _context: object) -> None:
    from invoice_capture.use_cases.measure_backlog import MeasureBacklog
    from invoice_capture.use_cases.sweep_jobs import SweepJobs

    swept = application().step(SweepJobs)()
    info("Swept.", **vars(swept))
    count("LoopsRestarted", swept.loops_restarted)
    count("JobsExpired", swept.jobs_expired)
    count("AnnouncementsPaid", swept.announcements_paid)
    count("SweepProblems", swept.problems)
    waiting = application().step(MeasureBacklog)()
    count("OldestOpenJobSeconds", waiting.oldest_open_job_seconds)
    count("AnnouncementsOwed", waiting.announcements_owed)
