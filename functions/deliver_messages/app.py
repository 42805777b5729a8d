"""Deliver Messages: what the topic tells goes to webhooks and to an event bus, for a day if need be."""

from typing import Any

from invoice_capture.batches import deliver_each
from invoice_capture.bootstrap import application
from invoice_capture.events import queued_message
from invoice_capture.observability import observed


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return deliver_each(event, lambda message: application().deliver_messages(queued_message(message)))
