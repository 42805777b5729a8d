"""The token bucket and the breaker, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.pacing import Breaker, RateBucket

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


@given(st.floats(0.05, 50), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_more_is_admitted_than_the_rate_and_one_second_of_burst(rate: float, pauses: list[float]) -> None:
    bucket, now, admitted = RateBucket.full(rate, NOW), NOW, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        bucket, wait_until = bucket.take(rate, now)
        admitted += wait_until is None
        assert wait_until is None or wait_until > now
    assert admitted <= max(1.0, rate) + rate * (now - NOW).total_seconds() + 1e-3


@given(st.floats(0.05, 50), st.integers(0, 100))
def test_waiting_as_long_as_it_says_is_enough(rate: float, taken: int) -> None:
    bucket, now = RateBucket.full(rate, NOW), NOW
    for _ in range(taken + 1):
        bucket, wait_until = bucket.take(rate, now)
        if wait_until is not None:
            now = wait_until + timedelta(milliseconds=1)
            bucket, again = bucket.take(rate, now)
            assert again is None


def test_a_refusal_halves_the_rate_and_ten_quiet_minutes_bring_it_back() -> None:
    slow = RateBucket.full(8, NOW).slow_down(None, NOW)
    assert slow.share == 0.5
    after, _ = slow.take(8, NOW + timedelta(seconds=30))
    assert 0.5 < after.share < 0.6
    after, _ = slow.take(8, NOW + timedelta(minutes=10))
    assert after.share == 1.0


def test_what_the_provider_asks_for_is_honoured() -> None:
    slow = RateBucket.full(8, NOW).slow_down(90, NOW)
    assert slow.take(8, NOW + timedelta(seconds=89))[1] == NOW + timedelta(seconds=90)
    assert slow.take(8, NOW + timedelta(seconds=91))[1] is None


def test_the_breaker_opens_after_five_failures_and_probes_ever_more_rarely() -> None:
    breaker, now, pauses = Breaker(), NOW, []
    for _ in range(4):
        breaker = breaker.failed(now)
    assert breaker.admit(now) == (breaker, None)
    for _ in range(8):
        breaker = breaker.failed(now)
        assert breaker.is_open
        _, wait_until = breaker.admit(now)
        assert wait_until is not None
        pauses.append((wait_until - now).total_seconds())
        now = wait_until
        breaker, wait_until = breaker.admit(now)
        assert wait_until is None
        assert breaker.admit(now)[1] is not None, "only one probe at a time"
    assert pauses == [15, 30, 60, 120, 240, 480, 600, 600]


def test_one_answer_closes_the_breaker_and_costs_a_write_only_then() -> None:
    assert Breaker().succeeded() == Breaker()
    failed = Breaker().failed(NOW)
    assert failed.succeeded() == Breaker(version=2)
