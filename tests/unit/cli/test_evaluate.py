"""``evaluate``: figures of documents that are really read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from invoice_capture_cli.evaluation.engine import read_all, read_document
from invoice_capture_cli.evaluation.workers import Worker, WorkerLost, Workers
from tests.unit.cli.conftest import Cli
from tests.unit.cli.labelled import LINES, PRINTED, a_picture, a_row, an_invoice, write
from tests.unit.cli.worker_jobs import crash_at_two, hang, take_all_memory
from tests.unit.engine import documents
from tests.waiting import PATIENCE_SECONDS, child, wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One document is read right, one is labelled with another total and a BIC that it has not, one is locked."""
    rows = (
        a_row("right.pdf") | {"lines": LINES},
        a_row("other.pdf", kind="hybrid", group="rare", total="100.00", swift="OTHRDE22"),
        a_row("locked.pdf", group="rare"),
    )
    locked = documents.encrypted(an_invoice(), "secret")
    return write(tmp_path / "labelled", *rows, right=an_invoice(), other=an_invoice(), locked=locked)


def test_tables(bare: Cli, folder: Path) -> None:
    result = bare("evaluate", folder, "--groups")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["total", "3", "1", "1", "1", "33.3", "%", "50.0", "%"] in [row[:9] for row in rows]
    assert ["digital", "2", "1", "50.0", "%", "100.0", "%"] in [row[:7] for row in rows]
    assert ["digital", "2", "2", "100.0", "%", "100.0", "%", "100.0", "%"] in rows
    assert "Refused: locked.pdf: The PDF is protected by a password." in result.stdout
    assert "recall of 2 groups: least" in result.stdout


def test_json(bare: Cli, folder: Path) -> None:
    result = bare("evaluate", folder, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["folder"] == str(folder)
    wanted = 3 * len(PRINTED) + 1
    assert (document["all"]["wanted"], document["all"]["right"]) == (wanted, 2 * len(PRINTED) - 1)
    assert document["all"]["documents"] == 3
    assert [miss["field"] for miss in document["misses"] if miss["file"] == "other.pdf"] == ["total", "swift"]
    assert document["refused"][0]["code"] == "encrypted_document"


def test_kinds_choose(bare: Cli, folder: Path) -> None:
    document = json.loads(bare("evaluate", folder, "--kinds", " hybrid, ", "--json").stdout)
    assert [part["kind"] for part in document["kinds"]] == ["hybrid"]


def test_one_process_reads_the_same_as_several(bare: Cli, folder: Path) -> None:
    one, three = (json.loads(bare("evaluate", folder, "--json", "--processes", count).stdout) for count in (1, 3))
    assert one["misses"] == three["misses"]
    assert one["all"]["calibration_error"] == three["all"]["calibration_error"]


def test_without_tesseract_scans_are_refused_once(bare: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [a_row(f"{name}.pdf", kind="scan") for name in ("one", "two")]
    folder = write(tmp_path / "scans", *rows, one=a_picture(), two=a_picture())
    monkeypatch.setenv("PATH", str(tmp_path))
    result = bare("evaluate", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("Tesseract, which is not installed") == 1
    assert "Refused: one.pdf, two.pdf: " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "There is no folder nowhere"),
        (["."], ". has no ground_truth.jsonl"),
        (["FOLDER", "--kinds", "photo"], "has no documents of kind photo; it has digital, hybrid."),
        (["FOLDER", "--page", "."], ". is a folder: name a file in it."),
        (["FOLDER", "--page", "no/page.html"], "no/page.html cannot be written: there is no folder no."),
        (["FOLDER", "--processes", "0"], "--processes"),
        (["FOLDER", "--url", "http://localhost"], "No such option"),
    ],
)
def test_wrong_usage(arguments: list[str], sentence: str, bare: Cli, folder: Path) -> None:
    result = bare("evaluate", *[str(folder) if word == "FOLDER" else word for word in arguments])
    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("module", "arguments", "sentence"),
    [
        ("lxml", [], "Evaluating needs the embedded engine, and lxml.etree is not installed: pip install"),
        ("jinja2", ["--page", "page.html"], "The page needs jinja2 and pillow, and jinja2 is not installed"),
    ],
)
def test_what_is_not_installed_is_told(module: str, arguments: list[str], sentence: str, folder: Path) -> None:
    program = f"import sys; sys.modules[{module!r}] = None; from invoice_capture_cli.main import app; app()"
    command = [sys.executable, "-c", program, "evaluate", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("whole_terminal", [True, False])
def test_ctrl_c_ends_it(tmp_path: Path, whole_terminal: bool) -> None:
    """A terminal sends it to all processes; whoever uses kill, to one."""
    folder = tmp_path / "many"
    names = [f"{number}.pdf" for number in range(2000)]
    write(folder, *[a_row(name) for name in names])
    for name in names:
        (folder / name).write_bytes(an_invoice())
    command = [sys.executable, "-m", "invoice_capture_cli", "evaluate", str(folder)]
    with child(command) as process:
        workers = wait_until(lambda: _workers_of(process.pid), "The start of a worker")
        (os.killpg if whole_terminal else os.kill)(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert errors.strip() == "invoice-capture: Stopped: nothing was measured."
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def _workers_of(process: int) -> list[int]:
    children = [
        int(child)
        for thread in Path(f"/proc/{process}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_a_crash_costs_one_document() -> None:
    with Workers[int](2) as workers:
        got = workers.results(crash_at_two, [(number,) for number in range(6)], lambda job, why: -job[0])
        assert sorted(got) == [-2, 0, 1, 3, 4, 5]


def test_a_worker_is_new_after_it_was_lost() -> None:
    worker = Worker()
    try:
        with pytest.raises(WorkerLost, match="crashed"):
            worker.call(crash_at_two, 2)
        assert worker.call(crash_at_two, 1) == 1
    finally:
        worker.close()


def test_a_worker_that_hangs_is_ended() -> None:
    worker = Worker(max_wait=1.0)
    try:
        with pytest.raises(WorkerLost, match="took longer than 1 seconds"):
            worker.call(hang)
    finally:
        worker.close()


def test_a_worker_cannottake_all_memory() -> None:
    worker = Worker()
    try:
        assert worker.call(take_all_memory) == "refused"
    finally:
        worker.close()


def test_a_document_that_vanishes_is_a_failure_of_this_document(folder: Path) -> None:
    [reading] = read_all(folder, [("gone.pdf", None)], 1)
    assert reading.refusal is not None
    assert reading.refusal.message.startswith("Reading failed with FileNotFoundError in ")


def test_a_prediction_row_has_confidences_and_pages(folder: Path) -> None:
    row = read_document(folder, "right.pdf").to_row()
    assert row["fields"]["total"] == "1297.10"
    assert set(row["confidence"]) == set(row["fields"])
    assert all(0 < share <= 1 for share in row["confidence"].values())
    assert (row["pages"], row["file"], row["read_as"]) == (1, "right.pdf", "text")
    assert row["lines"][0]["amount"] == "100.00"
    assert read_document(folder, "locked.pdf").to_row()["error"] == "encrypted_document"
