"""What all who talk to one provider share, in memory, and how often a document was begun to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from invoice_capture.domain.job import provider_of
from invoice_capture.domain.polling import faded, fading_period
from invoice_capture.domain.throttle import Breaker, RateBucket
from invoice_capture.ports import Lease, ProviderState
from tests.fakes.items import as_kept


class MemoryProviderStateStore:
    def __init__(self) -> None:
        self.states: dict[str, ProviderState] = {}
        self._accounts: set[str] = set()
        self._periods: dict[str, int] = {}

    def load(self, provider: str) -> ProviderState:
        return self.states.get(provider, ProviderState(lease=None, bucket=None, breaker=Breaker(), latencies={}))

    def accounts(self) -> frozenset[str]:
        return frozenset(self._accounts)

    def take_lease(self, provider: str, lease: Lease, instead_of: Lease | None) -> bool:
        if provider != provider_of(provider):
            self._accounts.add(provider)
        present = self.load(provider).lease
        seen = None if instead_of is None else (instead_of.owner, as_kept(instead_of.expires_at))
        if present is not None and (present.owner, present.expires_at) != seen:
            return False
        return self._change(provider, lease=as_kept(lease))

    def keep_lease(self, provider: str, lease: Lease, look_by: datetime) -> bool:
        present = self.load(provider).lease
        is_wanted = present is not None and present.wanted_at is not None and present.wanted_at < as_kept(look_by)
        return not is_wanted and self.pass_lease(provider, lease.owner, lease)

    def want_look(self, provider: str, lease: Lease, at: datetime) -> bool:
        present = self.load(provider).lease
        if present is None or (present.owner, present.expires_at) != (lease.owner, as_kept(lease.expires_at)):
            return False
        if present.wanted_at is not None and present.wanted_at <= as_kept(at):
            return False
        return self._change(provider, lease=replace(present, wanted_at=as_kept(at)))

    def pass_lease(self, provider: str, owner: str, lease: Lease) -> bool:
        return self._owns(provider, owner) and self._change(provider, lease=as_kept(lease))

    def release_lease(self, provider: str, owner: str) -> bool:
        return self._owns(provider, owner) and self._change(provider, lease=None)

    def swap_bucket(self, provider: str, bucket: RateBucket) -> bool:
        present = self.load(provider).bucket
        if present is not None and present.version != bucket.version - 1:
            return False
        # To the microsecond: a millisecond is several slots at a high rate.
        kept = replace(as_kept(bucket), next_slot_at=bucket.next_slot_at, rate_factor=round(bucket.rate_factor, 6))
        return self._change(provider, bucket=kept)

    def swap_breaker(self, provider: str, breaker: Breaker) -> bool:
        present = self.load(provider).breaker
        if present.version and present.version != breaker.version - 1:
            return False
        return self._change(provider, breaker=as_kept(breaker))

    def add_latencies(self, provider: str, counts: Mapping[tuple[str, int], int], now: datetime) -> None:
        latencies = {name: dict(buckets) for name, buckets in self.load(provider).latencies.items()}
        if self._periods.setdefault(provider, fading_period(now)) < fading_period(now):
            self._periods[provider], latencies = fading_period(now), faded(latencies)
        for (size_class, bucket), number in counts.items():
            buckets = latencies.setdefault(size_class, {})
            buckets[bucket] = buckets.get(bucket, 0) + number
        self._change(provider, latencies=latencies)

    def _owns(self, provider: str, owner: str) -> bool:
        lease = self.load(provider).lease
        return lease is not None and lease.owner == owner

    def _change(self, provider: str, **parts: Any) -> bool:
        self.states[provider] = replace(self.load(provider), **parts)
        return True


class MemoryExtractionRuns:
    def __init__(self) -> None:
        self.counts: Counter[tuple[str, int]] = Counter()

    def begin(self, key: tuple[str, int]) -> int:
        self.counts[key] += 1
        return self.counts[key]

    def end(self, key: tuple[str, int]) -> None:
        self.counts[key] -= 1
