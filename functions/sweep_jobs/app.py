"""Sweep Jobs: restart missing loops, end jobs past their deadline, announce what is owed, and measure what waits."""

from typing import Any

from invoice_capture.observability import count_each, info, observed
from invoice_capture.wiring import application


@observed
def handler(_event: dict[str, Any], _context: object) -> None:
    from invoice_capture.use_cases.steps.measure_backlog import MeasureBacklog
    from invoice_capture.use_cases.steps.sweep_jobs import SweepJobs

    swept = application().step(SweepJobs)()
    info("Swept.", **vars(swept))
    count_each(swept.metrics())
    count_each(application().step(MeasureBacklog)().metrics())
