"""The commands from end to end, with the project's own template and handlers."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import pytest

from local_stack import __main__ as command_line
from local_stack.watch import SettledFiles
from tests.waiting import PATIENCE_SECONDS, child, terminal

SAMPLES = Path("samples/documents")
KEYS = {
    "file",
    "job_id",
    "status",
    "provider",
    "simulated",
    "seconds",
    "invoice",
    "error",
    "findings",
    "notifications",
    "submissions",
    "possible_double_charge",
}


def test_process_prints_one_object_a_file_and_writes_what_it_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.xml"
    copy.write_bytes((SAMPLES / "cii_germany.xml").read_bytes())
    files = [str(SAMPLES / "cii_germany.xml"), str(SAMPLES / "empty.pdf"), str(copy)]
    report, log = tmp_path / "out" / "report.json", tmp_path / "log"
    status = command_line.main(["process", *files, "--json", "--report", str(report), "--log-file", str(log)])
    shown = capsys.readouterr()
    rows = [json.loads(line) for line in shown.out.splitlines()]
    assert status == 1, "one document was refused"
    assert shown.err == ""
    assert [row["file"] for row in rows] == files
    assert all(set(row) == KEYS for row in rows)
    by_status = {row["status"]: row for row in rows}
    assert set(by_status) == {"CAPTURED", "REJECTED", "DUPLICATE"}
    captured, refused, duplicate = (by_status[name] for name in ("CAPTURED", "REJECTED", "DUPLICATE"))
    assert captured["invoice"]["invoice_number"]["value"] == "NL-2026-0041"
    assert (captured["error"], captured["simulated"]) == (None, False)
    assert captured["submissions"] == 1
    assert (refused["invoice"], refused["error"]["code"], refused["submissions"]) == (None, "EmptyDocument", 0)
    assert (duplicate["invoice"], duplicate["submissions"]) == (None, 0)
    assert [row["notifications"] for row in rows] == [1, 1, 1]
    assert all(row["seconds"] > 0 for row in rows)
    costs = json.loads(report.read_text())
    job = next(job for job in costs["jobs"] if job["job_id"] == captured["job_id"])
    assert (job["state_transitions"], job["history_events"]) == (2, 13)
    assert job["aws_calls"]["sns:Publish"] == 1
    assert job["write_units_invoice"] > 0
    assert costs["totals"]["state_transitions"] == sum(job["state_transitions"] for job in costs["jobs"])
    assert set(costs["per_job"]) == set(costs["per_job_with_shared"])
    assert "Upload received." in log.read_text()


def test_a_provider_of_a_day_is_waited_for_in_seconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["process", str(SAMPLES / "cii_germany.xml"), "--json", "--log-file", str(tmp_path / "log")]
    arguments += ["--provider", "scripted", "--setting", "latency_seconds=86400", "--time-scale", "100000"]
    assert command_line.main(arguments) == 0
    [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["status"], row["provider"], row["simulated"]) == ("CAPTURED", "scripted", True)
    assert row["submissions"] == 1
    assert row["seconds"] < 86_400 / 100


def test_ctrl_c_ends_promptly_and_says_what_was_finished(tmp_path: Path) -> None:
    files = [str(SAMPLES / "empty.pdf"), str(SAMPLES / "cii_germany.xml")]
    never = ["--provider", "scripted", "--setting", "latency_seconds=1e6"]
    command = [
        sys.executable,
        "-m",
        "local_stack",
        "process",
        *files,
        *never,
        "--json",
        "--log-file",
        str(tmp_path / "log"),
    ]
    with terminal() as shown, child(command, stderr=shown.side) as process:
        # The other one never ends, so whoever waits for it waits for ever.
        shown.read_until("1 refused")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
        last = shown.read_all().splitlines()[-1]
    assert process.returncode == 130
    assert last.endswith("Stopped: 1 of 2 documents were finished.")
    [row] = [json.loads(line) for line in out.splitlines()]
    assert (row["status"], row["simulated"]) == ("REJECTED", False)


def test_a_file_is_named_once_when_it_is_complete_and_again_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    (tmp_path / "there.pdf").write_bytes(b"x")
    (tmp_path / ".hidden").write_bytes(b"x")
    files = SettledFiles(tmp_path)

    def after(seconds: float) -> list[str]:
        now[0] += seconds
        return [file.name for file in files.take()]

    assert after(0) == []
    assert after(0.5) == []
    growing = tmp_path / "growing.pdf"
    growing.write_bytes(b"1")
    files.touch(growing)
    assert after(0.6) == ["there.pdf"]
    growing.write_bytes(b"12")
    assert after(0.9) == [], "it grew since"
    assert after(1.1) == ["growing.pdf"]
    files.touch(growing)
    assert after(5) == [] == after(5), "an event without a change is no new document"
    growing.write_bytes(b"123")
    files.touch(growing)
    assert after(0.1) == []
    assert after(1.1) == ["growing.pdf"]
    growing.unlink()
    files.touch(growing)
    assert after(5) == [] == after(5)
