"""Many scans at once: a slow OCR makes them late, and loses none."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.session import longest_wait
from tests.unit.engine.test_ocr_pages import scanned_pdf
from tests.waiting import run_to_end
from tests.workflow.conftest import Stacks

# Finds its languages. A page waits for a processor that has other things to do, and has no words that make sense.
_TESSERACT = """#!/bin/sh
[ "$1" = --list-langs ] && printf 'List of available languages (1):\\neng\\n' && exit
sleep 1
printf 'level\\tpage_num\\n1\\t1\\t0\\t0\\t0\\t0\\t0\\t0\\t600\\t800\\t-1\\t\\n'
for number in 1 2 3 4 5 6 7 8 9; do
    printf "5\\t1\\t1\\t1\\t$number\\t1\\t50\\t${number}0\\t60\\t8\\t96\\tword$number\\n"
done
"""


@pytest.fixture
def alone(stacks: Stacks) -> Iterator[Stacks]:
    """No stack but the test's own. Containers keep the Tesseract that they have found, and a stack that ends takes back
    what was set in the environment since it began."""
    stacks.close()
    yield stacks
    stacks.close()


def test_forty_scans_at_a_textract_of_one_page_a_second_are_captured() -> None:
    """What is measured of 500, in short; how many are refused depends on how busy the machine is."""
    done = run_to_end([sys.executable, "-m", "benchmarks.scans", "--jobs", "40", "--pages", "2"])
    assert "{'CAPTURED': 40}" in done.stdout, done.stdout + done.stderr
    assert " 0 of them twice" in done.stdout


def test_more_scans_than_cores_wait_for_one_another(
    monkeypatch: pytest.MonkeyPatch, alone: Stacks, tmp_path: Path
) -> None:
    program = tmp_path / "tesseract"
    program.write_text(_TESSERACT)
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    stack = alone.get()
    scans = [scanned_pdf(*[1.0] * 2) + b"\n%% %d" % number for number in range(8)]
    uploads = [stack.upload(f"incoming/{number}.pdf", content) for number, content in enumerate(scans)]
    list(stack.finished(uploads, longest_wait(stack)))
    jobs = [stack.job(stack.job_id_of(upload) or "") for upload in uploads]
    assert Counter(job.get("status") for job in jobs) == {"CAPTURED": 8}, [job.get("error_message") for job in jobs]
