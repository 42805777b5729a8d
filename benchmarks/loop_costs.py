"""What a captured job costs, counted: state transitions, history events, AWS calls and DynamoDB write units.

    python -m benchmarks.loop_costs [--jobs 1,100,1000] [--polled-jobs 1,100]

Every row is a run of the local stack of its own: the embedded engine, which resolves its task token itself, and a
scripted provider that is polled by the shared loop and takes 20 s or 24 h (waits are shortened by the time scale).
What a job costs by itself is compared with the limits; loop and sweeper serve all jobs at once, so what is spent
with them is shown beside it, for each job. How everything is counted stands in local_stack/counting.py.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bounds import Figure, conclude
from benchmarks.small_invoices import ubl_invoice
from local_stack import report
from local_stack.session import longest_wait
from local_stack.stack import LocalStack

_LIMITS = {"state_transitions": 3.0, "history_events": 20.0, "aws_calls_total": 18.0, "write_units": 22.0}
_LARGEST_SPREAD = 0.01


@dataclass(frozen=True)
class Case:
    """A provider and how long it takes; ``prefix`` chooses it by the key."""

    name: str
    prefix: str
    latency_seconds: float
    time_scale: float


_EMBEDDED = Case("embedded", "incoming/", 0, 1)
_POLLED = (
    Case("polled, 20 s", "incoming/scripted/", 20, 20),
    Case("polled, 24 h", "incoming/scripted/", 86_400, 20_000),
)


@dataclass(frozen=True)
class Run:
    case: Case
    jobs: int
    seconds: float
    own: dict[str, Any]
    with_loop: dict[str, Any]


def measure(case: Case, jobs: int) -> Run:
    """Capture ``jobs`` invoices. Raises RuntimeError when one of them is not captured."""
    began = time.monotonic()
    settings = {"scripted": {"latency_seconds": str(case.latency_seconds)}}
    with LocalStack(time_scale=case.time_scale, provider_settings=settings) as stack:
        uploads = [stack.upload(f"{case.prefix}{number}.xml", ubl_invoice(number)) for number in range(jobs)]
        for _ in stack.finished(uploads, longest_wait(stack)):
            pass
        lost = [
            upload.key for upload in uploads if stack.job(stack.job_id_of(upload) or "").get("status") != "CAPTURED"
        ]
        if lost:
            raise RuntimeError(
                f"{case.name}: {len(lost)} of {jobs} documents were not captured, the first is {lost[0]}"
            )
        costs = report.build(stack.ledger, ())
    return Run(case, jobs, time.monotonic() - began, costs["per_job"], costs["per_job_with_shared"])


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=_counts, default=[1, 100, 1000], help="job counts with the engine")
    parser.add_argument("--polled-jobs", type=_counts, default=[1, 100], help="job counts with a polled provider")
    options = parser.parse_args()
    console = Console()
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    cases = [(_EMBEDDED, jobs) for jobs in options.jobs]
    cases += [(case, jobs) for case in _POLLED for jobs in options.polled_jobs]
    runs = []
    for case, jobs in cases:
        runs.append(measure(case, jobs))
        console.print(f"[dim]{case.name}, {jobs} jobs: {runs[-1].seconds:.1f} s")
    console.print(_table(runs))
    return conclude(
        figure for case in (_EMBEDDED, *_POLLED) for figure in _figures([r for r in runs if r.case is case])
    )


def _figures(runs: Sequence[Run]) -> Iterator[Figure]:
    """What the runs of one case cost, by the dearest of them."""
    name = runs[0].case.name
    for count, limit in _LIMITS.items():
        most = max(run.own[count] for run in runs)
        yield Figure(f"a captured job, {name}: {count.replace('_', ' ')}", most, limit)
    yield Figure(f"a captured job, {name}: difference between few and many", _spread(runs), _LARGEST_SPREAD, "%")


def _table(runs: Sequence[Run]) -> Table:
    table = Table(title="Per captured job", title_justify="left")
    for heading in ("Provider", "Jobs", "Transitions", "Events", "AWS calls", "Write units"):
        table.add_column(heading, justify="left" if heading == "Provider" else "right")
    for heading in ("calls with loop", "units with loop", "units of invoice"):
        table.add_column(heading, justify="right", style="dim")
    table.add_row("limit", "", *(f"{limit:g}" for limit in _LIMITS.values()), style="bold")
    for run in runs:
        table.add_row(
            run.case.name,
            str(run.jobs),
            *(f"{run.own[name]:g}" for name in _LIMITS),
            f"{run.with_loop['aws_calls_total']:.2f}",
            f"{run.with_loop['write_units']:.2f}",
            f"{run.own['write_units_invoice']:g}",
        )
    return table


def _spread(runs: Sequence[Run]) -> float:
    """The largest relative difference of a count between runs of one case."""
    counts = [[run.own[name] for run in runs] for name in _LIMITS]
    return max((max(values) / min(values) - 1 for values in counts if values), default=0.0)


def _counts(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
