"""The ladder: checks at the quantiles of what jobs really took, then ever more rarely."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.polling import (
    LatencyHistogram,
    bucket_of,
    rungs,
    seconds_to_next_check,
    upper_bound,
)

HISTOGRAMS = st.builds(
    LatencyHistogram, st.floats(0.1, 90_000), st.dictionaries(st.integers(0, 60), st.integers(1, 500), max_size=8)
)


@given(HISTOGRAMS)
def test_checks_only_go_forward_and_gaps_stay_below_a_quarter_of_an_hour_past_the_ladder(
    histogram: LatencyHistogram,
) -> None:
    climbed = list(islice(rungs(histogram), 60))
    assert all(later > earlier for earlier, later in pairwise([0.0, *climbed]))
    assert climbed[-1] - climbed[-2] <= 900.000001


@given(HISTOGRAMS, st.floats(0, 10**6), st.floats(1, 60))
def test_the_next_check_is_never_sooner_than_the_minimum(
    histogram: LatencyHistogram, elapsed: float, minimum: float
) -> None:
    assert seconds_to_next_check(elapsed, histogram, minimum) >= minimum - 1e-6


@given(HISTOGRAMS, st.floats(0.01, 0.99), st.floats(0.001, 0.5))
def test_quantiles_grow_with_their_share(histogram: LatencyHistogram, share: float, more: float) -> None:
    assert histogram.quantile(min(1.0, share + more)) >= histogram.quantile(share)


@given(st.floats(0.0, 10**6))
def test_a_latency_lies_in_its_bucket(latency: float) -> None:
    bucket = bucket_of(latency)
    assert latency <= upper_bound(bucket) * 1.0000001
    assert bucket == 0 or latency > upper_bound(bucket - 1) * 0.9999999


def test_the_first_checks_are_at_the_quantiles_of_the_design() -> None:
    histogram = LatencyHistogram(20, {bucket_of(30): 10_000})
    first, second = islice(rungs(histogram), 2)
    assert first == pytest.approx(histogram.quantile(1 / 3))
    assert second == pytest.approx(histogram.quantile(1 - (2 / 3) ** 2))


def test_real_latencies_replace_the_declared_one() -> None:
    assert 15 < LatencyHistogram(20, {}).quantile(0.5) < 30
    assert LatencyHistogram(20, {bucket_of(3000): 1000}).quantile(0.5) > 2000


def test_a_day_of_waiting_takes_few_checks() -> None:
    histogram, elapsed, checks = LatencyHistogram(20, {}), 0.0, 0
    while elapsed < 24 * 3600:
        elapsed += seconds_to_next_check(elapsed, histogram, 5)
        checks += 1
    assert checks < 140
