"""Store Invoice: make the provider's answer canonical, check it, store it, and return the announcement."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.events import store_request
from invoice_capture.observability import observed


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return application().store_invoice(store_request(event))
