"""Webhooks: who is told by HTTP, what is sent, how it is signed, and when it is sent again.

Requests have the form of Standard Webhooks (https://www.standardwebhooks.com), so that receivers can verify them with
a ready-made library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.domain.document import client_of_key
from invoice_capture.domain.throttle import Breaker
from invoice_capture.domain.timestamps import timestamp

EVERYTHING = "*"
"""The name of the webhook that is told of everything, beside those that have the name of their client."""

EVENT_BUS = "@bus"
"""Where a message is put on the event bus: a name that no client can have."""

TEST = "webhook.test"
"""The message that somebody sends to see whether a webhook works. It is sent once."""

KEY_BYTES = 32
KEY_PREFIX = "whsec_"
OLD_KEY_SIGNS_FOR = timedelta(hours=24)
"""How long both keys sign after one was replaced."""

GIVEN_UP_AFTER = timedelta(hours=24)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=6)
_GROWTH = 3
# A key may be 24 to 64 bytes.
_SHORTEST_KEY_BYTES = 24
_LONGEST_KEY_BYTES = 64
# What tells two messages of the same event apart.
_IDENTITY = ("event", "job_id", "ended_at", "action_url", "month", "limit", "sent_at")
_ID_LENGTH = 32


@dataclass(frozen=True)
class Webhook:
    """What the table knows of a webhook: nothing secret.

    ``origin`` is scheme, host and port of its URL, ``version`` says which secret it has, ``events`` are those that it
    wants or None for all. ``gone_at`` is when its receiver answered 410, after which it is told nothing, and
    ``trouble`` why the last attempt failed, at ``failed_at``. ``tested_at`` is when a test was answered as it should.
    """

    name: str
    origin: str
    version: str
    created_at: datetime
    events: frozenset[str] | None = None
    breaker: Breaker = field(default_factory=Breaker)
    trouble: str | None = None
    failed_at: datetime | None = None
    gone_at: datetime | None = None
    tested_at: datetime | None = None

    def wants(self, event: str) -> bool:
        return self.gone_at is None and (self.events is None or event in self.events or event == TEST)


@dataclass(frozen=True)
class Endpoint:
    """What the secret of a webhook knows: where it is, and the one or two keys that sign its messages."""

    url: str = field(repr=False)
    key: str = field(repr=False)
    previous_key: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None

    def keys_at(self, now: datetime) -> list[str]:
        """The keys that sign now, the newest first."""
        if self.previous_key is None or self.previous_until is None or now >= self.previous_until:
            return [self.key]
        return [self.key, self.previous_key]

    def with_key(self, key: str, now: datetime) -> Endpoint:
        """The same place, with another key; the present one signs beside it for a day."""
        return Endpoint(self.url, key, self.key, now + OLD_KEY_SIGNS_FOR)


@dataclass(frozen=True)
class Delivery:
    """One message for one receiver: ``to`` is a webhook's name or ``EVENT_BUS``, ``since`` when it was first tried."""

    to: str
    since: datetime
    message: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"to": self.to, "since": timestamp(self.since), "message": self.message}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Delivery:
        return cls(data["to"], datetime.fromisoformat(data["since"]), data["message"])

    @property
    def message_id(self) -> str:
        """What the message is known again by, however often and to whomever it is sent."""
        identity = json.dumps([self.message.get(name) for name in _IDENTITY])
        return f"msg_{hashlib.sha256(identity.encode()).hexdigest()[:_ID_LENGTH]}"


def compose_key(randomness: bytes) -> str:
    """A key as people see it, of ``KEY_BYTES`` random bytes."""
    return KEY_PREFIX + base64.b64encode(randomness).decode()


def key_bytes(key: str) -> bytes:
    """Raises ValueError when it is no key; the message does not quote it."""
    try:
        decoded = base64.b64decode(key.removeprefix(KEY_PREFIX), validate=True)
    except binascii.Error:
        decoded = b""
    if not (key.startswith(KEY_PREFIX) and _SHORTEST_KEY_BYTES <= len(decoded) <= _LONGEST_KEY_BYTES):
        raise ValueError(
            f"A key is {KEY_PREFIX} and the base64 of {_SHORTEST_KEY_BYTES} to {_LONGEST_KEY_BYTES} random bytes."
        )
    return decoded


def targets_of(message: Mapping[str, Any]) -> list[str]:
    """The names of the webhooks that may want a message: of its client, if it has one, and of everything."""
    document = message.get("document")
    client = client_of_key(str(document["key"])) if isinstance(document, Mapping) else None
    return [EVERYTHING] if client is None else [client, EVERYTHING]


def body_of(delivery: Delivery) -> bytes:
    """The body of a request."""
    message = delivery.message
    # A message that names no time is as old as its delivery.
    occurred_at = message.get("ended_at") or timestamp(delivery.since)
    body = {"type": message["event"], "timestamp": occurred_at, "data": message}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(message_id: str, body: bytes, keys: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers that prove whose a request is: one signature by each of the keys."""
    seconds = int(now.timestamp())
    signed = b"%s.%d.%s" % (message_id.encode(), seconds, body)
    signatures = (hmac.digest(key_bytes(key), signed, "sha256") for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures),
    }


def pause_after(elapsed: timedelta, asked_for: timedelta, jitter: float) -> timedelta | None:
    """How long a message is left that has been tried in vain for so long; None when it is given up.

    Three times as long as has passed, from 5 seconds to 6 hours, and a tenth more by chance: ``jitter`` is from 0 to 1.
    ``asked_for`` is how long the receiver wants to be left alone. The last attempt comes when a day is over.
    """
    left = GIVEN_UP_AFTER - elapsed
    if left <= timedelta(0):
        return None
    pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, _GROWTH * elapsed)) * (1 + jitter / 10)
    return min(left, max(pause, min(asked_for, _LONGEST_PAUSE)))
