"""Extract Document: run the embedded engine, and resolve the task token with what it read."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.events import extract_request
from invoice_capture.observability import info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    outcome = application().extract_document(extract_request(event))
    info("Document extracted.", state=outcome.state, error=outcome.error_code)
