"""Extract Document: run the embedded engine, and resolve the task token with what it read."""

from typing import Any

from invoice_capture.batches import extract_each
from invoice_capture.events import extract_request
from invoice_capture.observability import observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    from invoice_capture.use_cases.steps.extract_document import ExtractDocument

    def extract(message: Any) -> Any:
        seconds_left = context.get_remaining_time_in_millis() / 1000
        return application().step(ExtractDocument)(extract_request(message, seconds_left))

    return extract_each(event, extract)
