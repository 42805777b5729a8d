"""How close the schedule of polls comes to the optimal schedule, and what it costs a provider that is asked job by job.

    python -m benchmarks.poll_schedule [--samples N] [--seed N]

Recipe: a schedule is a row of times t1 < t2 < ... since the submission. Of a known distribution of latencies, N is the
expected number of polls up to the first t_k that is not before the latency, D the expected t_k - latency. The optimal
schedule minimises N + price x D by dynamic programming over 4,000 times in geometric steps; the prices trace all pairs
of N and D that can be had. Efficiency is the optimum's N at the same D, divided by the schedule's N. No minimum gap
binds either of them; what the pipeline's minimum of 5 s between two polls makes of the schedule stands beside it.

``known``: the histogram holds a million jobs in the true shares. ``30 jobs``: it holds 30 drawn latencies.
``30 found``: the same, as the schedule itself finds them, one job after the other, with gaps of 5 s and more. Declared
is the median, three times as much, or a third; the efficiencies are means over the samples. ``Job by job`` plays 500
jobs, submitted one a second, through the provider's loop: it starts from the declared latency, wakes for the next poll
at whole seconds, at least 5 s apart, and polls what is due within its tick, with one request a job.

Ends with status 1 when a figure is missed. The mixture of two kinds of jobs is held to no limit: the schedule spreads
its polls by the share of jobs that finish, so it still looks a few times while neither kind does. Job by job is held to
its limits where the declared latency is right; where it is wrong, the jobs before the first finished one pay for it.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple, Protocol

from rich.console import Console
from rich.table import Table

from benchmarks.bounds import Figure, conclude, share
from invoice_capture.domain.polling import (
    LatencyHistogram,
    bucket_of,
    latency_between,
    poll_times,
    seconds_to_next_poll,
    upper_bound,
)
from invoice_capture.use_cases.polling.poll_loop import TICK
from invoice_capture.use_cases.shared.submitter import MINIMUM_POLL_SECONDS

KNOWN_LIMIT = 0.97
LEARNT_LIMIT = 0.94
REQUESTS_LIMIT = 3.3
DELAY_LIMIT = 5.5
OBSERVED_JOBS = 30
_DECLARED = (1.0, 3.0, 1 / 3)
_RUNS = 50


class Distribution(Protocol):
    """Latencies in seconds: the share that is at most t, their sum by share, and one drawn at random."""

    def share_within(self, t: float) -> float: ...
    def sum_within(self, t: float) -> float: ...
    def draw(self, chance: random.Random) -> float: ...


@dataclass(frozen=True)
class LogNormal:
    median: float
    sigma: float
    shift: float = 0.0

    def share_within(self, t: float) -> float:
        return self._normal(t, 0.0)

    def sum_within(self, t: float) -> float:
        mean = self.median * math.exp(self.sigma**2 / 2)
        return mean * self._normal(t, self.sigma) + self.shift * self._normal(t, 0.0)

    def draw(self, chance: random.Random) -> float:
        return self.shift + chance.lognormvariate(math.log(self.median), self.sigma)

    def _normal(self, t: float, offset: float) -> float:
        if t <= self.shift:
            return 0.0
        return 0.5 * math.erfc((offset - math.log((t - self.shift) / self.median) / self.sigma) / math.sqrt(2))


@dataclass(frozen=True)
class Gamma:
    """``shape`` steps in a row, each exponential with a mean of ``scale`` seconds."""

    shape: int
    scale: float

    def share_within(self, t: float) -> float:
        return self._erlang(self.shape, t / self.scale)

    def sum_within(self, t: float) -> float:
        return self.shape * self.scale * self._erlang(self.shape + 1, t / self.scale)

    def draw(self, chance: random.Random) -> float:
        return chance.gammavariate(self.shape, self.scale)

    @staticmethod
    def _erlang(shape: int, x: float) -> float:
        return 1 - math.exp(-x) * math.fsum(x**n / math.factorial(n) for n in range(shape))


@dataclass(frozen=True)
class Mixture:
    """``share`` of the jobs are of the one kind, the rest of the other."""

    share: float
    one: Distribution
    other: Distribution

    def share_within(self, t: float) -> float:
        return self.share * self.one.share_within(t) + (1 - self.share) * self.other.share_within(t)

    def sum_within(self, t: float) -> float:
        return self.share * self.one.sum_within(t) + (1 - self.share) * self.other.sum_within(t)

    def draw(self, chance: random.Random) -> float:
        return (self.one if chance.random() < self.share else self.other).draw(chance)


HEADLINE = LogNormal(20, 0.8)
DISTRIBUTIONS: dict[str, tuple[Distribution, bool]] = {
    "log-normal 20 s, sigma 0.8": (HEADLINE, True),
    "log-normal 20 s, sigma 0.3": (LogNormal(20, 0.3), True),
    "log-normal 20 s, sigma 1.2": (LogNormal(20, 1.2), True),
    "gamma, 4 x 5.5 s": (Gamma(4, 5.5), True),
    "10 s + log-normal 10 s, sigma 0.8": (LogNormal(10, 0.8, shift=10), True),
    "70 % about 15 s, 30 % about 90 s": (Mixture(0.7, LogNormal(15, 0.3), LogNormal(90, 0.3)), False),
}


class Cost(NamedTuple):
    """What a job costs on average: its polls, and the seconds between its end and the poll that finds it."""

    requests: float
    delay: float


def expected_cost(latencies: Distribution, polls: Iterable[float]) -> Cost:
    """The cost of a schedule, exact but for a share of 1e-9 of the jobs."""
    requests = delay = share = total = 0.0
    for poll in polls:
        requests += 1 - share
        share_now, total_now = latencies.share_within(poll), latencies.sum_within(poll)
        delay += poll * (share_now - share) - (total_now - total)
        share, total = share_now, total_now
        if share > 1 - 1e-9:
            break
    return Cost(requests, delay)


def quantile(latencies: Distribution, share: float) -> float:
    low, high = 1e-3, 1e9
    while high / low > 1 + 1e-9:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if latencies.share_within(middle) < share else (low, middle)
    return high


@dataclass(frozen=True)
class Optimum:
    """The optimal schedules of a distribution."""

    latencies: Distribution

    def requests_at(self, delay: float) -> float:
        """The fewest requests with which a mean delay can be reached."""
        after = bisect_left(self._costs, delay, key=lambda cost: cost.delay)
        if not 0 < after < len(self._costs):
            raise ValueError(f"A mean delay of {delay:.3g} s lies beyond the prices that were tried.")
        fast, slow = self._costs[after - 1], self._costs[after]
        way = (delay - fast.delay) / (slow.delay - fast.delay)
        return fast.requests + way * (slow.requests - fast.requests)

    def efficiency(self, cost: Cost) -> float:
        return self.requests_at(cost.delay) / cost.requests

    @cached_property
    def _costs(self) -> list[Cost]:
        """The costs of the optimal schedules for 160 prices over four decades, the shortest delay first."""
        typical = quantile(self.latencies, 0.5)
        prices = (10 ** (exponent / 40) / typical for exponent in range(-40, 120))
        return sorted({expected_cost(self.latencies, self._schedule(price)) for price in prices}, key=lambda c: c.delay)

    @cached_property
    def _grid(self) -> list[tuple[float, float, float]]:
        first, last = quantile(self.latencies, 1e-4), quantile(self.latencies, 1 - 1e-10)
        times = [first * (last / first) ** (step / 3999) for step in range(4000)]
        return [(time, self.latencies.share_within(time), self.latencies.sum_within(time)) for time in times]

    def _schedule(self, price: float) -> Iterator[float]:
        """The schedule that minimises requests + price x delay.

        After a poll at i the best next one is the j with the smallest price x (t_j (F_j - F_i) - (M_j - M_i)) plus the
        cost of what follows j, F being shares and M sums. Over F_i these are lines, steeper for later j, so one pass
        backwards over the grid is enough, with the lower envelope of the lines so far in a queue.
        """
        lines: deque[tuple[float, float, int]] = deque()
        following = {}
        for index in range(len(self._grid) - 1, -1, -1):
            time, share, total = self._grid[index]
            rest = 0.0
            if lines:
                slope, height, following[index] = _lowest(lines, share)
                rest = 1 - share + price * total + slope * share + height
            slope, height = -price * time, price * (time * share - total) + rest
            while len(lines) > 1 and _is_covered(lines[-2], lines[-1], (slope, height)):
                lines.pop()
            lines.append((slope, height, index))
        index = _lowest(lines, 0.0)[2]
        yield self._grid[index][0]
        while index in following:
            index = following[index]
            yield self._grid[index][0]


def _lowest(lines: deque[tuple[float, float, int]], at: float) -> tuple[float, float, int]:
    """The lowest line at this place, which lies further left at every call; what it has left behind is dropped."""
    while len(lines) > 1 and lines[1][0] * at + lines[1][1] <= lines[0][0] * at + lines[0][1]:
        lines.popleft()
    return lines[0]


def _is_covered(before: tuple[float, float, int], line: tuple[float, float, int], after: tuple[float, float]) -> bool:
    return (after[1] - before[1]) * (line[0] - before[0]) <= (line[1] - before[1]) * (after[0] - before[0])


# --- the schedule ----------------------------------------------------------------------------------------------------


def polls_of_pipeline(histogram: LatencyHistogram) -> Iterator[float]:
    """The polls of a job with the pipeline's minimum gap."""
    elapsed = 0.0
    while True:
        elapsed += seconds_to_next_poll(elapsed, histogram, MINIMUM_POLL_SECONDS)
        yield elapsed


