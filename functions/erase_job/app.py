"""Erase Job: delete everything that is kept of a withdrawn job, here and at providers."""

from typing import Any

from invoice_capture.events import erase_request
from invoice_capture.observability import info, observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    from invoice_capture.use_cases.steps.erase_job import EraseJob

    application().step(EraseJob)(erase_request(event))
    info("Job erased.")
