"""The first two minutes of a newcomer: `make demo` in a bare clone, and what it notices.

    python -m benchmarks.first_contact [--python python3.13]

Clones what is committed here into a folder of its own and runs `make demo` there, twice: the first run fills pip's
cache, the second is timed from nothing. Then every sample is replaced by junk, and the demo is asked again. The time is
that of a clock, as people feel it, on a machine that does nothing else. Ends with status 1 when a figure is missed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bounds import Figure, conclude

MOST_SECONDS = 35.0
MOST_MEGABYTES = 300.0
SAMPLES = 14
_PROJECT = Path(__file__).resolve().parent.parent
_MEGABYTE = 1_000_000


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="the interpreter to make the environment with (default: what make chooses)")
    options = parser.parse_args()
    make = ["make", "demo", *([f"PYTHON={options.python}"] if options.python else [])]
    with tempfile.TemporaryDirectory() as work:
        clone = Path(work) / "clone"
        for _ in range(2):
            shutil.rmtree(clone, ignore_errors=True)
            subprocess.run(["git", "clone", "--quiet", str(_PROJECT), str(clone)], check=True)
            began = time.monotonic()
            said = _said(make, clone)
            seconds = time.monotonic() - began
        installed = sum(file.lstat().st_size for file in (clone / ".venv").rglob("*") if file.is_file()) / _MEGABYTE
        right = _as_expected(said)
        for number, sample in enumerate(_samples(clone)):
            sample.write_text(f"junk {number}", encoding="utf-8")
        noticed = SAMPLES - _as_expected(_said(make, clone))
    return conclude(
        [
            Figure("`make demo` in a bare clone, packages cached", seconds, MOST_SECONDS, "s"),
            Figure("`make demo`: installed", installed, MOST_MEGABYTES, "MB"),
            Figure("samples that end as expected", right, SAMPLES, at_least=True),
            Figure("broken samples that the demo notices", noticed, SAMPLES, at_least=True),
        ]
    )


def _samples(clone: Path) -> list[Path]:
    return sorted(file for folder in ("documents", "scans") for file in (clone / "samples" / folder).iterdir())


def _said(make: list[str], clone: Path) -> str:
    return subprocess.run(make, cwd=clone, capture_output=True, text=True, check=False).stdout


def _as_expected(said: str) -> int:
    """How many samples ended as expected; an output that doesn't say so is an error."""
    found = re.search(rf"^(\d+) of {SAMPLES} documents as expected\.$", said, re.MULTILINE)
    if found is None:
        sys.exit(f"The demo did not say how many samples ended as expected:\n{said}")
    return int(found[1])


if __name__ == "__main__":
    sys.exit(main())
