"""Sweep Jobs: restart missing loops and end jobs past their deadline."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.observability import count, observed


@observed
def handler(_event: dict[str, Any], _context: object) -> None:
    swept = application().sweep_jobs()
    count("LoopsRestarted", swept.loops_restarted)
    count("JobsExpired", swept.jobs_expired)
