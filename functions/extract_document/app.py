"""Extract Document: run the embedded engine, and resolve the task token with what it read."""

from typing import Any

from invoice_capture.batches import extract_each
from invoice_capture.bootstrap import application
from invoice_capture.events import extract_request
from invoice_capture.observability import observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def extract(message: Any) -> Any:
        return application().extract_document(extract_request(message, context.get_remaining_time_in_millis() / 1000))

    return extract_each(event, extract)