def known(latencies: Distribution) -> LatencyHistogram:
    counts = {}
    bucket, share = 0, 0.0
    while share < 1 - 1e-7:
        share_now = latencies.share_within(upper_bound(bucket))
        counts[bucket] = round((share_now - share) * 1_000_000)
        bucket, share = bucket + 1, share_now
    return LatencyHistogram(quantile(latencies, 0.5), counts)


def drawn(latencies: Distribution, declared: float, chance: random.Random) -> LatencyHistogram:
    return LatencyHistogram(declared, Counter(bucket_of(latencies.draw(chance)) for _ in range(OBSERVED_JOBS)))


def found(latencies: Distribution, declared: float, chance: random.Random) -> LatencyHistogram:
    """The same number of jobs, known by the polls that the schedule made at the time."""
    histogram = LatencyHistogram(declared, {})
    for _ in range(OBSERVED_JOBS):
        latency, unfinished_at = latencies.draw(chance), 0.0
        for poll in polls_of_pipeline(histogram):
            if poll >= latency:
                break
            unfinished_at = poll
        counts = Counter(histogram.counts)
        counts[bucket_of(latency_between(unfinished_at, poll))] += 1
        histogram = LatencyHistogram(declared, counts)
    return histogram


def mean_efficiency(
    optimum: Optimum, learn: Callable[[random.Random], LatencyHistogram], seeds: Sequence[int]
) -> tuple[float, float]:
    """The mean over the samples, and what 95 % of them reach."""
    efficiencies = sorted(
        optimum.efficiency(expected_cost(optimum.latencies, poll_times(learn(random.Random(seed))))) for seed in seeds
    )
    return statistics.fmean(efficiencies), efficiencies[len(efficiencies) // 20]


# --- a provider that is asked job by job -----------------------------------------------------------------------------


def job_by_job(latencies: Distribution, declared: float, chance: random.Random, jobs: int = 500) -> Cost:
    """Play ``jobs`` through one loop; what they cost on average, learning included."""
    ends = [submitted + latencies.draw(chance) for submitted in range(jobs)]
    counts: Counter[int] = Counter()
    due: dict[int, float] = {}
    last_check: dict[int, float] = {}
    requests, delay, now, waiting = 0, 0.0, 0.0, 0
    while due or waiting < jobs:
        while waiting < jobs and waiting <= now:
            due[waiting] = waiting + seconds_to_next_poll(0.0, LatencyHistogram(declared, counts), MINIMUM_POLL_SECONDS)
            waiting += 1
        histogram = LatencyHistogram(declared, Counter(counts))
        for job in [job for job, time in due.items() if time <= now + TICK.total_seconds()]:
            requests += 1
            if now >= ends[job]:
                del due[job]
                delay += now - ends[job]
                counts[bucket_of(latency_between(last_check.get(job, job) - job, now - job))] += 1
            else:
                last_check[job] = now
                due[job] = now + seconds_to_next_poll(now - job, histogram, MINIMUM_POLL_SECONDS)
        now = math.ceil(max(now + MINIMUM_POLL_SECONDS, min(due.values(), default=0.0)))
    return Cost(requests / jobs, delay / jobs)


# --- the report ------------------------------------------------------------------------------------------------------


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200, help="samples of 30 jobs for each figure")
    parser.add_argument("--seed", type=int, default=20_240, help="of the first sample")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.samples)
    console = Console(width=None if sys.stdout.isatty() else 150)
    return conclude([*_report_efficiency(console, seeds), *_report_job_by_job(console, seeds)])


