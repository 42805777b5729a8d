"""Submit Document: submit a document to the next provider of its route; the task token is answered later."""

from typing import Any

from invoice_capture.events import submit_request
from invoice_capture.observability import info, observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    from invoice_capture.use_cases.steps.submit_document import SubmitDocument

    application().step(SubmitDocument)(submit_request(event))
    info("Document submitted, or its task token answered.", submission=event["submission"])
