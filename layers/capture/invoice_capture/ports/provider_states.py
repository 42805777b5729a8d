"""What all who talk to one provider share: the lease of its loop, its rate, breaker and latencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from invoice_capture.domain.throttle import Breaker, RateBucket


@dataclass(frozen=True)
class Lease:
    """Who runs a provider's loop.

    ``wakes_at`` is when the owner looks next; from ``expires_at`` on it counts as dead and may be replaced.
    ``wanted_at``: whoever found the owner at work relies on it to look again by then.
    """

    owner: str
    wakes_at: datetime
    expires_at: datetime
    wanted_at: datetime | None = None


@dataclass(frozen=True)
class ProviderState:
    """What all who talk to one provider share.

    ``latencies`` counts finished jobs by the size class of their document and the histogram bucket.
    """

    lease: Lease | None
    bucket: RateBucket | None
    breaker: Breaker
    latencies: Mapping[str, Mapping[int, float]]


class ProviderStateStore(Protocol):
    """Writes are compare-and-swap: False when somebody else was faster."""

    def load(self, provider: str) -> ProviderState:
        """The state as it is now, never a stale copy."""
        ...

    def take_lease(self, provider: str, lease: Lease, instead_of: Lease | None) -> bool:
        """Become the owner, provided that the lease still is what it was seen to be."""
        ...

    def keep_lease(self, provider: str, lease: Lease, look_by: datetime) -> bool:
        """Set new times on the lease, provided that ``lease.owner`` still owns it and is not wanted before ``look_by``.

        Nobody's wish is on the lease afterwards.
        """
        ...

    def want_look(self, provider: str, lease: Lease, at: datetime) -> bool:
        """Want the owner to look by ``at``, provided that the lease still is what it was seen to be."""
        ...

    def pass_lease(self, provider: str, owner: str, lease: Lease) -> bool:
        """Make ``lease.owner`` the owner, provided that ``owner`` still is it."""
        ...

    def release_lease(self, provider: str, owner: str) -> bool: ...

    def swap_bucket(self, provider: str, bucket: RateBucket) -> bool:
        """Write the successor of the bucket of version ``bucket.version - 1``."""
        ...

    def swap_breaker(self, provider: str, breaker: Breaker) -> bool:
        """Write the successor of the breaker of version ``breaker.version - 1``."""
        ...

    def accounts(self) -> frozenset[str]:
        """The names of accounts that ever had a loop, such as ``abbyy-us``; providers themselves are known anyway."""
        ...

    def add_latencies(self, provider: str, counts: Mapping[tuple[str, int], int], now: datetime) -> None:
        """Count finished jobs by size class and histogram bucket; those of earlier periods fade, see domain/polling."""
        ...
