"""Receive Upload: a batch of S3 events, each answered for on its own."""

from typing import Any

from invoice_capture.batches import receive_each
from invoice_capture.bootstrap import application
from invoice_capture.events import upload
from invoice_capture.observability import observed


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return receive_each(
        event, lambda message: application().receive_upload(upload(message)), application().uploads_given_up.put_aside
    )
