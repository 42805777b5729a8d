"""Sweep Jobs: restart missing loops and end jobs past their deadline."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.observability import count, info, observed


@observed
def handler(_event: dict[str, Any], _context: object) -> None:
    swept = application().sweep_jobs()
    info("Swept.", loops_restarted=swept.loops_restarted, jobs_expired=swept.jobs_expired)
    count("LoopsRestarted", swept.loops_restarted)
    count("JobsExpired", swept.jobs_expired)
