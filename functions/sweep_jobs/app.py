"""Sweep Jobs: restart missing loops, end jobs past their deadline, and announce what is owed."""

from dataclasses import asdict
from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.observability import count, info, observed


@observed
def handler(_event: dict[str, Any], _context: object) -> None:
    swept = application().sweep_jobs()
    info("Swept.", **asdict(swept))
    count("LoopsRestarted", swept.loops_restarted)
    count("JobsExpired", swept.jobs_expired)
    count("AnnouncementsPaid", swept.announcements_paid)
    count("SweepProblems", swept.problems)
