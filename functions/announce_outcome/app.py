"""Announce Outcome: tell the world how a job ended, if that is still owed."""

from typing import Any

from invoice_capture.observability import observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    from invoice_capture.use_cases.steps.announce_outcome import AnnounceOutcome

    application().step(AnnounceOutcome)(event["job_id"])
