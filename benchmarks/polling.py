"""How often the loop asks each provider about a job, and how late it learns that one is finished.

    python -m benchmarks.polling [--provider NAME] [--jobs 500] [--time-scale 20] [--runs 1] [--seed 1]

Recipe: the whole local stack with the simulator of one provider, which has its default settings. Its latencies are
log-normal with a median of 20 s and a sigma of 0.8. PDFs are dropped one a second, so one a second is finished as well.
Every run begins with no latency known; ``--runs`` has each run draw other latencies.

All requests that can be polls are counted, at the simulator: ``task``, ``get_results`` and ``list_jobs``. The delay of
a job is the time from the moment at which the simulator has finished it until it first says so to whoever asks.
``kept`` is the mean until the answer is also fetched and stored. The times are those of the simulator's clock, which is
the stack's.

Waiting passes ``--time-scale`` times faster, work at its real speed. ``Working`` is the share of the stack's time in
which anything worked: what this machine adds to the delays. On two cores it is about a tenth at every scale, because a
job takes a tenth of a second of work and one comes every second; a larger scale than 20 saves little time. Each
provider takes less than two minutes.

Ends with status 1 when a figure is missed or a document is not captured.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from benchmarks.bounds import Figure, conclude
from benchmarks.small_invoices import pdf_invoice
from local_stack.records import Upload
from local_stack.session import longest_wait
from local_stack.simulators import NAMES, Script, Simulator
from local_stack.simulators.script import Latency
from local_stack.stack import LocalStack

_MEDIAN_SECONDS, _SIGMA = 20.0, 0.8


@dataclass(frozen=True)
class Measure:
    """Which requests are a provider's polls, how many a job may take, and the longest mean delay in seconds, if any."""

    operation: str
    most_polls: float
    longest_delay: float | None = None


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "abbyy": Measure("task", 3.3, 5.5),
        "extract_api": Measure("get_results", 0.25),
        "ocr_job": Measure("list_jobs", 0.25),
    }
)


@dataclass(frozen=True)
class Run:
    """One run. ``delays`` and ``kept`` have a value in seconds for each captured job."""

    provider: str
    jobs: int
    polls: int
    requests: int
    delays: Sequence[float]
    kept: Sequence[float]
    working: float
    real_seconds: float

    @property
    def polls_per_job(self) -> float:
        return self.polls / self.jobs

    @property
    def delay(self) -> float:
        return statistics.fmean(self.delays)

    def figures(self) -> Iterator[Figure]:
        measure = MEASURES[self.provider]
        yield Figure(f"polling, {self.provider}: documents that are not captured", self.jobs - len(self.kept), 0)
        yield Figure(f"polling, {self.provider}: polls for a document", self.polls_per_job, measure.most_polls)
        if measure.longest_delay is not None:
            yield Figure(f"polling, {self.provider}: mean delay", self.delay, measure.longest_delay, "s")


def measure(provider: str, jobs: int, time_scale: float, seed: int) -> Run:
    """Drop ``jobs`` documents, one a second, and wait for all of them."""
    script = Script(latency=Latency(median=_MEDIAN_SECONDS, sigma=_SIGMA, seed=seed))
    began = time.monotonic()
    with LocalStack(
        time_scale=time_scale, provider_settings={provider: {}}, simulator_scripts={provider: script}
    ) as stack:
        simulator = stack.simulators[provider]
        began_at, first_drop = stack.clock.elapsed(), time.monotonic()
        with _delays_noted(simulator) as delays:
            uploads = _drop_one_a_second(stack, provider, jobs)
            ended = list(stack.finished(uploads, longest_wait(stack)))
        stack_seconds, real_seconds = stack.clock.elapsed() - began_at, time.monotonic() - first_drop
        return Run(
            provider=provider,
            jobs=jobs,
            polls=simulator.requests[MEASURES[provider].operation],
            requests=sum(simulator.requests.values()),
            delays=list(delays.values()),
            kept=_seconds_until_kept(stack, simulator, ended),
            working=(time_scale * real_seconds / stack_seconds - 1) / (time_scale - 1),
            real_seconds=time.monotonic() - began,
        )


def _drop_one_a_second(stack: LocalStack, provider: str, jobs: int) -> list[Upload]:
    uploads = []
    with stack.clock.work():
        began_at = stack.clock.elapsed()
        for number in range(jobs):
            stack.clock.sleep(max(0.0, began_at + number - stack.clock.elapsed()))
            uploads.append(stack.upload(f"incoming/{provider}/{number:04d}.pdf", pdf_invoice(number)))
    return uploads


@contextmanager
def _delays_noted(simulator: Simulator) -> Iterator[dict[str, float]]:
    """The seconds between having finished a document and first telling so, by the simulator's key of it."""
    shows_finished = simulator.shows_finished
    delays: dict[str, float] = {}

    def noting(key: str, ready_at: datetime) -> bool:
        shown = shows_finished(key, ready_at)
        if shown:
            delays.setdefault(key, (simulator.clock.now() - ready_at).total_seconds())
        return shown

    with patch.object(simulator, "shows_finished", noting):
        yield delays


def _seconds_until_kept(stack: LocalStack, simulator: Simulator, uploads: Sequence[Upload]) -> list[float]:
    """The seconds between a document's end at the simulator and the end of its submission, of captured jobs."""
    ready_at = {document.name: document.ready_at for document in simulator.accepted}
    kept = []
    for upload in uploads:
        record = stack.record(stack.job_id_of(upload) or "")
        if record.job.get("status") == "CAPTURED":
            [submission] = record.submissions
            done_at = datetime.fromisoformat(submission["finished_at"])
            kept.append((done_at - ready_at[upload.key.rpartition("/")[2]]).total_seconds())
    return kept


# --- the report ------------------------------------------------------------------------------------------------------


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", choices=NAMES, action="append", help="one of them only; may be repeated")
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--time-scale", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    runs = []
    for provider in options.provider or NAMES:
        for seed in range(options.seed, options.seed + options.runs):
            runs.append(measure(provider, options.jobs, options.time_scale, seed))
            console.print(f"[dim]{provider}, seed {seed}: {runs[-1].real_seconds:.0f} s")
    console.print(_table(runs))
    return conclude(figure for run in runs for figure in run.figures())


def _table(runs: Sequence[Run]) -> Table:
    title = f"{runs[0].jobs} jobs, one a second, log-normal with a median of {_MEDIAN_SECONDS:g} s, sigma {_SIGMA}"
    table = Table(title=title, title_justify="left")
    table.add_column("Provider")
    headings = (
        "Captured",
        "Polls a job",
        "limit",
        "Mean delay",
        "limit",
        "95 %",
        "kept",
        "Requests",
        "Working",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    for run in runs:
        limits = MEASURES[run.provider]
        table.add_row(
            run.provider,
            str(len(run.kept)),
            f"{run.polls_per_job:.3f}",
            f"{limits.most_polls:g}",
            f"{run.delay:.2f} s",
            "" if limits.longest_delay is None else f"{limits.longest_delay:g} s",
            f"{sorted(run.delays)[int(0.95 * len(run.delays))]:.1f} s",
            f"{statistics.fmean(run.kept):.2f} s",
            f"{run.requests / run.jobs:.2f}",
            f"{run.working:.0%}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
