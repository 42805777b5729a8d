"""Whether documents that are broken or made to do harm end in time, within their memory, and in a clear error.

    python -m benchmarks.hostile [--documents 1000] [--seed 20261121]

Recipe: bombs (entities, nesting, decompression, huge pages and pictures) and our samples, truncated, with flipped bits,
with repeated, missing, foreign and renumbered parts (tools/hostile_documents.py), read by the engine in its child
process with a limit of 5 seconds and 500 MB. Ends with status 1 when a document took ten seconds of the processor,
or ended in something else than an extraction or an EngineError.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from benchmarks.bounds import Figure, conclude
from invoice_engine import EngineError, Limits
from invoice_engine.isolated import MEMORY_BYTES, Isolated
from tools.hostile_documents import hostile_documents

LONGEST = 10.0
"""Seconds of the processor. The engine allows itself five of a clock, and is ended after another five."""
MOST_MEMORY = MEMORY_BYTES / 1024**2
"""MB."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Read documents that are broken or made to do harm.")
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261121)
    options = parser.parse_args()
    reader, ends, slowest, wrong = Isolated(), Counter[str](), (0.0, ""), []
    for name, content in hostile_documents(options.documents, options.seed):
        before = _work_seconds(reader)
        try:
            reader.extract(content, replace(Limits(), max_seconds=5.0, seconds_per_scan=0.0))
            ends["read"] += 1
        except EngineError as exc:
            ends["crashed the child" if "crashed" in str(exc) else exc.code] += 1
        except Exception as exc:
            wrong.append(f"{name}: {type(exc).__name__}")
        slowest = max(slowest, (_work_seconds(reader) - before, name))
    reader.close()
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(", ".join(f"{count} {end}" for end, count in ends.most_common()))
    print(f"slowest: {slowest[1]}")
    print(f"ended otherwise: {', '.join(wrong) or 'none'}")
    return conclude(
        [
            Figure("hostile documents that end in neither an answer nor an error of ours", len(wrong), 0),
            Figure("work of the processor for the slowest hostile document", slowest[0], LONGEST, "s"),
            Figure("largest process that reads hostile documents", largest, MOST_MEMORY, "MB"),
        ]
    )


def _work_seconds(reader: Isolated) -> float:
    """Of all children so far: those that have ended, and the one that reads."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    work = ended.ru_utime + ended.ru_stime
    with suppress(AttributeError, FileNotFoundError):  # there is no child, or it has just ended
        # The name before them may hold anything but a parenthesis at its end.
        fields = Path(f"/proc/{reader._child.pid}/stat").read_text().rpartition(")")[2].split()  # type: ignore[union-attr]
        work += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return work


if __name__ == "__main__":
    sys.exit(main())