def _report_efficiency(console: Console, seeds: Sequence[int]) -> list[Figure]:
    """The lowest efficiencies of those that are held to a bound."""
    table = Table(title="Efficiency against the optimal schedule", title_justify="left")
    table.add_column("Latency")
    for heading in ("N", "D", "known", "declared", "30 jobs", "(95 % reach)", "30 found", "(95 % reach)", ""):
        table.add_column(heading, justify="right")
    for heading in ("N at 5 s", "D at 5 s"):
        table.add_column(heading, justify="right", style="dim")
    limits = ("", "", f"{KNOWN_LIMIT}", "", f"{LEARNT_LIMIT}", "", f"{LEARNT_LIMIT}")
    table.add_row("limit", *limits, style="bold")
    lowest_known, lowest_learnt = math.inf, math.inf
    for name, (latencies, is_held_to_limits) in DISTRIBUTIONS.items():
        optimum, median = Optimum(latencies), quantile(latencies, 0.5)
        histogram = known(latencies)
        cost = expected_cost(latencies, poll_times(histogram))
        with_minimum = expected_cost(latencies, polls_of_pipeline(histogram))
        best = optimum.efficiency(cost)
        for factor in _DECLARED:
            from_drawn = mean_efficiency(optimum, partial(drawn, latencies, median * factor), seeds)
            from_found = mean_efficiency(optimum, partial(found, latencies, median * factor), seeds)
            learnt = min(from_drawn[0], from_found[0])
            if is_held_to_limits:
                lowest_known, lowest_learnt = min(lowest_known, best), min(lowest_learnt, learnt)
            first = factor == 1
            table.add_row(
                name if first else "",
                f"{cost.requests:.2f}" if first else "",
                f"{cost.delay:.2f} s" if first else "",
                f"{best:.3f}" if first else "",
                f"x {factor:.2g}",
                *(text for mean in (from_drawn, from_found) for text in (f"{mean[0]:.3f}", f"{mean[1]:.3f}")),
                "" if is_held_to_limits else "[dim]no limit",
                f"{with_minimum.requests:.2f}" if first else "",
                f"{with_minimum.delay:.2f} s" if first else "",
            )
    console.print(table)
    return [
        share("efficiency of the poll schedule, latencies known", lowest_known, KNOWN_LIMIT),
        share("efficiency of the poll schedule, learnt from 30 jobs", lowest_learnt, LEARNT_LIMIT),
    ]


