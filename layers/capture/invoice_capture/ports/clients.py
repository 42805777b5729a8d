"""The API's clients: their keys, and the usage plan that throttles them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from invoice_capture.domain.api_key import ApiKey
from invoice_capture.domain.client_limits import ClientLimits


class KeyStore(Protocol):
    def add(self, key: ApiKey) -> bool:
        """Write a new key. False when another key of this id is there, or this one is and was revoked."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """The key as it is now, never a stale copy; at the cost of reading one item."""
        ...

    def all(self) -> Sequence[ApiKey]:
        """Every key, revoked ones too, in any order."""
        ...

    def revoke(self, key_id: str, now: datetime) -> bool:
        """Revoke a key; the first time stays. False when there is no such key."""
        ...


class ClientStore(Protocol):
    """What clients may cost. A client need not have a key yet."""

    def limits(self, client: str) -> ClientLimits | None:
        """What a client was given; None for one that has what all have."""
        ...

    def all_limits(self) -> Mapping[str, ClientLimits]:
        """By client, of those that were given some."""
        ...

    def set_limits(self, client: str, limits: ClientLimits | None) -> None:
        """Give a client its own limits, or, with None, those that all have."""
        ...

    def take(self, client: str, what: str, period: str, most: int, now: datetime) -> bool:
        """Count one of so many that a client may have in a period (``DAY#2026-11-30``). False when it had them."""
        ...


class UsagePlans(Protocol):
    def enroll(self, client: str) -> str:
        """Have a client throttled by itself, and return what the usage plan knows it by; again, it is the same.

        Raises SettingMissing when the usage plan does not exist.
        """
        ...
