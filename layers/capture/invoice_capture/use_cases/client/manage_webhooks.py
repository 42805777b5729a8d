"""Manage Webhooks: set, test and remove them, change their keys, and send what was sent once more."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from invoice_capture.domain.announcement import announcement_of_end
from invoice_capture.domain.job import Job
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.domain.webhook import KEY_BYTES, TEST, Delivery, Endpoint, Webhook, compose_key, targets_of
from invoice_capture.ports import Clock, DeliveryQueue, Endpoints, WebhookStore


class NoWebhook(LookupError):
    """There is no webhook of this name."""


@dataclass(frozen=True)
class ManageWebhooks:
    """What an operator does with webhooks. ``entropy`` gives so many random bytes."""

    webhooks: WebhookStore
    endpoints: Endpoints
    deliveries: DeliveryQueue
    clock: Clock
    entropy: Callable[[int], bytes] = secrets.token_bytes

    def set(self, name: str, url: str, origin: str, events: frozenset[str] | None) -> str | None:
        """Have a webhook told at a URL, from the beginning if it was gone.

        Returns its key when that is new: this is the only time that anybody sees it. One that was there keeps its keys.
        """
        present = self.webhooks.get(name)
        key = None if present is not None else compose_key(self.entropy(KEY_BYTES))
        endpoint = Endpoint(url, key) if key is not None else replace(self._endpoint(name), url=url)
        version = self.endpoints.put(name, endpoint)
        self.webhooks.put(Webhook(name, origin, version, self.clock.now(), events))
        return key

    def all(self) -> Sequence[Webhook]:
        return self.webhooks.all()

    def rotate(self, name: str) -> tuple[str, datetime]:
        """A new key, and until when the former one signs beside it. Raises NoWebhook."""
        now = self.clock.now()
        key = compose_key(self.entropy(KEY_BYTES))
        endpoint = self._endpoint(name).with_key(key, now)
        version = self.endpoints.put(name, endpoint)
        self.webhooks.put(replace(self._webhook(name), version=version))
        return key, endpoint.previous_until or now

    def remove(self, name: str) -> None:
        """Raises NoWebhook."""
        self._webhook(name)
        self.webhooks.remove(name)
        self.endpoints.remove(name)

    def test(self, name: str) -> Webhook:
        """Have a test sent, once; returns the webhook as it was before. Raises NoWebhook."""
        before, now = self._webhook(name), self.clock.now()
        self.deliveries.add(Delivery(name, now, {"event": TEST, "webhook": name, "sent_at": timestamp(now)}))
        return before

    def outcome(self, before: Webhook) -> str | None:
        """What became of a test: None for nothing yet, empty for an answer as it should be, or else why it failed.

        Raises NoWebhook.
        """
        webhook = self._webhook(before.name)
        if webhook.gone_at is not None:
            return "it wants nothing any more (HTTP 410): set it again"
        if webhook.tested_at != before.tested_at:
            return ""
        return webhook.trouble if webhook.failed_at != before.failed_at else None

    def replay(self, job: Job) -> list[str] | None:
        """Have the end of a job told once more, under the same id; to whom, or None when it has not ended."""
        announcement = announcement_of_end(job)
        if announcement is None:
            return None
        message, now = announcement.message, self.clock.now()
        named = [(name, self.webhooks.get(name)) for name in targets_of(message)]
        names = [name for name, webhook in named if webhook is not None and webhook.wants(message["event"])]
        for name in names:
            self.deliveries.add(Delivery(name, now, message))
        return names

    def _webhook(self, name: str) -> Webhook:
        webhook = self.webhooks.get(name)
        if webhook is None:
            raise NoWebhook
        return webhook

    def _endpoint(self, name: str) -> Endpoint:
        return self.endpoints.of(self._webhook(name))
