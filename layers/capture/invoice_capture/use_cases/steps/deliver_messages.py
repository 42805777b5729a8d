"""Deliver Messages: what the topic tells goes to webhooks and to an event bus, for a day if need be.

A message of the topic becomes a delivery for each of its receivers, so that none waits for another. A receiver that
fails often is left alone between two probes, so that it does not hold up those of the others.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.domain.errors import LinkError, SettingMissing, StoreUnavailable
from invoice_capture.domain.webhook import (
    EVENT_BUS,
    TEST,
    Delivery,
    Webhook,
    body_of,
    headers_of,
    pause_after,
    targets_of,
)
from invoice_capture.ports import Answer, Clock, DeliveryQueue, Endpoints, EventBus, Metrics, Poster, WebhookStore

_GONE = 410
_NO_PAUSE = timedelta(0)
# What a receiver asks for holds for all of its messages.
_LONGEST_REST = timedelta(hours=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Queued:
    """A message at hand: what the topic said, or a delivery of that."""

    content: Mapping[str, Any] | Delivery
    receipt: str


@dataclass(frozen=True)
class DeliverMessages:
    """``bus`` is None where there is none."""

    webhooks: WebhookStore
    endpoints: Endpoints
    poster: Poster
    bus: EventBus | None
    deliveries: DeliveryQueue
    metrics: Metrics
    clock: Clock
    chance: Callable[[], float] = random.random

    def __call__(self, queued: Queued) -> bool:
        """Whether a message is dealt with. One that is not comes again when its time has come."""
        if not isinstance(queued.content, Delivery):
            self._address(queued.content)
            return True
        delivery = queued.content
        if delivery.to == EVENT_BUS:
            return self._put(delivery, queued.receipt)
        webhook = self.webhooks.get(delivery.to)
        # Taken away, or gone, since it was addressed.
        if webhook is None or not webhook.wants(delivery.message["event"]):
            return True
        return self._send(delivery, webhook, queued.receipt)

    def _address(self, message: Mapping[str, Any]) -> None:
        """Doing it again delivers twice, under the same id."""
        now = self.clock.now()
        for name in targets_of(message):
            webhook = self.webhooks.get(name)
            if webhook is not None and webhook.wants(message["event"]):
                self.deliveries.add(Delivery(name, now, message))
        if self.bus is not None:
            self.deliveries.add(Delivery(EVENT_BUS, now, message))

    def _put(self, delivery: Delivery, receipt: str) -> bool:
        if self.bus is None:
            return True
        try:
            self.bus.put(delivery.message["event"], {**delivery.message, "message_id": delivery.message_id})
        except StoreUnavailable as exc:
            _log.warning("The event bus did not take a message.", extra={"error": exc.code})
            return self._again(delivery, receipt)
        return True

    def _send(self, delivery: Delivery, webhook: Webhook, receipt: str) -> bool:
        now = self.clock.now()
        # Whoever sends a test wants to know now.
        if delivery.message["event"] != TEST:
            breaker, probe_at = webhook.breaker.admit(now)
            if probe_at is not None:
                return self._again(delivery, receipt, probe_at - now)
            if breaker is not webhook.breaker:
                if not self.webhooks.note(webhook, breaker, None, now):
                    # Somebody else probes.
                    return self._again(delivery, receipt)
                webhook = replace(webhook, breaker=breaker)
        try:
            answer = self._posted(delivery, webhook, now)
        except (LinkError, SettingMissing) as exc:
            return self._failed(delivery, webhook, receipt, str(exc), _NO_PAUSE)
        if 200 <= answer.status < 300:
            self._delivered(delivery, webhook, now)
            return True
        if answer.status == _GONE:
            self._gone(webhook, now)
            return True
        return self._failed(delivery, webhook, receipt, f"it answered HTTP {answer.status}", answer.retry_after)

    def _posted(self, delivery: Delivery, webhook: Webhook, now: datetime) -> Answer:
        endpoint = self.endpoints.of(webhook)
        body = body_of(delivery)
        return self.poster.post(endpoint.url, headers_of(delivery.message_id, body, endpoint.keys_at(now), now), body)

    def _delivered(self, delivery: Delivery, webhook: Webhook, now: datetime) -> None:
        _log.info("A message was delivered.", extra=_about(delivery))
        if webhook.breaker.failures:
            self.webhooks.note(webhook, webhook.breaker.succeeded(), None, now)
        if delivery.message["event"] == TEST:
            self.webhooks.tested(webhook.name, now)

    def _gone(self, webhook: Webhook, now: datetime) -> None:
        self.webhooks.end(webhook, now)
        self.metrics.count("WebhooksGone")
        _log.warning("A receiver wants nothing any more (HTTP 410).", extra={"webhook": webhook.name})

    def _failed(self, delivery: Delivery, webhook: Webhook, receipt: str, trouble: str, asked_for: timedelta) -> bool:
        now, rest = self.clock.now(), min(asked_for, _LONGEST_REST).total_seconds()
        present: Webhook | None = webhook
        # Those that fail at the same time all count.
        while present is not None and not self.webhooks.note(present, present.breaker.failed(now, rest), trouble, now):
            present = self.webhooks.get(webhook.name)
        _log.warning("A message was not delivered.", extra={**_about(delivery), "trouble": trouble})
        return self._again(delivery, receipt, asked_for)

    def _again(self, delivery: Delivery, receipt: str, asked_for: timedelta = _NO_PAUSE) -> bool:
        """Leave a message for later, or put it aside when a day is over. Nobody waits for a test."""
        if delivery.message["event"] == TEST:
            return True
        pause = pause_after(self.clock.now() - delivery.since, asked_for, self.chance())
        if pause is not None:
            self.deliveries.leave(receipt, pause)
            return False
        self.deliveries.give_up(delivery)
        self.metrics.count("DeliveriesGivenUp")
        _log.warning("A message was given up after a day.", extra=_about(delivery))
        return True


def _about(delivery: Delivery) -> dict[str, str]:
    return {"webhook": delivery.to, "message_id": delivery.message_id, "event": delivery.message["event"]}
