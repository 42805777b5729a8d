"""Store Invoice: make the provider's answer canonical, check it, store it, and return the announcement."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.events import store_request
from invoice_capture.observability import count, info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    announcement = application().store_invoice(store_request(event))
    info("Invoice stored.", findings=announcement["findings"])
    count("InvoicesCaptured", provider=announcement["provider"])
    return announcement
