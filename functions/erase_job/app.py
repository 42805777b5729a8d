"""Erase Job: delete everything that is kept of a withdrawn job, here and at providers."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.events import erase_request
from invoice_capture.observability import info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    application().erase_job(erase_request(event))
    info("Job erased.")
