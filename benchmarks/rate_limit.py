"""Whether a provider that refuses what is too much still captures everything, and how soon the pace fits it.

    python -m benchmarks.rate_limit [--provider NAME] [--jobs 300] [--time-scale 10]

Recipe: the whole local stack with a provider's simulator that answers 429, with ``Retry-After: 1``, to every request
above five within any second. All documents are dropped at once. No setting of the provider is given, so nobody has
told the pipeline the rate. Times are the simulator's, which has the stack's clock: waiting passes ``--time-scale``
times faster, work at its real speed.

Ends with status 1 when a document is not captured or charged twice, or when three percent or more of the requests
after the first ten seconds were refused.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from benchmarks.bounds import Figure, conclude
from benchmarks.small_invoices import pdf_invoice
from local_stack.session import longest_wait
from local_stack.simulators import NAMES, Script
from local_stack.simulators.script import RateLimit
from local_stack.stack import LocalStack

_LIMIT = RateLimit(requests_per_second=5, retry_after=1)
_LEARNING = timedelta(seconds=10)
LARGEST_SHARE = 0.03
"""Of the requests after the first ten seconds, those that may be refused."""


@dataclass(frozen=True)
class Run:
    """``later`` requests came after the first ten seconds, ``refused_later`` of them in vain."""

    provider: str
    jobs: int
    captured: int
    accepted: int
    requests: int
    refused: int
    later: int
    refused_later: int
    seconds: float

    @property
    def share(self) -> float:
        return self.refused_later / max(1, self.later)

    @property
    def wrong(self) -> int:
        """Documents that were not captured, or charged for twice."""
        return abs(self.jobs - self.captured) + abs(self.accepted - self.jobs)


def measure(provider: str, jobs: int, time_scale: float) -> Run:
    scripts = {provider: Script(rate_limit=_LIMIT)}
    with LocalStack(time_scale=time_scale, provider_settings={provider: {}}, simulator_scripts=scripts) as stack:
        uploads = [stack.upload(f"incoming/{provider}/{number:04d}.pdf", pdf_invoice(number)) for number in range(jobs)]
        ended = list(stack.finished(uploads, longest_wait(stack)))
        log = list(stack.simulators[provider].log)
        later = [entry for entry in log if entry.at > log[0].at + _LEARNING]
        return Run(
            provider=provider,
            jobs=jobs,
            captured=sum(stack.job(stack.job_id_of(upload) or "").get("status") == "CAPTURED" for upload in ended),
            accepted=len(stack.simulators[provider].accepted),
            requests=len(log),
            refused=sum(entry.status == 429 for entry in log),
            later=len(later),
            refused_later=sum(entry.status == 429 for entry in later),
            seconds=(log[-1].at - log[0].at).total_seconds(),
        )


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", choices=NAMES, action="append", help="one of them only; may be repeated")
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--time-scale", type=float, default=10.0)
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    runs = []
    for provider in options.provider or NAMES:
        runs.append(measure(provider, options.jobs, options.time_scale))
        console.print(f"[dim]{provider}: {runs[-1].seconds:.0f} s of the provider's time")
    console.print(_table(runs))
    return conclude(figure for run in runs for figure in _figures(run))


def _figures(run: Run) -> Iterator[Figure]:
    yield Figure(f"rate limit, {run.provider}: documents lost or charged twice", run.wrong, 0)
    yield Figure(f"rate limit, {run.provider}: refused after ten seconds", run.share, LARGEST_SHARE, "%")


def _table(runs: Sequence[Run]) -> Table:
    title = f"{runs[0].jobs} documents, 429 above {_LIMIT.requests_per_second} requests a second"
    table = Table(title=title, title_justify="left")
    table.add_column("Provider")
    for heading in ("Captured", "Charged", "Requests", "Refused", "Refused after 10 s", "Requests a second"):
        table.add_column(heading, justify="right")
    for run in runs:
        table.add_row(
            run.provider,
            str(run.captured),
            str(run.accepted),
            str(run.requests),
            str(run.refused),
            f"{run.share:.2%}",
            f"{run.requests / run.seconds:.2f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
