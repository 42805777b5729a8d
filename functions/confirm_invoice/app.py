"""Confirm Invoice: tell a provider what a person made of its answer."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.observability import info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    told = application().confirm_invoice(event["job_id"])
    info("Invoice confirmed.", provider_told=told)
