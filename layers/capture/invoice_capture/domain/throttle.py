"""How fast a provider is asked: slots at a rate that learns from refusals, and a circuit breaker.

Both are values: every method returns the next value, one version on, and the store compares and swaps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_RECOVERY = timedelta(minutes=10)
_SLOWER = 0.75
_LOWEST_RATE_FACTOR = 1 / 64
# Requests that were under way when the first of them was refused say nothing new.
_ONE_REFUSAL = timedelta(seconds=2)
_BREAKER_THRESHOLD = 5
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True)
class RateBucket:
    """Slots, given out one after another (the generic cell rate algorithm): whoever takes one knows when it is.

    ``next_slot_at`` is the first slot that nobody took. ``rate_factor`` is the part of the configured rate in use: a
    quarter less after a refusal, and back to 1 within ten quiet minutes. ``slowed_at`` is the last refusal.
    """

    next_slot_at: datetime
    rate_factor: float
    updated_at: datetime
    slowed_at: datetime | None = None
    version: int = 0

    @classmethod
    def full(cls, now: datetime) -> RateBucket:
        return cls(next_slot_at=now - timedelta(seconds=1), rate_factor=1.0, updated_at=now)

    def take(
        self, rate: float, now: datetime, requests: int = 1, max_wait: timedelta = timedelta(0)
    ) -> tuple[RateBucket, datetime]:
        """Take the slots of some requests in a row at a configured ``rate`` per second.

        Returns the next bucket, and when the first request may be sent; nothing is taken when that is further away than
        ``max_wait``. A second's worth of requests may go at once, but never to a provider that refused some lately.
        """
        rate_factor = self._recovered(now)
        burst = max(0.0, 1 - 1 / rate) if rate_factor == 1 else 0.0
        first = max(self.next_slot_at, now - timedelta(seconds=burst))
        slot_at = max(first, now)
        if slot_at > now + max_wait:
            return self, slot_at
        next_slot_at = first + timedelta(seconds=requests / (rate * rate_factor))
        return RateBucket(next_slot_at, rate_factor, now, self.slowed_at, self.version + 1), slot_at

    def spacing(self, rate: float) -> float:
        """Seconds to leave between requests: none while the provider takes bursts, which it does until it refuses."""
        return 0.0 if self.rate_factor == 1 else 1 / (rate * self.rate_factor)

    def slow_down(self, retry_after: float | None, now: datetime) -> RateBucket:
        """The bucket after the provider asked for fewer requests."""
        is_new = self.slowed_at is None or now - self.slowed_at > _ONE_REFUSAL
        rate_factor = self._recovered(now)
        return RateBucket(
            next_slot_at=max(self.next_slot_at, now + timedelta(seconds=retry_after or 0.0)),
            rate_factor=max(_LOWEST_RATE_FACTOR, rate_factor * _SLOWER) if is_new else rate_factor,
            updated_at=now,
            slowed_at=now if is_new else self.slowed_at,
            version=self.version + 1,
        )

    def _recovered(self, now: datetime) -> float:
        return min(1.0, self.rate_factor + max(timedelta(0), now - self.updated_at) / _RECOVERY)


@dataclass(frozen=True)
class Breaker:
    """Opens after five failures in a row; after each pause one request probes, and the pause doubles if it fails.

    A provider that says when to come back is left alone until then, after a single failure too.
    """

    failures: int = 0
    probe_at: datetime | None = None
    version: int = 0

    def admit(self, now: datetime) -> tuple[Breaker, datetime | None]:
        """Ask for one request: the next breaker, and None when it may be made or else the time to try again."""
        if self.probe_at is None:
            return self, None
        if now < self.probe_at:
            return self, self.probe_at
        # The probe takes the next pause with it, so that nobody else probes while it is under way.
        return Breaker(self.failures, now + _pause(self.failures), self.version + 1), None

    def failed(self, now: datetime, retry_after: float | None = None) -> Breaker:
        failures = self.failures + 1
        pause = _pause(failures) if failures >= _BREAKER_THRESHOLD else timedelta(0)
        pause = max(pause, timedelta(seconds=retry_after or 0.0))
        return Breaker(failures, now + pause if pause else None, self.version + 1)

    def succeeded(self) -> Breaker:
        """Itself when there was nothing to forgive, so that a healthy provider costs no write."""
        return self if self.failures == 0 else Breaker(version=self.version + 1)

    @property
    def is_open(self) -> bool:
        """Whether the provider counts as out of order, beyond a pause that it asked for."""
        return self.failures >= _BREAKER_THRESHOLD


def _pause(failures: int) -> timedelta:
    doublings = min(10, max(0, failures - _BREAKER_THRESHOLD))
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << doublings))
