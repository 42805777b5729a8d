"""Webhooks in memory, held to the same suite as on DynamoDB; receivers, a queue and a bus that do as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.throttle import Breaker
from invoice_capture.domain.webhook import Delivery, Endpoint, Webhook
from invoice_capture.ports import Answer


class MemoryWebhookStore:
    def __init__(self) -> None:
        self.webhooks: dict[str, Webhook] = {}

    def get(self, name: str) -> Webhook | None:
        return self.webhooks.get(name)

    def all(self) -> Sequence[Webhook]:
        return [self.webhooks[name] for name in sorted(self.webhooks)]

    def put(self, webhook: Webhook) -> None:
        self.webhooks[webhook.name] = webhook

    def remove(self, name: str) -> None:
        self.webhooks.pop(name, None)

    def note(self, webhook: Webhook, breaker: Breaker, trouble: str | None, now: datetime) -> bool:
        present = self.webhooks.get(webhook.name)
        if present is None or present.breaker.version != breaker.version - 1:
            return False
        told = {} if trouble is None else {"trouble": trouble, "failed_at": now}
        self.webhooks[webhook.name] = replace(present, breaker=breaker, **told)  # type: ignore[arg-type]
        return True

    def end(self, webhook: Webhook, now: datetime) -> None:
        present = self.webhooks.get(webhook.name)
        if present is not None and present.version == webhook.version:
            self.webhooks[webhook.name] = replace(present, gone_at=now)

    def tested(self, name: str, now: datetime) -> None:
        if name in self.webhooks:
            self.webhooks[name] = replace(self.webhooks[name], tested_at=now)


class MemoryEndpoints:
    def __init__(self) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self.versions = 0

    def of(self, webhook: Webhook) -> Endpoint:
        if webhook.name not in self.endpoints:
            raise SettingMissing("its secret is not there")
        return self.endpoints[webhook.name]

    def put(self, name: str, endpoint: Endpoint) -> str:
        self.endpoints[name] = endpoint
        self.versions += 1
        return f"version {self.versions}"

    def remove(self, name: str) -> None:
        self.endpoints.pop(name, None)


@dataclass
class Posted:
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receivers:
    """What was posted, and what each URL answers: a status, a whole answer or an error; 204 when it is told nothing."""

    says: dict[str, int | Answer | Exception] = field(default_factory=dict)
    posted: list[Posted] = field(default_factory=list)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.posted.append(Posted(url, headers, body))
        said = self.says.get(url, 204)
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, Answer) else Answer(said)


@dataclass
class MemoryQueue:
    """``pauses`` has how long each message that is at hand is left, by its receipt."""

    added: list[Delivery] = field(default_factory=list)
    pauses: dict[str, timedelta] = field(default_factory=dict)
    given_up: list[Delivery] = field(default_factory=list)

    def add(self, delivery: Delivery) -> None:
        self.added.append(delivery)

    def leave(self, receipt: str, pause: timedelta) -> None:
        self.pauses[receipt] = pause

    def give_up(self, delivery: Delivery) -> None:
        self.given_up.append(delivery)


@dataclass
class MemoryBus:
    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)

    def put(self, event: str, detail: Mapping[str, Any]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.events.append((event, detail))
