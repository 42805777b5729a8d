"""Deliver Messages: what the topic tells goes to webhooks and to an event bus, for a day if need be."""

from typing import Any

from invoice_capture.batches import deliver_each
from invoice_capture.events import queued_message
from invoice_capture.observability import observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    from invoice_capture.use_cases.steps.deliver_messages import DeliverMessages

    return deliver_each(event, lambda message: application().step(DeliverMessages)(queued_message(message)))
