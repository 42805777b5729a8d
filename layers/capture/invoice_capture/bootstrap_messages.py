"""The composition root of what delivers messages."""

from __future__ import annotations

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.messaging import EventBridgeBus, SQSDeliveryQueue
from invoice_capture.aws.table import Table
from invoice_capture.aws.webhook_store import DynamoDBWebhookStore, SecretEndpoints
from invoice_capture.links.poster import LinkPoster
from invoice_capture.ports import Clock, Metrics
from invoice_capture.settings import Settings
from invoice_capture.use_cases.deliver_messages import DeliverMessages


def deliver_messages(
    settings: Settings, clients: Clients, table: Table, metrics: Metrics, clock: Clock
) -> DeliverMessages:
    bus = settings.optional_text("EVENT_BUS_NAME")
    return DeliverMessages(
        webhooks=DynamoDBWebhookStore(table),
        endpoints=SecretEndpoints(clients, settings.text("WEBHOOK_SECRET_PREFIX"), clock),
        poster=LinkPoster(trusted_origins=settings.optional_names("TRUSTED_ORIGINS")),
        bus=EventBridgeBus(clients, bus) if bus else None,
        queue=SQSDeliveryQueue(
            clients, settings.text("DELIVERY_QUEUE_URL"), settings.text("DELIVERY_DEAD_LETTER_QUEUE_URL")
        ),
        metrics=metrics,
        clock=clock,
    )
