"""What `make demo` runs: it says of each sample whether it ended as it must, and believes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import run_to_end
from tools import readme
from tools.stage import PROJECT

SAMPLES = PROJECT / "samples"
DOCUMENTS = [
    f"{folder}/{name}"
    for folder, file in (("documents", "expected.json"), ("scans", "expected_scans.json"))
    for name in json.loads((SAMPLES / file).read_text(encoding="utf-8"))
]


def demo(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "samples.demo"]
    return run_to_end(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(PROJECT), **environment})


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder whose samples may be broken."""
    for name in ("documents", "scans", "expected.json", "expected_scans.json"):
        source, target = SAMPLES / name, tmp_path / "samples" / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    return tmp_path


def test_without_tesseract_the_scan_is_expected_to_stay_unread(tmp_path: Path) -> None:
    done = demo(PROJECT, PATH=str(tmp_path), COLUMNS=readme.COLUMNS)
    assert done.returncode == 0, done.stdout + done.stderr
    # The README shows what is printed: `python -m tools.readme` writes it there.
    assert readme.without_times(readme.shown(done.stdout)) == readme.without_times(readme.block())
    assert len(DOCUMENTS) == 14
    assert done.stdout.splitlines()[-1] == "14 of 14 documents as expected."
    [line] = [line for line in done.stdout.splitlines() if "as expected without" in line]
    assert "tesseract-ocr" in line


def test_every_sample_that_is_broken_is_noticed(copied: Path, tmp_path: Path) -> None:
    for number, name in enumerate(DOCUMENTS):
        (copied / "samples" / name).write_text(f"junk {number}", encoding="utf-8")
    done = demo(copied, PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "0 of 14 documents as expected."
    assert [name for name in DOCUMENTS if f"samples/{name}: " not in done.stdout] == []


def test_a_single_wrong_value_and_a_missing_file_are_noticed(copied: Path, tmp_path: Path) -> None:
    invoice = copied / "samples/documents/cii_germany.xml"
    text = invoice.read_text(encoding="utf-8")
    assert "NL-2026-00" in text
    invoice.write_text(text.replace("NL-2026-00", "NL-2027-00"), encoding="utf-8")
    (copied / "samples/documents/us_usd_amount_due_first.pdf").unlink()
    done = demo(copied, PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "12 of 14 documents as expected."
    assert "cii_germany.xml: invoice_number is NL-2027-00" in done.stdout
    assert "us_usd_amount_due_first.pdf: it is missing." in done.stdout


def test_trouble_of_the_stack_is_told_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    for file in ("expected.json", "expected_scans.json"):
        shutil.copy(SAMPLES / file, tmp_path / "samples" / file)
    done = demo(tmp_path)
    assert (done.returncode, "does not exist" in done.stderr) == (2, True)
