"""Confirm Invoice: tell a provider what a person made of its answer."""

from typing import Any

from invoice_capture.observability import info, observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    from invoice_capture.use_cases.steps.confirm_invoice import ConfirmInvoice

    told = application().step(ConfirmInvoice)(event["job_id"])
    info("Invoice confirmed.", provider_told=told)
