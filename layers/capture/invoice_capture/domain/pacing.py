"""How fast a provider is asked: a token bucket that learns from refusals, and a circuit breaker.

Both are values: every method returns the next value, one version on, and the store compares and swaps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_RECOVERY = timedelta(minutes=10)
_LOWEST_SHARE = 1 / 64
_BREAKER_THRESHOLD = 5
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True)
class RateBucket:
    """A token bucket of one second's depth.

    ``share`` is the part of the configured rate in use: halved by a refusal, and back to 1 within ten quiet minutes.
    """

    tokens: float
    share: float
    updated_at: datetime
    paused_until: datetime | None = None
    version: int = 0

    @classmethod
    def full(cls, rate: float, now: datetime) -> RateBucket:
        return cls(tokens=max(1.0, rate), share=1.0, updated_at=now)

    def take(self, rate: float, now: datetime) -> tuple[RateBucket, datetime | None]:
        """Take one token at a configured ``rate`` per second.

        Returns the next bucket, and None when the request may be made or else the time at which to try again.
        """
        if self.paused_until is not None and now < self.paused_until:
            return self, self.paused_until
        elapsed = max(0.0, (now - self.updated_at).total_seconds())
        share = min(1.0, self.share + elapsed / _RECOVERY.total_seconds())
        effective = rate * share
        tokens = min(max(1.0, effective), self.tokens + elapsed * effective)
        if tokens < 1:
            wait = timedelta(seconds=(1 - tokens) / effective)
            return self, now + wait
        return RateBucket(tokens - 1, share, updated_at=now, version=self.version + 1), None

    def slow_down(self, retry_after: float | None, now: datetime) -> RateBucket:
        """The bucket after the provider asked for fewer requests."""
        return RateBucket(
            tokens=0.0,
            share=max(_LOWEST_SHARE, self.share / 2),
            updated_at=now,
            paused_until=now + timedelta(seconds=retry_after) if retry_after else None,
            version=self.version + 1,
        )


@dataclass(frozen=True)
class Breaker:
    """Opens after five failures in a row; after each pause one request probes, and the pause doubles if it fails."""

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

    def failed(self, now: datetime) -> Breaker:
        failures = self.failures + 1
        probe_at = now + _pause(failures) if failures >= _BREAKER_THRESHOLD else None
        return Breaker(failures, probe_at, self.version + 1)

    def succeeded(self) -> Breaker:
        """Itself when there was nothing to forgive, so that a healthy provider costs no write."""
        return self if self.failures == 0 else Breaker(version=self.version + 1)

    @property
    def is_open(self) -> bool:
        return self.probe_at is not None


def _pause(failures: int) -> timedelta:
    doublings = min(10, max(0, failures - _BREAKER_THRESHOLD))
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << doublings))
