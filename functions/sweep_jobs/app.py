"""Sweep Jobs: restart missing loops, end jobs past their deadline, announce what is owed, and measure what waits."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.observability import count, info, observed


@observed
def handler(_event: dict[str, Any], _context: object) -> None:
    swept = application().sweep_jobs()
    info("Swept.", **vars(swept))
    count("LoopsRestarted", swept.loops_restarted)
    count("JobsExpired", swept.jobs_expired)
    count("AnnouncementsPaid", swept.announcements_paid)
    count("SweepProblems", swept.problems)
    waiting = application().measure_backlog()
    count("OldestOpenJobSeconds", waiting.oldest_open_job_seconds)
    count("AnnouncementsOwed", waiting.announcements_owed)
