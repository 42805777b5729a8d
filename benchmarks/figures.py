"""Every figure that is to hold, in one table: runs the benchmarks that have a bound and writes docs/figures.md.

    python -m benchmarks.figures [--build DIR] [--corpus DIR] [--out docs/figures.md]

Without options it runs what needs nothing from outside the project, with fewer documents than each benchmark takes by
itself. ``--build`` is what ``make build-local`` built, ``--corpus`` a labelled folder as docs/evaluating.md describes
it; figures that would need what is not given are named as not measured. Times are ratios within one run, or seconds of
the processor, wherever the bound is not a promise in seconds of a clock.

Ends with status 1 when a figure is missed, or a benchmark ended without any.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bounds import COLLECT, Figure

_HEAD = """\
# Figures that are to hold

Written by `make figures`, which runs every benchmark that has a bound and ends with status 1 when one is missed.
{machine}
Who has no build, or no labelled folder, measures the rest.

| figure | bound | reached | | command |
|---|---|---|---|---|
"""
_BUILD, _CORPUS, _PREDICTIONS = "BUILD", "DIR", "PRED.jsonl"


@dataclass(frozen=True)
class Benchmark:
    """``words`` of its command line, in which BUILD, DIR and PRED.jsonl stand for places of whoever runs it."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, line: str) -> Benchmark:
        return cls(tuple(line.split()))

    @property
    def line(self) -> str:
        return "python -m benchmarks." + " ".join(self.words)

    def command(self, places: Mapping[str, str]) -> list[str]:
        return [
            sys.executable,
            "-m",
            f"benchmarks.{self.words[0]}",
            *(places.get(word, word) for word in self.words[1:]),
        ]

    def lacks(self, places: Mapping[str, str]) -> bool:
        return any(word in {_BUILD, _CORPUS} and word not in places for word in self.words)


BOUNDED = (
    Benchmark.of("first_contact"),
    Benchmark.of("hostile --documents 100"),
    Benchmark.of("poll_schedule --samples 20"),
    Benchmark.of("loop_costs --jobs 1,20 --polled-jobs 1,5"),
    Benchmark.of("all_in_cost"),
    Benchmark.of("listing --sizes 100,300"),
    Benchmark.of("flipped_bytes"),
    Benchmark.of("rate_limit --jobs 200"),
    Benchmark.of("scans --jobs 100"),
    Benchmark.of("polling --jobs 500"),
    Benchmark.of("throughput --count 100"),
    Benchmark.of("chaos --jobs 300 --seed 7"),
    Benchmark.of("chaos --jobs 300 --lambda-concurrency 10"),
    Benchmark.of("import_time BUILD --repetitions 5"),
    Benchmark.of("api_latency BUILD"),
    Benchmark.of("extraction --corpus DIR --out PRED.jsonl --kinds digital,hybrid,xml,scan,receipt"),
    Benchmark.of("layout_groups --corpus DIR --predictions PRED.jsonl"),
    Benchmark.of("line_items --corpus DIR --kinds digital,hybrid,xml,scan"),
    Benchmark.of("calibration --corpus DIR"),
    Benchmark.of("engine_cost --corpus DIR"),
    Benchmark.of("ocr_time --corpus DIR --kinds scan"),
)


@dataclass(frozen=True)
class Result:
    """``status`` is None for a benchmark that was not run."""

    benchmark: Benchmark
    status: int | None
    figures: Sequence[Figure]

    @property
    def holds(self) -> bool:
        return self.status is None or (self.status == 0 and bool(self.figures))

    def rows(self) -> Iterator[str]:
        command = f"`{self.benchmark.line}`"
        if self.status is None:
            yield f"| not measured | | | | {command} |"
        for figure in self.figures:
            verdict = "" if figure.holds else "**missed**"
            yield f"| {figure.name} | {figure.bound_text} | {figure.reached_text} | {verdict} | {command} |"
        if not self.figures and self.status is not None:
            yield f"| **ended with status {self.status}, without a figure** | | | | {command} |"


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, help="what sam build was given as --build-dir")
    parser.add_argument("--corpus", type=Path, help="a labelled folder")
    parser.add_argument("--out", type=Path, default=Path("docs/figures.md"), help="(default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        places = {_PREDICTIONS: str(Path(work) / "predictions.jsonl")}
        places |= {_BUILD: str(options.build)} if options.build else {}
        places |= {_CORPUS: str(options.corpus)} if options.corpus else {}
        results = {benchmark: Result(benchmark, None, []) for benchmark in BOUNDED}
        for benchmark in BOUNDED:
            results[benchmark] = _run(benchmark, places, Path(work))
            # Who stops it keeps what was measured so far.
            options.out.write_text(page(results.values()), encoding="utf-8")
    missed = [result.benchmark.line for result in results.values() if not result.holds]
    print(f"\nWritten to {options.out}. Missed: {'; '.join(missed) or 'none'}.")
    return 1 if missed else 0


def _run(benchmark: Benchmark, places: Mapping[str, str], work: Path) -> Result:
    if benchmark.lacks(places):
        print(f"\n=== {benchmark.line}: not measured, it needs an option")
        return Result(benchmark, None, [])
    print(f"\n=== {benchmark.line}", flush=True)
    collected = work / "figures.jsonl"
    collected.write_text("")
    began = time.monotonic()
    done = subprocess.run(benchmark.command(places), env={**os.environ, COLLECT: str(collected)}, check=False)
    print(f"[{time.monotonic() - began:.0f} s]", flush=True)
    return Result(benchmark, done.returncode, [Figure(**json.loads(row)) for row in collected.read_text().splitlines()])


def page(results: Iterable[Result]) -> str:
    """docs/figures.md"""
    machine = f"Last: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}."
    return _HEAD.format(machine=machine) + "".join(f"{row}\n" for result in results for row in result.rows())


if __name__ == "__main__":
    sys.exit(main())
