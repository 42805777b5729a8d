"""Announce Outcome: tell the world how a job ended, if that is still owed."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.observability import observed


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    application().announce_outcome(event["job_id"])
