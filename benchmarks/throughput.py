"""How long the local stack takes for many small e-invoices, and how much memory.

    python -m benchmarks.throughput [--count 1000]

The invoices are made here, so nothing is needed. One is captured beforehand, which loads everything. What is held to a
bound is the work of the processor for each of the others, which a busy machine does not change, and the memory of this
process at its peak; the seconds of a clock, from the first drop to the last execution's end, stand beside it. Ends with
status 1 when a bound is missed or a document is not captured.
"""

import argparse
import os
import platform
import resource
import sys
import time
from collections import Counter

from benchmarks.bounds import Figure, conclude
from benchmarks.small_invoices import ubl_invoice
from local_stack.session import longest_wait
from local_stack.stack import LocalStack

MOST_WORK = 240.0
"""Milliseconds of the processor for each invoice."""
MOST_MEMORY = 600.0
"""MB."""


def main() -> int:
    """1 when a bound is missed or a document was not captured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many invoices (default: %(default)s)")
    count = parser.parse_args().count
    with LocalStack() as stack:
        stack.wait_for(stack.upload("incoming/first.xml", ubl_invoice(count)))
        began, work_before = time.monotonic(), _work_seconds()
        uploads = [stack.upload(f"incoming/{number}.xml", ubl_invoice(number)) for number in range(count)]
        finished = list(stack.finished(uploads, longest_wait(stack)))
        seconds, work = time.monotonic() - began, _work_seconds() - work_before
        statuses = Counter(stack.job(stack.job_id_of(upload) or "").get("status", "LOST") for upload in uploads)
    megabytes = _peak_megabytes()
    print(f"machine     {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"recipe      python -m benchmarks.throughput --count {count}")
    print(f"documents   {count} small UBL invoices, {len(finished)} finished: {dict(statuses)}")
    print(f"time        {seconds:.1f} s, {count / seconds:.1f} a second")
    return conclude(
        [
            Figure("documents that are not captured", count - statuses["CAPTURED"], 0),
            Figure("work of the processor for an e-invoice in the local stack", 1000 * work / count, MOST_WORK, "ms"),
            Figure("memory of the local stack", megabytes, MOST_MEMORY, "MB"),
        ]
    )


def _work_seconds() -> float:
    """Of this process; a child is counted when it has ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_megabytes() -> float:
    # Linux counts in KB, macOS in bytes.
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    sys.exit(main())
