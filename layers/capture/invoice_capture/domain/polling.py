"""When to look again: a schedule of polls that follows how long a provider's jobs really take.

Each poll is made when a share p = 1/3 of the jobs that are still unfinished will have finished, so the k-th poll of a
job is at the quantile t_k = Q(1 - (1 - p)^k) of the latencies of finished jobs. Past the 95 % point the gap is the
larger of the last gap and 0.12 of the elapsed time, at most 15 minutes.
benchmarks/poll_schedule.py compares the schedule with the optimal schedule; the constants below come from there.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple, Self

CHANCE_PER_POLL = 1 / 3
QUANTILES_END_AT = 0.95
GROWTH_PAST_QUANTILES = 0.12
LONGEST_GAP_SECONDS = 900.0

_SMALL_BYTES = 200 * 1024
_MEDIUM_BYTES = 2 * 1024**2

_SHARE_OF_FIRST_GAP = 2 / 3

# Counts fade from period to period, so that a provider that became faster or slower is learnt within a day: they are
# halved, and weigh no more than so many jobs. Counts below the smallest are forgotten.
_FADING_PERIOD_SECONDS = 6 * 3600
_FADED_SHARE = 0.5
_MOST_FADED_JOBS = 30.0
_LEAST_COUNT = 0.05

_BUCKET_RATIO = 1.25
_STEP = math.log(_BUCKET_RATIO)
# The spread of ln(latency) that is assumed of a provider nobody has used yet.
_DECLARED_SPREAD = 0.8
# What is assumed before jobs finish counts as much as so many finished jobs.
_CENTRE_WEIGHT = 1.0
_SPREAD_WEIGHT = 4.0
# The fitted curve weighs eight jobs, or 0.8 of the finished ones when they are many: it fills the gaps between them.
_CURVE_WEIGHT = 8.0
_CURVE_SHARE = 0.8
# Width of the kernel over each bucket: this much of the spread for one job, less with n^(-1/5) as jobs come in.
_KERNEL_WIDTH = 0.7
_KERNEL_REACH = 3.0


class SizeClass(StrEnum):
    """Documents whose latencies are counted together: up to 200 KB, up to 2 MB, and beyond."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


def size_class(size_bytes: int) -> SizeClass:
    """The class of a document of this size."""
    if size_bytes <= _SMALL_BYTES:
        return SizeClass.SMALL
    return SizeClass.MEDIUM if size_bytes <= _MEDIUM_BYTES else SizeClass.LARGE


def bucket_of(latency_seconds: float) -> int:
    """The histogram bucket of a latency: buckets grow by a quarter, from bucket 0 at one second and below."""
    return max(0, math.ceil(math.log(max(latency_seconds, 1e-9), _BUCKET_RATIO)))


def upper_bound(bucket: int) -> float:
    """The longest latency, in seconds, that falls into ``bucket``."""
    return float(_BUCKET_RATIO**bucket)


