"""Submit Document: hand a document to the provider whose turn it is; the task token is answered later."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.events import submit_request
from invoice_capture.observability import info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    application().submit_document(submit_request(event))
    info("Document handed over, or its task token answered.", submission=event["submission"])
