"""What `make demo` runs; with Tesseract it is in tests/live."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.waiting import run_to_end


def test_the_demo_says_that_it_left_the_scan_out_where_tesseract_is_missing(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = run_to_end(
        [sys.executable, "-m", "samples.demo"],
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    statuses = [sample["status"] for sample in json.loads(Path("samples/expected.json").read_text()).values()]
    assert f"{statuses.count('CAPTURED')} captured" in done.stdout
    assert f"{statuses.count('REJECTED')} refused" in done.stdout
    assert f"{len(statuses)} documents in" in done.stdout
    [line] = [line for line in done.stdout.splitlines() if "left out" in line]
    assert "tesseract-ocr" in line


def test_real_trouble_is_no_success(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = run_to_end([sys.executable, "-m", "samples.demo"], cwd=tmp_path, env=environment)
    assert (done.returncode, "does not exist" in done.stderr) == (2, True)