def fading_period(moment: datetime) -> int:
    """The number of the period of six hours that a moment belongs to."""
    return int(moment.timestamp() // _FADING_PERIOD_SECONDS)


def faded(latencies: Mapping[str, Mapping[int, float]]) -> dict[str, dict[int, float]]:
    """What the counts of a period, by size class and bucket, are worth in the next one that has jobs."""
    kept: dict[str, dict[int, float]] = {}
    for name, counts in latencies.items():
        share = min(_FADED_SHARE, _MOST_FADED_JOBS / max(1.0, sum(counts.values())))
        kept[name] = {
            bucket: round(count * share, 3) for bucket, count in counts.items() if count * share >= _LEAST_COUNT
        }
    return kept


def latency_between(unfinished_at: float, finished_at: float) -> float:
    """The latency to count for a job, from its ages in seconds at the last poll in vain, or 0, and at the one after.

    When it really finished is unknown, and counting the poll that found it would move the schedule back with every job.
    A job found by its first poll is counted late in that gap, because latencies near zero are rare.
    """
    if unfinished_at <= 0:
        return finished_at * _SHARE_OF_FIRST_GAP
    return (unfinished_at + finished_at) / 2


class _LogNormal(NamedTuple):
    """A curve over ln(seconds): its mean and its standard deviation."""

    centre: float
    spread: float

    def share_within(self, bucket: int) -> float:
        return _normal_share((bucket * _STEP - self.centre) / self.spread)

    def refined_by(self, counts: Mapping[int, float]) -> _LogNormal:
        """The curve after these jobs, where this one is the assumption from before."""
        jobs = sum(counts.values())
        if not jobs:
            return self
        mean = sum(count * _middle(bucket) for bucket, count in counts.items()) / jobs
        squares = sum(count * (_middle(bucket) - mean) ** 2 for bucket, count in counts.items())
        return _LogNormal(
            (_CENTRE_WEIGHT * self.centre + jobs * mean) / (_CENTRE_WEIGHT + jobs),
            math.sqrt((_SPREAD_WEIGHT * self.spread**2 + squares) / (_SPREAD_WEIGHT + jobs)),
        )


@dataclass(frozen=True)
class LatencyHistogram:
    """How long jobs take, from the ``counts`` of finished jobs per bucket.

    Each count is spread over its neighbours, and a log-normal curve fitted to all of them is added, so that thirty jobs
    already give a smooth distribution. The fit starts from the provider's declared typical latency in seconds, as the
    jobs of ``other_counts``, documents of other sizes, correct it.
    """

    typical_seconds: float
    counts: Mapping[int, float]
    other_counts: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def for_size(cls, typical_seconds: float, latencies: Mapping[str, Mapping[int, float]], size_bytes: int) -> Self:
        """The histogram for a document of this size, out of a provider's counts per size class."""
        own = size_class(size_bytes)
        others: defaultdict[int, float] = defaultdict(float)
        for name, counts in latencies.items():
            if name != own:
                for bucket, count in counts.items():
                    others[bucket] += count
        return cls(typical_seconds, latencies.get(own, {}), others)

    def quantile(self, share: float) -> float:
        """The latency in seconds within which ``share`` (above 0, at most 1) of the jobs finish."""
        reached = self._reached
        wanted = share * reached[-1]
        bucket = bisect_left(reached, wanted)
        before, lower = (reached[bucket - 1], upper_bound(bucket - 1)) if bucket else (0.0, 0.0)
        inside = (wanted - before) / (reached[bucket] - before)
        return lower + (upper_bound(bucket) - lower) * inside

    def share_within(self, latency_seconds: float) -> float:
        """The share of the jobs, from 0 to 1, that finish within this latency: ``quantile``, turned round."""
        reached = self._reached
        bucket = bucket_of(latency_seconds)
        if bucket >= len(reached):
            return 1.0
        before, lower = (reached[bucket - 1], upper_bound(bucket - 1)) if bucket else (0.0, 0.0)
        inside = (latency_seconds - lower) / (upper_bound(bucket) - lower)
        return (before + (reached[bucket] - before) * inside) / reached[-1]

    @cached_property
    def last_gap(self) -> float:
        """The seconds between the last two polls before the 95 % point."""
        unfinished = 1 - CHANCE_PER_POLL
        polls = math.floor(math.log(1 - QUANTILES_END_AT, unfinished))
        return self.quantile(1 - unfinished**polls) - self.quantile(1 - unfinished ** (polls - 1))

    @cached_property
    def _reached(self) -> tuple[float, ...]:
        """The weight of all jobs up to and including each bucket."""
        jobs = sum(self.counts.values())
        declared = _LogNormal(math.log(max(self.typical_seconds, 1e-9)), _DECLARED_SPREAD)
        curve = declared.refined_by(self.other_counts).refined_by(self.counts)
        kernel = _kernel(_KERNEL_WIDTH * curve.spread * max(1, jobs) ** -0.2)
        reach = len(kernel) // 2
        last = max(math.ceil((curve.centre + 4 * curve.spread) / _STEP), max(self.counts, default=0) + reach, 0)
        curve_weight = max(_CURVE_WEIGHT, _CURVE_SHARE * jobs)
        shares = [0.0, *(curve.share_within(bucket) for bucket in range(last + 1))]
        weights = [curve_weight * (upper - lower) for lower, upper in pairwise(shares)]
        for bucket, count in self.counts.items():
            for neighbour, share in enumerate(kernel, bucket - reach):
                weights[max(0, neighbour)] += count * share
        return tuple(accumulate(weights))


def poll_times(histogram: LatencyHistogram) -> Iterator[float]:
    """The polls of a job, as seconds since its submission: the schedule first, then growing gaps without end."""
    elapsed = 0.0
    while True:
        elapsed += seconds_to_next_poll(elapsed, histogram, 0.0)
        yield elapsed


def seconds_to_next_poll(elapsed_seconds: float, histogram: LatencyHistogram, minimum_seconds: float) -> float:
    """How long to wait after a poll that found a job of this age unfinished; at least ``minimum_seconds``.

    A third of the jobs that are unfinished at this age finish within the wait. So a poll that came early or late does
    not put the schedule out of step.
    """
    share = histogram.share_within(elapsed_seconds)
    share += (1 - share) * CHANCE_PER_POLL
    if share < QUANTILES_END_AT:
        gap = histogram.quantile(share) - elapsed_seconds
    else:
        gap = min(LONGEST_GAP_SECONDS, max(histogram.last_gap, GROWTH_PAST_QUANTILES * elapsed_seconds))
    return max(minimum_seconds, gap)


def _middle(bucket: int) -> float:
    """The middle of a bucket, as ln(seconds)."""
    return (bucket - 0.5) * _STEP


def _normal_share(deviations: float) -> float:
    """The share of a normal distribution that lies below so many standard deviations from its mean."""
    return 0.5 * math.erfc(-deviations / math.sqrt(2))


def _kernel(width: float) -> list[float]:
    """The shares of a count that go to its bucket and, on both sides, its neighbours; ``width`` is in ln(seconds)."""
    reach = math.ceil(_KERNEL_REACH * width / _STEP)
    edges = (_normal_share((edge - 0.5) * _STEP / width) for edge in range(-reach + 1, reach + 1))
    return [upper - lower for lower, upper in pairwise([0.0, *edges, 1.0])]
