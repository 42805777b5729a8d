"""The API's clients: their keys, and the usage plan that throttles them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from invoice_capture.domain.api_key import ApiKey


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


class UsagePlans(Protocol):
    def enroll(self, client: str) -> str:
        """Have a client throttled by itself, and return what the usage plan knows it by; again, it is the same.

        Raises SettingMissing when the usage plan does not exist.
        """
        ...
