"""Store Invoice: make the provider's answer canonical, check it, store it, and announce it."""

from typing import Any

from invoice_capture.events import store_request
from invoice_capture.observability import count, info, observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    from invoice_capture.use_cases.steps.store_invoice import StoreInvoice

    message = dict(application().step(StoreInvoice)(store_request(event)).message)
    info("Invoice stored.", findings=message["findings"])
    count("InvoicesCaptured", provider=message["provider"])
    return message
