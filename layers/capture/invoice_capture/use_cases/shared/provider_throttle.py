"""Throttling: whether a provider may be asked right now, and what is learnt from its answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from invoice_capture.domain.errors import ProviderError, ProviderUnavailable, RateLimited, SubmissionInDoubt
from invoice_capture.domain.throttle import Breaker, RateBucket
from invoice_capture.ports import Clock, Metrics, ProviderState, ProviderStateStore, Throttled

_SWAPS = 20
# The first guess of what a provider without a configured rate stands, once it asked for fewer requests.
_UNCONFIGURED_RATE = 20.0
_NO_WAIT = timedelta(0)
MAX_WAIT = timedelta(seconds=20)
"""How long a request that is not the loop's own waits for its slot."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Throttles:
    """The throttles of all providers, whose state is shared by all functions."""

    states: ProviderStateStore
    metrics: Metrics
    clock: Clock

    def of(self, provider: Throttled, state: ProviderState | None = None) -> ProviderThrottle:
        """``state`` saves reading what the caller has read already."""
        return ProviderThrottle(provider, self.states, self.metrics, self.clock, state)


class ProviderThrottle:
    """The throttle of one provider, for the time of one step.

    A provider that pushes its results and has no rate needs none, and costs no read. Safe to use from several threads.
    """

    def __init__(
        self,
        provider: Throttled,
        states: ProviderStateStore,
        metrics: Metrics,
        clock: Clock,
        state: ProviderState | None,
    ) -> None:
        self._provider = provider
        self._states = states
        self._metrics = metrics
        self._clock = clock
        self._state = state
        self._lock = threading.RLock()

    @property
    def is_unlimited(self) -> bool:
        return self._provider.capabilities.pushes_results and self._provider.requests_per_second is None

    @property
    def state(self) -> ProviderState:
        """The provider's shared state, read when it is first needed and again when somebody else wrote it."""
        with self._lock:
            if self._state is None:
                self._state = self._states.load(self._provider.name)
            return self._state

    @property
    def is_out_of_order(self) -> bool:
        return not self.is_unlimited and self.state.breaker.is_open

    def admit(self, requests: int = 1, max_wait: timedelta = _NO_WAIT) -> datetime | None:
        """Take the right to so many requests in a row: None when they may be made now, or else when to try again.

        A slot that comes within ``max_wait`` is slept for.
        """
        if self.is_unlimited:
            return None
        for _ in range(_SWAPS):
            now = self._clock.now()
            with self._lock:
                breaker, probe_at = self.state.breaker.admit(now)
                if probe_at is not None:
                    return probe_at
                slot_at = self._take_slot(requests, max_wait, now) if self._swap_breaker(breaker) else None
            if slot_at is None:
                continue
            if slot_at > now + max_wait:
                return slot_at
            if slot_at > now:
                self._clock.sleep((slot_at - now).total_seconds())
            return None
        return self._clock.now()

    @contextmanager
    def slot(self, requests: int, max_wait: timedelta = MAX_WAIT) -> Iterator[None]:
        """Make so many requests inside, when their slot comes, and learn from how the provider answers.

        Raises:
            ProviderUnavailable: no slot comes within ``max_wait``, or whatever is raised inside.
        """
        if self.admit(requests, max_wait) is not None:
            raise ProviderUnavailable(f"{self._provider.name} is not to be asked now; try again later.")
        try:
            yield
        except ProviderUnavailable as exc:
            self.refused(exc)
            raise
        except SubmissionInDoubt:
            raise
        except ProviderError:
            # It refuses for good, so it is there.
            self.answered()
            raise
        self.answered()

    def answered(self) -> None:
        """The provider answered as it should."""
        if self.is_unlimited:
            return
        with self._lock:
            before = self.state.breaker
            if self._swap_breaker(before.succeeded()) and before.is_open:
                _log.info("The provider is back.", extra={"provider": self._provider.name})
                self._metrics.count("BreakersClosed", provider=self._provider.name)

    def refused(self, error: ProviderError) -> datetime:
        """The provider did not answer as it should, or asked for fewer requests; returns when to try again."""
        if isinstance(error, RateLimited):
            return self._slow_down(error.retry_after)
        return self.failed(error.retry_after if isinstance(error, ProviderUnavailable) else None)

    def failed(self, retry_after: float | None = None) -> datetime:
        """The provider did not answer as it should; returns when to try again."""
        for _ in range(_SWAPS):
            now = self._clock.now()
            with self._lock:
                before = self.state.breaker
                after = before.failed(now, retry_after)
                if not self._swap_breaker(after):
                    continue
                if after.is_open and not before.is_open:
                    _log.warning("The provider is out of order.", extra={"provider": self._provider.name})
                    self._metrics.count("BreakersOpened", provider=self._provider.name)
            break
        return after.probe_at or now

    def _slow_down(self, retry_after: float | None) -> datetime:
        self._metrics.count("RequestsRefused", provider=self._provider.name)
        for _ in range(_SWAPS):
            now = self._clock.now()
            with self._lock:
                slower = (self.state.bucket or RateBucket.full(now)).slow_down(retry_after, now)
                if self._swap_bucket(slower):
                    break
        return max(now, slower.next_slot_at)

    def _take_slot(self, requests: int, max_wait: timedelta, now: datetime) -> datetime | None:
        """When the slot is; None when somebody else was faster to take it."""
        rate = self._provider.requests_per_second
        bucket = self.state.bucket
        if rate is None and bucket is None:
            return now
        rate = rate or _UNCONFIGURED_RATE
        after, slot_at = (bucket or RateBucket.full(now)).take(rate, now, requests, max_wait)
        if slot_at > now + max_wait:
            return slot_at
        self._provider.spacing_seconds = after.spacing(rate)
        return slot_at if self._swap_bucket(after) else None

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
