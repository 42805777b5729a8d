"""What 1,000 invoices cost in an account, counted: from the upload of a document until its retention is over.

    python -m benchmarks.all_in_cost [--jobs 24] [--kilobytes 100] [--cold 0.1]

Recipe: the local stack captures so many digital invoices (a sample as PDF) and as many scanned pages (a sample of one
page, read by a double of Textract) with the embedded engine, one after the other, and removes them when their retention
is over. Nothing that one costs depends on how many there are, so the sum is scaled to 1,000. Requests, state
transitions, DynamoDB's units, bytes of logs and stored bytes are counted; documents are filled up to ``--kilobytes``,
for samples are small, and stay as long as the template says by default.

Seconds of this machine are not Lambda's. What is billed of an invocation is its processor's work here, on the part of
a processor that its memory gives it, and for each request to AWS a wait that is assumed (bill.py). ``--cold`` of all
invocations start a container, whose work was measured as well; 1 is for documents that come one an hour. Prices stand
in prices.py.

Ends with status 1 when a sum is missed or a document is not captured.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.all_in_cost import bill, prices
from benchmarks.all_in_cost.bill import Line
from benchmarks.all_in_cost.run import Run, measure
from benchmarks.bounds import Figure, conclude
from benchmarks.scans import TextractDouble
from benchmarks.small_invoices import pdf_invoice
from local_stack import template
from local_stack.stack import PROJECT

MOST_USD = {"digital invoices": 0.20, "scanned pages": 0.45}
"""For 1,000 of them, without what providers charge."""
_PER = 1000
_SCAN = PROJECT / "samples" / "scans" / "english_gbp_scanned.pdf"
_TEXTRACT_PAGES_PER_SECOND = 1000


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=24, help="how many of each kind (default: %(default)s)")
    parser.add_argument("--kilobytes", type=int, default=100, help="of a document at least (default: %(default)s)")
    parser.add_argument("--cold", type=float, default=0.1, help="share of invocations that start a container")
    options = parser.parse_args()
    translated = template.translate(PROJECT / "template.yaml").cloudformation
    defaults = {name: parameter.get("Default") for name, parameter in translated["Parameters"].items()}
    digital = [_filled(pdf_invoice(number), options.kilobytes) for number in range(options.jobs + 1)]
    scanned = [_filled(_scan(number), options.kilobytes) for number in range(options.jobs + 1)]
    runs = {
        "digital invoices": measure(digital, ".pdf"),
        "scanned pages": measure(scanned, ".pdf", TextractDouble(_TEXTRACT_PAGES_PER_SECOND, random.Random(1))),
    }
    days = int(defaults["RetentionDays"]), int(defaults["LogRetentionDays"])
    console = Console()
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {prices.AS_OF}")
    bills = {name: bill.per_job(run, options.cold, *days) for name, run in runs.items()}
    for name, lines in bills.items():
        console.print(_table(f"{_PER:,} {name}, kept for {days[0]} days", lines, _PER))
        _print_apart(console, runs[name], days)
    fixed = bill.monthly(runs["digital invoices"], translated)
    console.print(_table("A month, whether documents come or not", fixed))
    return conclude(
        Figure(
            f"all-in cost of {_PER:,} {name}, without fees of providers",
            _PER * bill.total(lines),
            MOST_USD[name],
            "USD",
        )
        for name, lines in bills.items()
    )


def _print_apart(console: Console, run: Run, days: tuple[int, int]) -> None:
    """How much of it depends on what was assumed, and what is not ours."""
    warm, cold = (_PER * bill.total(bill.per_job(run, share, *days)) for share in (0.0, 1.0))
    console.print(f"{warm:.3f} USD if no invocation starts a container, {cold:.3f} USD if each does")
    work = sum(each.work_seconds for each in run.capture.invocations) / run.jobs
    starts = sum(run.start_seconds.values()) + run.child_seconds
    console.print(
        f"work of the processor: {1000 * work:.0f} ms for a job, {1000 * starts:.0f} ms to start all functions"
    )
    if run.pages_read:
        console.print(f"Textract's fee, apart: {_PER * run.pages_read / run.jobs * prices.TEXTRACT_PAGE:.2f} USD")


def _table(title: str, lines: Sequence[Line], times: int = 1) -> Table:
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("", footer="Sum")
    table.add_column("Quantity", justify="right")
    table.add_column("Unit")
    table.add_column("USD", justify="right", footer=f"{times * bill.total(lines):.4f}")
    for line in lines:
        table.add_row(line.name, f"{times * line.quantity:,.4g}", line.unit, f"{times * line.usd:.4f}")
    return table


def _scan(number: int) -> bytes:
    return Path(_SCAN).read_bytes() + b"\n%%%d\n" % number


def _filled(document: bytes, kilobytes: int) -> bytes:
    """With a comment after the end, which readers pass over."""
    return document + b"%" + b" " * max(0, 1024 * kilobytes - len(document) - 2) + b"\n"


if __name__ == "__main__":
    sys.exit(main())
