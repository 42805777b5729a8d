"""Pacing: whether a provider may be asked right now, and what is learnt from its answers."""

from __future__ import annotations

from datetime import datetime

from invoice_capture.domain.errors import ProviderUnavailable, RateLimited
from invoice_capture.domain.pacing import RateBucket
from invoice_capture.ports import Clock, Provider, ProviderState, ProviderStateStore

_SWAPS = 5


class Pace:
    """The pace of one provider, for the time of one step.

    A provider without a charge and without a rate needs no pacing and costs no read.
    """

    def __init__(self, provider: Provider, states: ProviderStateStore, clock: Clock) -> None:
        self._provider = provider
        self._states = states
        self._clock = clock
        self._state: ProviderState | None = None

    @property
    def is_unpaced(self) -> bool:
        return self._provider.capabilities.calls_back and self._provider.requests_per_second is None

    @property
    def state(self) -> ProviderState:
        """The provider's shared state, read when it is first needed."""
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
            if breaker is not self.state.breaker and not self._states.swap_breaker(self._provider.name, breaker):
                self._state = None
                continue
            rate = self._provider.requests_per_second
            if rate is None:
                self._state = None
                return None
            bucket, wait_until = (self.state.bucket or RateBucket.full(rate, now)).take(rate, now)
            if wait_until is not None:
                return wait_until
            swapped = self._states.swap_bucket(self._provider.name, bucket)
            self._state = None
            if swapped:
                return None
        return self._clock.now()

    def answered(self) -> None:
        """The provider answered as it should."""
        if self.is_unpaced:
            return
        breaker = self.state.breaker.succeeded()
        if breaker is not self.state.breaker:
            self._states.swap_breaker(self._provider.name, breaker)
            self._state = None

    def refused(self, error: ProviderUnavailable) -> datetime:
        """The provider did not answer, or asked for fewer requests; returns when to try again."""
        now = self._clock.now()
        if isinstance(error, RateLimited):
            bucket = self.state.bucket or RateBucket.full(self._provider.requests_per_second or 1.0, now)
            slower = bucket.slow_down(error.retry_after, now)
            self._states.swap_bucket(self._provider.name, slower)
            self._state = None
            return slower.paused_until or now
        breaker = self.state.breaker.failed(now)
        self._states.swap_breaker(self._provider.name, breaker)
        self._state = None
        return breaker.probe_at or now
