"""Fetch Document: bring a document into the bucket from the URL of its job's order."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.observability import info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    document = application().fetch_document(event["job_id"])
    info("Document fetched.", bytes=document.size)
    return document.to_json()
