"""The poll schedule: polls at the quantiles of what jobs really took, then ever more rarely."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.polling import (
    LatencyHistogram,
    SizeClass,
    bucket_of,
    faded,
    fading_period,
    latency_between,
    poll_times,
    seconds_to_next_poll,
    size_class,
    upper_bound,
)

COUNTS = st.dictionaries(st.integers(0, 60), st.integers(1, 500), max_size=8)
HISTOGRAMS = st.builds(LatencyHistogram, st.floats(0.1, 90_000), COUNTS, COUNTS)


@given(HISTOGRAMS)
def test_polls_only_go_forward_and_gaps_stay_below_a_quarter_of_an_hour_past_the_schedule(
    histogram: LatencyHistogram,
) -> None:
    times = list(islice(poll_times(histogram), 60))
    assert all(later > earlier for earlier, later in pairwise([0.0, *times]))
    assert times[-1] - times[-2] <= 900.000001


@given(HISTOGRAMS, st.floats(0, 10**6), st.floats(1, 60))
def test_the_next_check_is_never_sooner_than_the_minimum(
    histogram: LatencyHistogram, elapsed: float, minimum: float
) -> None:
    assert seconds_to_next_poll(elapsed, histogram, minimum) >= minimum - 1e-6


@given(HISTOGRAMS, st.floats(0.01, 0.99), st.floats(0.001, 0.5))
def test_quantiles_grow_with_their_share(histogram: LatencyHistogram, share: float, more: float) -> None:
    assert histogram.quantile(min(1.0, share + more)) >= histogram.quantile(share)


@given(HISTOGRAMS, st.floats(0.01, 0.99))
def test_the_share_within_a_quantile_is_the_one_that_was_asked_for(histogram: LatencyHistogram, share: float) -> None:
    assert histogram.share_within(histogram.quantile(share)) == pytest.approx(share, abs=1e-6)


@given(HISTOGRAMS, st.floats(0, 10**6), st.floats(0, 10**5))
def test_shares_grow_with_the_latency_from_0_to_1(histogram: LatencyHistogram, latency: float, more: float) -> None:
    earlier, later = histogram.share_within(latency), histogram.share_within(latency + more)
    assert 0 <= earlier <= later + 1e-12
    assert later <= 1


@given(HISTOGRAMS)
def test_no_job_finishes_at_once_and_none_after_the_last_bucket(histogram: LatencyHistogram) -> None:
    assert histogram.share_within(0.0) == 0
    assert histogram.share_within(histogram.quantile(1.0) * 2) == 1


@given(st.floats(0.0, 10**6))
def test_a_latency_lies_in_its_bucket(latency: float) -> None:
    bucket = bucket_of(latency)
    assert latency <= upper_bound(bucket) * 1.0000001
    assert bucket == 0 or latency > upper_bound(bucket - 1) * 0.9999999


def test_the_first_polls_are_at_the_quantiles_of_the_design() -> None:
    histogram = LatencyHistogram(20, {bucket_of(30): 10_000})
    first, second = islice(poll_times(histogram), 2)
    assert first == pytest.approx(histogram.quantile(1 / 3))
    assert second == pytest.approx(histogram.quantile(1 - (2 / 3) ** 2))


def test_a_third_of_the_unfinished_jobs_finish_until_the_next_check_even_when_this_one_came_early_or_late() -> None:
    histogram = LatencyHistogram(20, {})
    for elapsed in (0.0, 11.0, 14.2, 17.5, 40.0):
        share = histogram.share_within(elapsed)
        share_then = histogram.share_within(elapsed + seconds_to_next_poll(elapsed, histogram, 0))
        assert share_then - share == pytest.approx((1 - share) / 3)


def test_a_check_that_would_come_sooner_than_the_minimum_is_made_at_the_minimum() -> None:
    histogram = LatencyHistogram(1, {})
    assert seconds_to_next_poll(0.0, histogram, 0) < 5
    assert seconds_to_next_poll(0.0, histogram, 5) == 5


def test_past_the_schedule_the_gap_is_a_share_of_the_elapsed_time_and_at_most_a_quarter_of_an_hour() -> None:
    histogram = LatencyHistogram(20, {})
    assert seconds_to_next_poll(1000, histogram, 5) == pytest.approx(120)
    assert seconds_to_next_poll(86_400, histogram, 5) == 900
    assert seconds_to_next_poll(histogram.quantile(0.96), histogram, 5) >= histogram.last_gap


def test_a_job_of_a_provider_that_takes_a_day_is_not_asked_for_every_quarter_of_an_hour_from_the_start() -> None:
    histogram = LatencyHistogram(86_400, {})
    assert seconds_to_next_poll(20_000, histogram, 5) > 10_000


def test_real_latencies_replace_the_declared_one() -> None:
    assert 15 < LatencyHistogram(20, {}).quantile(0.5) < 30
    assert LatencyHistogram(20, {bucket_of(3000): 1000}).quantile(0.5) > 2000


def test_a_provider_that_declares_no_latency_is_asked_at_the_minimum_first() -> None:
    assert seconds_to_next_poll(0.0, LatencyHistogram(0, {}), 5) == 5


def test_a_day_of_waiting_takes_few_checks() -> None:
    histogram, elapsed, polls = LatencyHistogram(20, {}), 0.0, 0
    while elapsed < 24 * 3600:
        elapsed += seconds_to_next_poll(elapsed, histogram, 5)
        polls += 1
    assert polls < 140


def test_thirty_jobs_of_three_times_the_declared_latency_move_the_median_almost_all_the_way() -> None:
    jobs = {bucket_of(seconds): 6 for seconds in (25, 42, 60, 85, 140)}
    assert 52 < LatencyHistogram(20, jobs).quantile(0.5) < 68
    assert 12 < LatencyHistogram(180, {bucket_of(20): 30}).quantile(0.5) < 26


def test_a_few_equal_jobs_leave_room_for_others_and_many_do_not() -> None:
    def spread(jobs: int) -> float:
        histogram = LatencyHistogram(20, {bucket_of(20): jobs})
        return histogram.quantile(0.9) / histogram.quantile(0.1)

    assert spread(3) > 2 * spread(300)
    assert spread(100_000) < 1.4


def test_between_two_kinds_of_jobs_the_distribution_stays_above_none() -> None:
    histogram = LatencyHistogram(20, {bucket_of(10): 500, bucket_of(300): 500})
    assert histogram.share_within(100) > histogram.share_within(40) > histogram.share_within(20)


@given(st.floats(1, 10_000), COUNTS.filter(bool))
def test_counts_of_other_sizes_move_the_schedule_towards_them(typical: float, counts: dict[int, int]) -> None:
    lowest, highest = upper_bound(min(counts) - 1), upper_bound(max(counts))
    alone = LatencyHistogram(typical, {}).quantile(0.5)
    moved = LatencyHistogram(typical, {}, counts).quantile(0.5)
    if alone < lowest:
        assert moved > alone
    if alone > highest:
        assert moved < alone


def test_other_sizes_stand_in_for_the_declared_latency_and_fade_as_jobs_of_this_size_come_in() -> None:
    others = {bucket_of(200): 50}
    assert LatencyHistogram(20, {}, others).quantile(0.5) > 150
    assert LatencyHistogram(20, {bucket_of(20): 5}, others).quantile(0.5) < 60
    assert LatencyHistogram(20, {bucket_of(20): 200}, others).quantile(0.5) < 21


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [
        (0, SizeClass.SMALL),
        (200 * 1024, SizeClass.SMALL),
        (200 * 1024 + 1, SizeClass.MEDIUM),
        (2 * 1024**2, SizeClass.MEDIUM),
        (2 * 1024**2 + 1, SizeClass.LARGE),
        (10**9, SizeClass.LARGE),
    ],
)
def test_documents_are_classed_by_their_size(size_bytes: int, expected: SizeClass) -> None:
    assert size_class(size_bytes) is expected


def test_the_histogram_for_a_size_counts_its_class_and_pools_the_others() -> None:
    latencies = {"small": {3: 5}, "medium": {7: 1}, "large": {7: 2, 9: 4}}
    assert LatencyHistogram.for_size(20, latencies, 1000) == LatencyHistogram(20, {3: 5}, {7: 3, 9: 4})
    assert LatencyHistogram.for_size(20, latencies, 10**6) == LatencyHistogram(20, {7: 1}, {3: 5, 7: 2, 9: 4})
    assert LatencyHistogram.for_size(20, {}, 10**7) == LatencyHistogram(20, {}, {})


def test_a_job_is_counted_between_the_two_polls_that_enclose_its_end() -> None:
    assert latency_between(20, 30) == 25
    assert latency_between(0, 30) == 20


def test_a_schedule_that_learns_from_its_own_polls_does_not_drift_away_from_the_jobs() -> None:
    counts: dict[int, int] = {}
    for job in range(400):
        latency, unfinished_at = 14 + job % 13, 0.0
        for poll in poll_times(LatencyHistogram(20, counts)):
            if poll >= latency:
                break
            unfinished_at = poll
        bucket = bucket_of(latency_between(unfinished_at, poll))
        counts[bucket] = counts.get(bucket, 0) + 1
    assert 17 < LatencyHistogram(20, counts).quantile(0.5) < 23


@pytest.mark.parametrize(("before", "after"), [(20.0, 120.0), (120.0, 20.0)])
@pytest.mark.parametrize("jobs_a_day", [40, 400])
def test_a_provider_that_changes_is_learnt_within_a_day(before: float, after: float, jobs_a_day: int) -> None:
    latencies: dict[str, dict[int, float]] = {"small": {bucket_of(before): 10_000.0}}
    for _period in range(4):
        latencies = faded(latencies)
        counts = latencies.setdefault("small", {})
        counts[bucket_of(after)] = counts.get(bucket_of(after), 0.0) + jobs_a_day / 4
    median = LatencyHistogram(before, latencies["small"]).quantile(0.5)
    assert after / 1.35 < median < after * 1.35


def test_counts_fade_by_half_and_periods_have_six_hours() -> None:
    latencies = {"small": {10: 4.0}}
    assert faded(latencies) == {"small": {10: 2.0}}
    assert fading_period(datetime(2026, 3, 31, 5, 59, tzinfo=UTC)) + 1 == fading_period(
        datetime(2026, 3, 31, 6, 0, tzinfo=UTC)
    )