def _report_job_by_job(console: Console, seeds: Sequence[int]) -> list[Figure]:
    """What is asked where the declared latency is right."""
    table = Table(title="Job by job: 500 jobs, one a second, log-normal 20 s, sigma 0.8", title_justify="left")
    for heading in ("declared", "Requests a job", "Mean delay", "Worst run"):
        table.add_column(heading, justify="right")
    table.add_row("limit", f"{REQUESTS_LIMIT}", f"{DELAY_LIMIT} s", style="bold")
    figures = []
    for factor in _DECLARED:
        runs = [job_by_job(HEADLINE, HEADLINE.median * factor, random.Random(seed)) for seed in seeds[:_RUNS]]
        requests, delay = (statistics.fmean(values) for values in zip(*runs, strict=True))
        worst = Cost(*(max(values) for values in zip(*runs, strict=True)))
        if factor == 1:
            figures = [
                Figure("requests for a job, asked job by job", requests, REQUESTS_LIMIT),
                Figure("delay of a job, asked job by job", delay, DELAY_LIMIT, "s"),
            ]
        table.add_row(
            f"{HEADLINE.median * factor:.3g} s",
            f"{requests:.2f}",
            f"{delay:.2f} s",
            f"{worst.requests:.2f}, {worst.delay:.2f} s",
        )
    console.print(table)
    return figures


if __name__ == "__main__":
    sys.exit(main())
