"""`make demo`: every sample through the whole pipeline on this machine, and each compared with what it must give."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from samples.judging import differences

SAMPLES = Path("samples")
_EXPECTED = {"documents": "expected.json", "scans": "expected_scans.json"}
# The local stack's exit statuses after which there is something to compare: all captured, some not.
_FINISHED = (0, 1)


def main() -> int:
    """Return 0 when every document ended as expected, 1 when one did not, else the exit status of the local stack."""
    has_ocr = shutil.which("tesseract") is not None
    expected = {
        str(SAMPLES / folder / name): entry
        for folder, file in _EXPECTED.items()
        for name, entry in json.loads((SAMPLES / file).read_text(encoding="utf-8")).items()
    }
    with tempfile.TemporaryDirectory() as work:
        results = Path(work) / "results.jsonl"
        folders = [str(SAMPLES / folder) for folder in _EXPECTED]
        command = [sys.executable, "-m", "local_stack", "process", *folders, "--json-file", str(results)]
        status = _ended(command)
        if status not in _FINISHED:
            return status
        rows = [json.loads(row) for row in results.read_text(encoding="utf-8").splitlines()]
    outcomes = {row["file"]: row for row in rows}
    wrong = {
        file: found
        for file, entry in expected.items()
        if (found := _differences(file, outcomes, entry, has_ocr=has_ocr))
    }
    _tell(wrong, len(expected), has_ocr=has_ocr)
    return 1 if wrong else 0


def _ended(command: list[str]) -> int:
    """The exit status of a command. Ctrl-C, which reaches it as well, is its to tell."""
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def _differences(file: str, outcomes: dict[str, Any], entry: dict[str, Any], *, has_ocr: bool) -> list[str]:
    if file not in outcomes:
        return ["it is missing"]
    found = differences(outcomes[file], entry if has_ocr else entry.get("without_ocr", entry))
    if hashlib.sha256(Path(file).read_bytes()).hexdigest() != entry["sha256"]:
        found.append("it is not the file that belongs here: git checkout brings it back")
    return found


def _tell(wrong: dict[str, list[str]], count: int, *, has_ocr: bool) -> None:
    for file, found in wrong.items():
        print(f"{file}: {'; '.join(found)}.")
    print("Two samples are refused on purpose: samples/README.md says why.")
    if not has_ocr:
        print("The scan was not read, as expected without Tesseract (Debian: apt-get install tesseract-ocr).")
    print(f"{count - len(wrong)} of {count} documents as expected.")


if __name__ == "__main__":
    sys.exit(main())
