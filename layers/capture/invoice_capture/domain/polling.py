"""When to look again: a ladder of checks that follows how long a provider's jobs really take.

The k-th check of a job is at the quantile t_k = Q(1 - (1 - p)^k) of the latencies of finished jobs, with p = 1/3; past
the 95 % point the gap is the larger of the last gap and 0.15 of the elapsed time, at most 15 minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CHANCE_PER_CHECK = 1 / 3
LADDER_ENDS_AT = 0.95
GROWTH_PAST_LADDER = 0.15
LONGEST_GAP_SECONDS = 900.0

_BUCKET_RATIO = 1.25
_PRIOR_WEIGHT = 8.0
# A fresh install knows one number, the typical latency; this is its assumed spread, in shares of 1.
_PRIOR_SPREAD = ((0.5, 0.15), (0.75, 0.25), (1.0, 0.25), (1.5, 0.2), (2.5, 0.1), (4.0, 0.05))


def bucket_of(latency_seconds: float) -> int:
    """The histogram bucket of a latency: buckets grow by a quarter, from bucket 0 at one second and below."""
    return max(0, math.ceil(math.log(max(latency_seconds, 1e-9), _BUCKET_RATIO)))


def upper_bound(bucket: int) -> float:
    """The longest latency, in seconds, that falls into ``bucket``."""
    return float(_BUCKET_RATIO**bucket)


@dataclass(frozen=True)
class LatencyHistogram:
    """Counts of finished jobs per latency bucket, on top of the provider's declared typical latency in seconds."""

    typical_seconds: float
    counts: Mapping[int, int]

    def quantile(self, share: float) -> float:
        """The latency in seconds within which ``share`` (0 to 1) of the jobs finished."""
        weights: dict[int, float] = {bucket: float(count) for bucket, count in self.counts.items()}
        # The declared latency fades as real ones come in: it never weighs more than eight jobs.
        for factor, weight in _PRIOR_SPREAD:
            bucket = bucket_of(self.typical_seconds * factor)
            weights[bucket] = weights.get(bucket, 0.0) + weight * _PRIOR_WEIGHT
        wanted = share * sum(weights.values())
        reached = 0.0
        for bucket in sorted(weights):
            if reached + weights[bucket] >= wanted:
                lower = upper_bound(bucket - 1) if bucket else 0.0
                inside = (wanted - reached) / weights[bucket]
                return lower + (upper_bound(bucket) - lower) * max(0.0, inside)
            reached += weights[bucket]
        return upper_bound(max(weights))


def rungs(histogram: LatencyHistogram) -> Iterator[float]:
    """The checks of a job, as seconds since its submission: the ladder first, then growing gaps without end."""
    last = 0.0
    gap = 0.0
    check = 1
    while (share := 1 - (1 - CHANCE_PER_CHECK) ** check) < LADDER_ENDS_AT:
        rung = histogram.quantile(share)
        if rung > last:
            gap, last = rung - last, rung
            yield rung
        check += 1
    while True:
        gap = min(LONGEST_GAP_SECONDS, max(gap, GROWTH_PAST_LADDER * last))
        last += gap
        yield last


def seconds_to_next_check(elapsed_seconds: float, histogram: LatencyHistogram, minimum_seconds: float) -> float:
    """How long to wait after a check that found a job of this age unfinished; at least ``minimum_seconds``."""
    earliest = elapsed_seconds + minimum_seconds
    # Far beyond the ladder the gaps are constant, so there is no need to climb there rung by rung.
    if elapsed_seconds * GROWTH_PAST_LADDER >= LONGEST_GAP_SECONDS:
        return max(minimum_seconds, LONGEST_GAP_SECONDS)
    return next(rung for rung in rungs(histogram) if rung >= earliest) - elapsed_seconds
