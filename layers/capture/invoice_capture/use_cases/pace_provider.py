"""Pacing: whether a provider may be asked right now, and what is learnt from its answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from invoice_capture.domain.errors import ProviderError, ProviderUnavailable, RateLimited, SubmissionInDoubt
from invoice_capture.domain.pacing import Breaker, RateBucket
from invoice_capture.ports import Clock, Metrics, Paced, ProviderState, ProviderStateStore

_SWAPS = 20
# The first guess of what a provider without a configured rate stands, once it asked for fewer requests.
_UNCONFIGURED_RATE = 20.0
_NO_PATIENCE = timedelta(0)

_log = logging.getLogger(__name__)


class Pace:
    """The pace of one provider, for the time of one step; ``state`` saves reading what the caller has read already.

    A provider that calls back and has no rate needs no pacing and costs no read. Safe to use from several threads.
    """

    def __init__(
        self,
        provider: Paced,
        states: ProviderStateStore,
        metrics: Metrics,
        clock: Clock,
        state: ProviderState | None = None,
    ) -> None:
        self._provider = provider
        self._states = states
        self._metrics = metrics
        self._clock = clock
        self._state = state
        self._lock = threading.RLock()

    @property
    def is_unpaced(self) -> bool:
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
        return not self.is_unpaced and self.state.breaker.is_open

    def admit(self, requests: int = 1, patience: timedelta = _NO_PATIENCE) -> datetime | None:
        """Take the right to so many requests in a row: None when they may be made now, or else when to try again.

        A turn that comes within ``patience`` is slept for.
        """
        if self.is_unpaced:
            return None
        for _ in range(_SWAPS):
            now = self._clock.now()
            with self._lock:
                breaker, probe_at = self.state.breaker.admit(now)
                if probe_at is not None:
                    return probe_at
                turn_at = self._take_turn(requests, patience, now) if self._swap_breaker(breaker) else None
            if turn_at is None:
                continue
            if turn_at > now + patience:
                return turn_at
            if turn_at > now:
                self._clock.sleep((turn_at - now).total_seconds())
            return None
        return self._clock.now()

    @contextmanager
    def turn(self, requests: int, patience: timedelta) -> Iterator[None]:
        """Make so many requests inside, when it is their turn, and learn from how the provider answers.

        Raises:
            ProviderUnavailable: it is not their turn within ``patience``, or whatever is raised inside.
        """
        if self.admit(requests, patience) is not None:
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
        if self.is_unpaced:
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
        return max(now, slower.next_turn_at)

    def _take_turn(self, requests: int, patience: timedelta, now: datetime) -> datetime | None:
        """When the turn is; None when somebody else was faster to take it."""
        rate = self._provider.requests_per_second
        bucket = self.state.bucket
        if rate is None and bucket is None:
            return now
        rate = rate or _UNCONFIGURED_RATE
        after, turn_at = (bucket or RateBucket.full(now)).take(rate, now, requests, patience)
        if turn_at > now + patience:
            return turn_at
        self._provider.spacing_seconds = after.spacing(rate)
        return turn_at if self._swap_bucket(after) else None

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
