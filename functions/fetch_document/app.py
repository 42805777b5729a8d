"""Fetch Document: bring a document into the bucket from the URL of its job's order."""

from typing import Any

from invoice_capture.observability import info, observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    from invoice_capture.use_cases.steps.fetch_document import FetchDocument

    document = application().step(FetchDocument)(event["job_id"])
    info("Document fetched.", bytes=document.size)
    return document.to_json()
