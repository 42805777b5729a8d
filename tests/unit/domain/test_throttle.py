"""The token bucket and the breaker, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.throttle import Breaker, RateBucket

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


SECOND = timedelta(seconds=1)


@given(st.floats(0.05, 50), st.lists(st.tuples(st.floats(0, 3), st.integers(1, 4)), min_size=1, max_size=60))
def test_no_more_is_admitted_than_the_rate_and_one_second_of_burst(
    rate: float, pauses: list[tuple[float, int]]
) -> None:
    bucket, now, admitted, last = RateBucket.full(NOW), NOW, 0, 0
    for pause, requests in pauses:
        now += timedelta(seconds=pause)
        bucket, slot_at = bucket.take(rate, now, requests)
        assert slot_at >= now
        if slot_at == now:
            admitted, last = admitted + requests, requests
    # The last one in may be several requests in a row, which the next one then waits for.
    assert admitted - last <= rate + rate * (now - NOW).total_seconds() + 1e-3


@given(st.floats(0.05, 50), st.integers(0, 100), st.integers(1, 4))
def test_waiting_as_long_as_it_says_is_enough(rate: float, taken: int, requests: int) -> None:
    bucket, now = RateBucket.full(NOW), NOW
    for _ in range(taken + 1):
        bucket, slot_at = bucket.take(rate, now, requests)
        if slot_at > now:
            now = slot_at
            bucket, again = bucket.take(rate, now, requests)
            assert again == now


@given(st.floats(0.1, 50), st.lists(st.integers(1, 4), min_size=2, max_size=30))
def test_the_patient_get_their_turns_one_after_another(rate: float, sizes: list[int]) -> None:
    bucket = RateBucket.full(NOW).slow_down(None, NOW)
    slots = []
    for requests in sizes:
        bucket, slot_at = bucket.take(rate, NOW, requests, max_wait=timedelta(days=1))
        slots.append(slot_at)
    for earlier, later, requests in zip(slots, slots[1:], sizes, strict=False):
        spacing = timedelta(seconds=requests / (rate * bucket.rate_factor))
        assert abs(later - earlier - spacing) < timedelta(milliseconds=1)


def test_a_turn_beyond_the_patience_is_not_taken() -> None:
    bucket, _ = RateBucket.full(NOW).slow_down(30, NOW), None
    assert bucket.take(8, NOW, max_wait=29 * SECOND) == (bucket, NOW + 30 * SECOND)


def test_a_refusal_takes_a_quarter_off_the_rate_and_ten_quiet_minutes_bring_it_back() -> None:
    slow = RateBucket.full(NOW).slow_down(None, NOW)
    assert slow.rate_factor == 0.75
    after, _ = slow.take(8, NOW + timedelta(seconds=30))
    assert 0.75 < after.rate_factor < 0.85
    after, _ = slow.take(8, NOW + timedelta(minutes=10))
    assert after.rate_factor == 1.0


def test_refusals_of_what_was_under_way_together_count_as_one() -> None:
    slow = RateBucket.full(NOW).slow_down(None, NOW).slow_down(5, NOW + SECOND)
    assert slow.rate_factor == 0.75 + 1 / 600
    assert slow.next_slot_at == NOW + 6 * SECOND
    assert slow.slow_down(None, NOW + 3 * SECOND).rate_factor < 0.6


def test_after_a_refusal_nothing_goes_in_bursts() -> None:
    bucket, now = RateBucket.full(NOW).slow_down(None, NOW), NOW + timedelta(seconds=30)
    bucket, first = bucket.take(4, now)
    bucket, second = bucket.take(4, now)
    assert (first, second > now) == (now, True)


def test_what_the_provider_asks_for_is_honoured() -> None:
    slow = RateBucket.full(NOW).slow_down(90, NOW)
    assert slow.take(8, NOW + 89 * SECOND)[1] == NOW + 90 * SECOND
    assert slow.take(8, NOW + 91 * SECOND)[1] == NOW + 91 * SECOND


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


def test_a_provider_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    breaker = Breaker().failed(NOW, retry_after=120)
    assert breaker.admit(NOW)[1] == NOW + 120 * SECOND
    assert not breaker.is_open, "it is not out of order"
    probing, wait_until = breaker.admit(NOW + 121 * SECOND)
    assert wait_until is None
    assert probing.succeeded().admit(NOW)[1] is None
