"""The constants of pacing: what a burst is, what counts as one refusal, how slow is slowest, and every new version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from invoice_capture.domain.throttle import Breaker, RateBucket

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)


def slots(bucket: RateBucket, rate: float, number: int) -> list[timedelta]:
    """When so many requests may be sent that all come now, counted from now."""
    found = []
    for _ in range(number):
        bucket, slot_at = bucket.take(rate, NOW, max_wait=timedelta(hours=1))
        found.append(slot_at - NOW)
    return found


def test_a_full_bucket_lets_a_second_of_requests_go_at_once_and_no_more() -> None:
    assert slots(RateBucket.full(NOW), 4, 6) == [SECOND * 0] * 4 + [SECOND / 4, SECOND / 2]
    # A provider that takes less than one a second gets one.
    assert slots(RateBucket.full(NOW), 0.5, 2) == [SECOND * 0, 2 * SECOND]


def test_a_bucket_that_rested_for_long_is_no_fuller() -> None:
    assert slots(RateBucket(NOW - timedelta(hours=1), 1.0, NOW - timedelta(hours=1)), 4, 5)[-2:] == [
        SECOND * 0,
        SECOND / 4,
    ]


def test_requests_are_spaced_only_for_a_provider_that_refused_some() -> None:
    assert RateBucket.full(NOW).spacing(4) == 0.0
    assert RateBucket.full(NOW).slow_down(None, NOW).spacing(4) == pytest.approx(1 / 3)


def test_a_refusal_without_a_pause_moves_no_turn_forward() -> None:
    assert RateBucket.full(NOW).slow_down(None, NOW).next_slot_at == NOW


def test_refusals_within_two_seconds_are_one() -> None:
    slow = RateBucket.full(NOW).slow_down(None, NOW)
    same, new = slow.slow_down(None, NOW + 2 * SECOND), slow.slow_down(None, NOW + 2 * SECOND + MOMENT)
    assert (same.rate_factor > 0.75, same.slowed_at) == (True, NOW)
    assert (new.rate_factor < 0.6, new.slowed_at) == (True, NOW + 2 * SECOND + MOMENT)


def test_the_slowest_is_a_64th_of_the_rate() -> None:
    bucket = RateBucket.full(NOW)
    for number in range(60):
        bucket = bucket.slow_down(None, NOW + 3 * number * SECOND)
    assert bucket.rate_factor == 1 / 64


def test_every_change_is_the_next_version_and_no_change_is_none() -> None:
    bucket = RateBucket.full(NOW)
    assert bucket.version == 0
    assert bucket.take(1, NOW)[0].version == 1
    slow = bucket.slow_down(60, NOW)
    assert slow.version == 1
    assert slow.take(1, NOW)[0] is slow
    assert slow.slow_down(None, NOW).version == 2
    breaker = Breaker()
    assert breaker.version == 0
    assert breaker.admit(NOW)[0] is breaker
    assert breaker.succeeded() is breaker
    failed = breaker.failed(NOW, retry_after=10)
    assert failed.version == 1
    assert failed.admit(NOW)[0] is failed
    assert failed.admit(NOW + 10 * SECOND)[0].version == 2
    assert failed.succeeded().version == 2


def test_the_pause_that_a_provider_names_counts_when_it_is_the_longer_one() -> None:
    breaker = Breaker(failures=4)
    assert breaker.failed(NOW, retry_after=14).probe_at == NOW + 15 * SECOND
    assert breaker.failed(NOW, retry_after=16).probe_at == NOW + 16 * SECOND
    assert Breaker(failures=500).failed(NOW).probe_at == NOW + timedelta(minutes=10)
