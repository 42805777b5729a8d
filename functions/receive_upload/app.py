"""Receive Upload: a batch of S3 events, each answered for on its own."""

from typing import Any

from invoice_capture.batches import receive_each
from invoice_capture.events import upload
from invoice_capture.observability import observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    from invoice_capture.use_cases.steps.receive_upload import ReceiveUpload

    return receive_each(
        event,
        lambda message: application().step(ReceiveUpload)(upload(message)),
        application().adapters.uploads_given_up.put_aside,
    )
