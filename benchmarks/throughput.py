"""How long the local stack takes for many small e-invoices, and how much memory.

    python -m benchmarks.throughput [--count 1000]

Limits: 1,000 invoices on two cores within 240 s and 600 MB. The invoices are made here, so nothing is needed; the time
is from the first drop to the last execution's end, the memory the process's peak.
"""

import argparse
import os
import platform
import resource
import sys
import time
from collections import Counter

from benchmarks.small_invoices import ubl_invoice
from local_stack.session import patience
from local_stack.stack import LocalStack

_LIMIT_SECONDS = 240.0
_LIMIT_MEGABYTES = 600.0


def main() -> int:
    """1 when a limit is missed or a document was not captured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many invoices (default: %(default)s)")
    count = parser.parse_args().count
    with LocalStack() as stack:
        began = time.monotonic()
        uploads = [stack.upload(f"incoming/{number}.xml", ubl_invoice(number)) for number in range(count)]
        finished = list(stack.finished(uploads, patience(stack)))
        seconds = time.monotonic() - began
        statuses = Counter(stack.job(stack.job_id_of(upload) or "").get("status", "LOST") for upload in uploads)
    megabytes = _peak_megabytes()
    print(f"machine     {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"recipe      python -m benchmarks.throughput --count {count}")
    print(f"documents   {count} small UBL invoices, {len(finished)} finished: {dict(statuses)}")
    print(f"time        {seconds:.1f} s, {count / seconds:.1f} a second (limit for 1,000: {_LIMIT_SECONDS:.0f} s)")
    print(f"memory      {megabytes:.0f} MB at its peak (limit: {_LIMIT_MEGABYTES:.0f} MB)")
    held = statuses["CAPTURED"] == count and megabytes <= _LIMIT_MEGABYTES and seconds <= _LIMIT_SECONDS * count / 1000
    # Few documents do not make up for the first one, which loads everything.
    return 0 if held or count < 100 else 1


def _peak_megabytes() -> float:
    # Linux counts in KB, macOS in bytes.
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    sys.exit(main())
