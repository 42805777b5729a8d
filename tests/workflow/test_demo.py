"""What `make demo` runs; with Tesseract it is in tests/live."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def test_the_demo_says_that_it_left_the_scan_out_where_tesseract_is_missing(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "samples.demo"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    statuses = [sample["status"] for sample in json.loads(Path("samples/expected.json").read_text()).values()]
    assert f"{statuses.count('CAPTURED')} captured" in done.stdout
    assert f"{statuses.count('REJECTED')} refused" in done.stdout
    assert f"{len(statuses)} documents in" in done.stdout
    [line] = [line for line in done.stdout.splitlines() if "left out" in line]
    assert "tesseract-ocr" in line


def test_real_trouble_is_no_success(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "samples.demo"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "does not exist" in done.stderr) == (2, True)
