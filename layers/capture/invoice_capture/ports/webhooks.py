"""Who is told by HTTP and on an event bus, and the ways there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from invoice_capture.domain.throttle import Breaker
from invoice_capture.domain.webhook import Delivery, Endpoint, Webhook


class WebhookStore(Protocol):
    """Webhooks by name, without what is secret."""

    def get(self, name: str) -> Webhook | None:
        """The webhook as it is now, never a stale copy."""
        ...

    def all(self) -> Sequence[Webhook]:
        """In the order of their names."""
        ...

    def put(self, webhook: Webhook) -> None:
        """Write a webhook, whatever is there."""
        ...

    def remove(self, name: str) -> None:
        """One that is gone already is fine."""
        ...

    def note(self, webhook: Webhook, breaker: Breaker, trouble: str | None, now: datetime) -> bool:
        """Note how an attempt ended, or that one begins. False when somebody else noted something meanwhile.

        ``trouble`` is why it failed, or None to leave that as it is.
        """
        ...

    def end(self, webhook: Webhook, now: datetime) -> None:
        """Its receiver wants nothing any more. Another secret, so another version, begins anew."""
        ...

    def tested(self, name: str, now: datetime) -> None:
        """A test was answered as it should."""
        ...


class Endpoints(Protocol):
    """Where webhooks are, and what they are signed with: secrets."""

    def of(self, webhook: Webhook) -> Endpoint:
        """Raises SettingMissing when its secret is absent or malformed."""
        ...

    def put(self, name: str, endpoint: Endpoint) -> str:
        """Keep a secret; returns its version."""
        ...

    def remove(self, name: str) -> None:
        """One that is gone already is fine."""
        ...


@dataclass(frozen=True)
class Answer:
    """What a receiver said: its status, and how long it wants to be left alone."""

    status: int
    retry_after: timedelta = timedelta(0)


class Poster(Protocol):
    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a JSON body. Redirects are not followed, and the answer's content is not read.

        Raises:
            LinkForbidden: the URL leads where nothing is sent to.
            LinkBroken: the other side is no receiver.
            LinkUnanswered: it did not answer, or not in time.
        """
        ...


class DeliveryQueue(Protocol):
    """What is to be delivered. ``receipt`` stands for a message of it that is at hand."""

    def add(self, delivery: Delivery) -> None: ...

    def leave(self, receipt: str, pause: timedelta) -> None:
        """Have a message come again after a pause of up to 12 hours."""
        ...

    def give_up(self, delivery: Delivery) -> None:
        """Put a delivery where somebody will look at it."""
        ...


class EventBus(Protocol):
    def put(self, event: str, detail: Mapping[str, Any]) -> None:
        """Raises StoreUnavailable when the bus did not take it."""
        ...
