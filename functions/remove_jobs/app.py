"""Remove Jobs: delete what is kept of jobs whose retention is over."""

from typing import Any

from invoice_capture.observability import count, info, observed
from invoice_capture.wiring import application


@observed
def handler(_event: dict[str, Any], context: Any) -> None:
    from invoice_capture.use_cases.steps.remove_jobs import RemoveJobs

    removed = application().step(RemoveJobs)(lambda: context.get_remaining_time_in_millis() / 1000)
    info("Jobs removed.", jobs=removed.jobs_removed, problems=removed.problems)
    count("JobsRemoved", removed.jobs_removed)
    count("RemovalProblems", removed.problems)
