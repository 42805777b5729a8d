"""API keys and usage plans in memory. tests/contract holds the keys to the same suite as the ones on DynamoDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from invoice_capture.domain.api_key import ApiKey
from invoice_capture.domain.client_limits import ClientLimits


class MemoryKeyStore:
    """``reads`` counts what was asked of it, by method."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.reads: Counter[str] = Counter()

    def add(self, key: ApiKey) -> bool:
        present = self.keys.get(key.key_id)
        if present is not None and (present.digest != key.digest or present.revoked_at is not None):
            return False
        self.keys[key.key_id] = key
        return True

    def get(self, key_id: str) -> ApiKey | None:
        self.reads["get"] += 1
        return self.keys.get(key_id)

    def all(self) -> Sequence[ApiKey]:
        self.reads["all"] += 1
        return list(self.keys.values())

    def revoke(self, key_id: str, now: datetime) -> bool:
        key = self.keys.get(key_id)
        if key is None:
            return False
        self.keys[key_id] = replace(key, revoked_at=key.revoked_at or now)
        return True


class MemoryClientStore:
    def __init__(self) -> None:
        self.given: dict[str, ClientLimits] = {}
        self.used: Counter[tuple[str, str, str]] = Counter()

    def limits(self, client: str) -> ClientLimits | None:
        return self.given.get(client)

    def all_limits(self) -> Mapping[str, ClientLimits]:
        return dict(self.given)

    def set_limits(self, client: str, limits: ClientLimits | None) -> None:
        self.given.pop(client, None)
        if limits is not None:
            self.given[client] = limits

    def take(self, client: str, what: str, period: str, most: int, now: datetime) -> bool:
        if self.used[client, what, period] >= most:
            return False
        self.used[client, what, period] += 1
        return True


class MemoryUsagePlans:
    """One identifier per client, however often it enrolls."""

    def __init__(self) -> None:
        self.enrolled: dict[str, str] = {}

    def enroll(self, client: str) -> str:
        return self.enrolled.setdefault(client, f"usage-identifier-{len(self.enrolled) + 1:04d}")
