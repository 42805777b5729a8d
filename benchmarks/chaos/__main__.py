"""Whether every job comes to one end that is told, and nothing is paid for twice unmarked, in the worst of weather.

    python -m benchmarks.chaos [--jobs 10000] [--seed 1] [--processes 2] [--stack NUMBER] [--log DIR]
    python -m benchmarks.chaos --lambda-concurrency 10 --jobs 300

Recipe: whole local stacks of at most 1,000 jobs each, so many at a time as there are ``--processes``. Documents go to
the simulators of abbyy, extract_api and ocr_job, to the embedded engine, and along routes over several of them; they
come in bursts, one at the beginning of each phase of the weather (benchmarks/chaos/weather.py). When the last phase is
over, everything is in order again, and all jobs are waited for. Then the books are judged (benchmarks/chaos/judge.py).
Each fault must have been injected at least once for a hundred jobs. ``--stack`` runs one of the stacks alone, to see
again what it did; faults depend on the seed, and on the order in which the machine runs threads.

With ``--lambda-concurrency`` the weather is fair, all documents come at once, and functions have so little room.

Ends with status 1 when a promise was broken, or a fault was not injected often enough.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.bounds import Figure, conclude
from benchmarks.chaos import judge
from benchmarks.chaos.books import Books
from benchmarks.chaos.run import Plan, run
from benchmarks.chaos.weather import NO_ROOM, least, names

MOST_MINUTES = 30.0
_MOST_JOBS = 1000
_MOST_SHOWN = 10


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="stacks at a time (default: %(default)s)")
    parser.add_argument("--stack", type=int, help="run only the stack with this number")
    parser.add_argument("--log", metavar="DIR", help="write the log of each stack there")
    parser.add_argument("--lambda-concurrency", type=int, help="how many functions may run at a time, in fair weather")
    options = parser.parse_args()
    plans = [plan for plan in _plans(options) if options.stack in (None, plan.stack)]
    began = time.monotonic()
    books = []
    with ProcessPoolExecutor(
        min(options.processes, len(plans)), multiprocessing.get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        for done in pool.map(run, plans):
            books.append(done)
            print(f"stack {done.stack}: {_summary(done)}", flush=True)
    minutes = (time.monotonic() - began) / 60
    line = f"python -m benchmarks.chaos --jobs {options.jobs} --seed {options.seed}"
    print(f"machine  {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"recipe   {line}{f' --lambda-concurrency {options.lambda_concurrency}' * bool(options.lambda_concurrency)}")
    print(f"time     {minutes:.1f} minutes")
    if options.lambda_concurrency:
        return conclude(_figures_of_little_room(books, options.lambda_concurrency))
    jobs = sum(plan.jobs for plan in plans)
    breaches = [breach for one in books for breach in judge.Judge(one).breaches()]
    _tell(breaches, line)
    injected = sum((one.injected for one in books), Counter[str]())
    rare = _table(injected, least(jobs))
    print(f"announcements that came again: {judge.repeats(books)}")
    for denial in sorted({denial for one in books for denial in one.denied}):
        print(f"denied: {denial}")
    return conclude(
        [
            *judge.figures(breaches, jobs),
            Figure(f"chaos, {jobs} jobs: faults that were injected too seldom", rare, 0),
            Figure(f"chaos, {jobs} jobs: time", minutes, MOST_MINUTES, "min"),
        ]
    )


def _plans(options: argparse.Namespace) -> Iterator[Plan]:
    """Equal stacks, at least one for each process."""
    count = 1 if options.lambda_concurrency else max(options.processes, -(-options.jobs // _MOST_JOBS))
    if options.log:
        Path(options.log).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        first, last = options.jobs * number // count, options.jobs * (number + 1) // count
        log = str(Path(options.log) / f"stack-{number}.log") if options.log else None
        yield Plan(number, first, last - first, options.seed, log, options.lambda_concurrency)


def _summary(books: Books) -> str:
    statuses = Counter(job.status for job in books.jobs)
    codes = Counter((job.row or {}).get("error_code") for job in books.jobs if job.status == "FAILED")
    return (
        f"{books.seconds:.0f} s for {books.stack_hours:.0f} h; {dict(statuses)}; {dict(codes)}; "
        f"{sum(job.is_marked for job in books.jobs)} marked, {sum(books.charged.values())} charged"
    )


def _tell(breaches: Sequence[judge.Breach], line: str) -> None:
    for breach in breaches[:_MOST_SHOWN]:
        print(f"\n{breach.promise}: {breach.job.key}\n    {breach.details}\n    again: {line} --stack {breach.stack}")
    if len(breaches) > _MOST_SHOWN:
        print(f"\n... and {len(breaches) - _MOST_SHOWN} more")


def _table(injected: Counter[str], each: int) -> int:
    """Print how often each fault was injected; returns how many were too seldom."""
    print(f"\nfaults, each at least {each} times:")
    for name in names():
        print(f"  {injected[name]:7d}  {name}{'' if injected[name] >= each else '   TOO SELDOM'}")
    return len(judge.missing(injected, names(), each))


def _figures_of_little_room(books: Sequence[Books], room: int) -> Iterator[Figure]:
    jobs = [job for one in books for job in one.jobs]
    refused = sum(one.injected[NO_ROOM] for one in books)
    yield Figure(
        f"{len(jobs)} jobs at a Lambda concurrency of {room}: not captured",
        sum(job.status != "CAPTURED" for job in jobs),
        0,
    )
    yield Figure(f"{len(jobs)} jobs at a Lambda concurrency of {room}: refused", refused, 1, at_least=True)


if __name__ == "__main__":
    sys.exit(main())
