"""What every store of what all who talk to a provider share must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from invoice_capture.domain.throttle import Breaker, RateBucket
from invoice_capture.ports import Lease
from tests.contract.store_contracts import NOW


class ProviderStatesContract:
    """Subclasses offer the fixture ``states``."""

    LEASE = Lease("a", wakes_at=NOW, expires_at=NOW + timedelta(minutes=7))

    def test_a_fresh_provider_has_no_state(self, states: Any) -> None:
        state = states.load("paid")
        assert (state.lease, state.bucket, state.breaker, dict(state.latencies)) == (None, None, Breaker(), {})

    def test_one_owner_at_a_time(self, states: Any) -> None:
        other = replace(self.LEASE, owner="b", expires_at=NOW + timedelta(minutes=9))
        assert states.take_lease("paid", self.LEASE, None)
        assert not states.take_lease("paid", other, None)
        assert states.load("paid").lease == self.LEASE
        assert not states.take_lease("paid", other, instead_of=replace(self.LEASE, owner="x"))
        assert states.take_lease("paid", other, instead_of=self.LEASE)
        assert not states.take_lease("paid", replace(self.LEASE, owner="c"), instead_of=self.LEASE)
        assert states.load("paid").lease == other

    def test_only_the_owner_keeps_passes_and_releases(self, states: Any) -> None:
        states.take_lease("paid", self.LEASE, None)
        later = replace(self.LEASE, wakes_at=NOW + timedelta(minutes=1))
        assert not states.keep_lease("paid", replace(later, owner="b"), later.wakes_at)
        assert states.keep_lease("paid", later, later.wakes_at)
        assert not states.release_lease("paid", "b")
        assert states.pass_lease("paid", "a", replace(later, owner="b"))
        assert not states.keep_lease("paid", later, later.wakes_at)
        assert states.release_lease("paid", "b")
        assert not states.keep_lease("paid", replace(later, owner="b"), later.wakes_at)
        assert states.load("paid").lease is None

    def test_an_owner_that_is_wanted_earlier_does_not_sleep_past_it(self, states: Any) -> None:
        states.take_lease("paid", self.LEASE, None)
        early, late = NOW + timedelta(seconds=20), NOW + timedelta(seconds=40)
        assert not states.want_look("paid", replace(self.LEASE, owner="x"), early)
        assert not states.want_look("paid", replace(self.LEASE, expires_at=late), early)
        assert states.want_look("paid", self.LEASE, late)
        assert states.want_look("paid", self.LEASE, early)
        assert not states.want_look("paid", self.LEASE, late), "it is wanted earlier already"
        assert states.load("paid").lease == replace(self.LEASE, wanted_at=early)
        asleep = replace(self.LEASE, wakes_at=late)
        assert not states.keep_lease("paid", asleep, late)
        assert states.keep_lease("paid", asleep, early)
        assert states.load("paid").lease == asleep

    def test_a_lease_that_was_given_up_is_not_brought_back_by_a_wish(self, states: Any) -> None:
        states.take_lease("paid", self.LEASE, None)
        states.release_lease("paid", "a")
        assert not states.want_look("paid", self.LEASE, NOW)
        assert states.load("paid").lease is None

    def test_buckets_and_breakers_are_swapped_by_version(self, states: Any) -> None:
        bucket, _ = RateBucket.full(NOW).take(4, NOW)
        assert states.swap_bucket("paid", bucket)
        assert not states.swap_bucket("paid", bucket)
        assert states.load("paid").bucket == bucket
        assert states.swap_bucket("paid", bucket.slow_down(30, NOW))
        breaker = Breaker().failed(NOW)
        assert states.swap_breaker("paid", breaker)
        assert not states.swap_breaker("paid", breaker)
        for _ in range(5):
            breaker = breaker.failed(NOW)
            assert states.swap_breaker("paid", breaker)
        assert states.load("paid").breaker == breaker

    def test_accounts_are_known_once_they_had_a_loop(self, states: Any) -> None:
        assert states.accounts() == frozenset()
        for _ in range(2):
            states.take_lease("paid-us", self.LEASE, None)
        states.take_lease("paid", self.LEASE, None)
        states.release_lease("paid-us", self.LEASE.owner)
        states.swap_breaker("paid-eu", Breaker().failed(NOW))
        states.add_latencies("paid-asia", {("small", 3): 1}, NOW)
        assert states.accounts() == {"paid-us"}

    def test_times_are_kept_to_the_millisecond_and_turns_exactly(self, states: Any) -> None:
        exact, kept = NOW + timedelta(microseconds=1999), NOW + timedelta(milliseconds=1)
        states.take_lease("paid", Lease("a", exact, exact), None)
        assert states.load("paid").lease == Lease("a", kept, kept)
        assert states.take_lease("paid", Lease("b", exact, exact), instead_of=Lease("a", exact, exact))
        states.swap_bucket("paid", RateBucket(exact, 1 / 3, exact, exact, 1))
        assert states.load("paid").bucket == RateBucket(exact, 0.333333, kept, kept, 1)
        states.swap_breaker("paid", Breaker(5, exact, 1))
        assert states.load("paid").breaker == Breaker(5, kept, 1)

    def test_latencies_add_up(self, states: Any) -> None:
        states.add_latencies("paid", {("small", 3): 1, ("small", 14): 2}, NOW)
        states.add_latencies("paid", {("small", 3): 5, ("large", 3): 1}, NOW)
        assert states.load("paid").latencies == {"small": {3: 6, 14: 2}, "large": {3: 1}}
        assert dict(states.load("other").latencies) == {}

    def test_latencies_fade_when_a_new_period_has_jobs(self, states: Any) -> None:
        states.add_latencies("paid", {("small", 3): 100, ("small", 5): 100, ("large", 9): 2}, NOW)
        states.add_latencies("paid", {("small", 14): 1}, NOW + timedelta(hours=6))
        assert states.load("paid").latencies == {"small": {3: 15.0, 5: 15.0, 14: 1}, "large": {9: 1.0}}

    def test_a_clock_that_is_behind_counts_in_the_present_period(self, states: Any) -> None:
        states.add_latencies("paid", {("small", 3): 1}, NOW)
        states.add_latencies("paid", {("small", 3): 1}, NOW - timedelta(hours=6))
        states.add_latencies("paid", {("small", 3): 1}, NOW)
        assert states.load("paid").latencies == {"small": {3: 3}}
