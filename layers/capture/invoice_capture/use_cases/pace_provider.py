"""Pacing: whether a provider may be asked right now, and what is learnt from its answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from invoice_capture.domain.errors import ProviderUnavailable, RateLimited
from invoice_capture.domain.pacing import Breaker, RateBucket
from invoice_capture.ports import Clock, Provider, ProviderState, ProviderStateStore

_SWAPS = 5


class Pace:
    """The pace of one provider, for the time of one step; ``state`` saves reading what the caller has read already.

    A provider that calls back and has no rate needs no pacing and costs no read.
    """

    def __init__(
        self, provider: Provider, states: ProviderStateStore, clock: Clock, state: ProviderState | None = None
    ) -> None:
        self._provider = provider
        self._states = states
        self._clock = clock
        self._state = state

    @property
    def is_unpaced(self) -> bool:
        return self._provider.capabilities.calls_back and self._provider.requests_per_second is None

    @property
    def state(self) -> ProviderState:
        """The provider's shared state, read when it is first needed and again when somebody else wrote it."""
        if self._state is None:
            self._state = self._states.load(self._provider.name)
        return self._state

    def admit(self) -> datetime | None:
        """Take the right to one request: None when it may be made now, or else when to try again."""
        if self.is_unpaced:
            return None
        for _ in range(_SWAPS):
            now = self._clock.now()
            breaker, wait_until = self.state.breaker.admit(now)
            if wait_until is not None:
                return wait_until
            if not self._swap_breaker(breaker):
                continue
            rate = self._provider.requests_per_second
            if rate is None:
                return None
            bucket, wait_until = (self.state.bucket or RateBucket.full(rate, now)).take(rate, now)
            if wait_until is not None or self._swap_bucket(bucket):
                return wait_until
        return self._clock.now()

    def answered(self) -> None:
        """The provider answered as it should."""
        if not self.is_unpaced:
            self._swap_breaker(self.state.breaker.succeeded())

    def refused(self, error: ProviderUnavailable) -> datetime:
        """The provider did not answer, or asked for fewer requests; returns when to try again."""
        now = self._clock.now()
        if isinstance(error, RateLimited):
            bucket = self.state.bucket or RateBucket.full(self._provider.requests_per_second or 1.0, now)
            slower = bucket.slow_down(error.retry_after, now)
            self._swap_bucket(slower)
            return slower.paused_until or now
        breaker = self.state.breaker.failed(now)
        self._swap_breaker(breaker)
        return breaker.probe_at or now

    def _swap_breaker(self, breaker: Breaker) -> bool:
        """Write a breaker unless it is the present one; False when somebody else was faster."""
        if breaker is self.state.breaker:
            return True
        swapped = self._states.swap_breaker(self._provider.name, breaker)
        self._state = replace(self.state, breaker=breaker) if swapped else None
        return swapped

    def _swap_bucket(self, bucket: RateBucket) -> bool:
        swapped = self._states.swap_bucket(self._provider.name, bucket)
        self._state = replace(self.state, bucket=bucket) if swapped else None
        return swapped
