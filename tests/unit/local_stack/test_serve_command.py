"""``serve`` as a command: what it prints, how it stops, and what it says of wrong usage."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from local_stack import __main__ as command_line
from tests.exits import exit_status
from tests.waiting import PATIENCE_SECONDS, run_to_end, wait_until

PROJECT = Path(__file__).resolve().parents[3]
SAMPLE = PROJECT / "samples" / "documents" / "cii_germany.xml"


class Command:
    """``python -m local_stack serve`` in a folder of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._stacks = folder / "state" / "invoice-capture" / "local_stacks"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local_stack", "serve", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "XDG_STATE_HOME": str(folder / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def announcement(self) -> Path:
        [file] = self._stacks.glob("*.json")
        return file

    def welcome(self, last: str = "after a restart") -> str:
        """What it prints when it is ready."""
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if last in line:
                return "".join(lines)
        raise AssertionError(f"it ended: {self._process.communicate()[1]}")

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """The exit status, and what is left of output and errors."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            out, err = self._process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            self._process.kill()
        return self._process.returncode, out, err


def test_it_runs_until_it_is_stopped_and_tells_how_to_reach_it(tmp_path: Path) -> None:
    command = Command(tmp_path, "--port", "0", "--verbose", "--trust", "http://localhost:8000")
    try:
        welcome = command.welcome()
        state = json.loads(command.announcement.read_text())
        assert stat.S_IMODE(command.announcement.stat().st_mode) == 0o600
        assert (state["status"], state["folder"]) == ("ready", str(tmp_path))
        about = state["about"]
        assert set(about) == {"url", "key", "aws_endpoint", "stack", "region", "simulated"}
        assert (about["stack"], about["region"]) == ("local", "us-east-1")
        assert f"The stack runs at {about['url']} until" in welcome
        assert f"export KEY={about['key']}" in welcome
        assert welcome.count("curl -s") == 3
        assert "keys, jobs, documents and invoices are lost when it\nstops." in welcome
        assert "serve --keep FOLDER" in welcome
        assert requests.get(f"{about['url']}/nowhere", timeout=10).status_code == 401
        assert requests.get(about["aws_endpoint"], timeout=10).ok
    finally:
        status, out, err = command.stop()
    assert (status, out.strip()) == (130, "Stopped: what was captured here is gone.")
    assert re.fullmatch(r"GET /nowhere 401 [0-9]+ ms\n", err)
    assert not list((tmp_path / "state").rglob("*.json"))


def test_the_examples_run_as_they_are_printed(tmp_path: Path) -> None:
    command = Command(tmp_path, "--port", "0")
    try:
        welcome = command.welcome()
        script = "\n".join(
            line.strip() for line in welcome.splitlines() if line.startswith("  ") and " submit " not in line
        )
        [submit] = [line.strip() for line in welcome.splitlines() if " submit FILE --wait" in line]
        submitted = run_to_end(
            ["sh", "-c", submit.replace("FILE", str(SAMPLE))],
            cwd="/",
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
        )
        assert submitted.returncode == 0, submitted.stderr
        begin, results = script.rsplit("\n", 1)
        status = re.sub(r"/results .*", ' -H "api-key: $KEY"', results)
        wait = f"""
            for attempt in $(seq 500); do {status} | grep -q '"completed"' && break; sleep 0.2; done
        """
        done = run_to_end(
            ["bash", "-ec", f"{begin}\n{wait}\n{results}"],
        )
    finally:
        ended = command.stop(signal.SIGTERM)
    assert ended[0] == 0
    assert (done.returncode, done.stderr) == (0, "")
    decoder, answers, text = json.JSONDecoder(), [], done.stdout.strip()
    while text:
        answer, end = decoder.raw_decode(text)
        answers.append(answer)
        text = text[end:].strip()
    listed, read = answers
    assert [answer["success"] for answer in answers] == [True, True]
    assert listed["data"][0]["documentName"] == "english_gbp_classic.pdf"
    assert read["data"]["extractedData"]["invoice"]["amounts"]["currency"] == "GBP"


def test_a_port_that_is_taken_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ["serve", "--port", str(port), "--log-file", str(tmp_path / "log")]
        assert exit_status(command_line.main, *arguments) == 2
    assert capsys.readouterr().err == (
        f"local_stack: Port {port} cannot be used: address already in use. "
        "Stop what listens there, or choose another one with --port.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "high"], "'high' is no port"),
        (["--port", "65536"], "'65536' is no port"),
        (["--trust", "localhost:8000"], "'localhost:8000' is no origin"),
        (["--trust", "http://localhost:8000/invoices"], "is no origin"),
        (["--trust", "http://me@localhost"], "is no origin"),
        (["--trust", "ftp://localhost"], "is no origin"),
        (["--trust", "http://localhost:x"], "is no origin"),
        (["--trust", "http://[::1"], "is no origin"),
        (["--provider", "nobody"], "There is no provider 'nobody'"),
        (["--port", "0", "--parameter", "Nothing=1"], "template.yaml has no parameter Nothing."),
        (["--parameter", "Nothing"], "'Nothing' is not of the form KEY=VALUE"),
        (["--json"], "unrecognized arguments: --json"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert exit_status(command_line.main, "serve", "--log-file", str(tmp_path / "log"), *arguments) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(command_line.main, "serve", "--help") == 0
    shown = capsys.readouterr().out
    for option in (
        "--port",
        "--keep",
        "--trust",
        "--parameter",
        "--verbose",
        "--provider",
        "--time-scale",
        "--log-file",
    ):
        assert option in shown


def _invoice_capture(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a folder that knows nothing of the stack."""
    return run_to_end(
        [sys.executable, "-m", "invoice_capture_cli", *words],
        cwd="/",
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), "COLUMNS": "160"},
    )


def _wait_for(path: Path, pattern: str) -> None:
    wait_until(lambda: list(path.glob(pattern)), pattern)


def test_the_command_line_waits_for_a_stack_that_is_starting(tmp_path: Path) -> None:
    command = Command(tmp_path, "--port", "0")
    try:
        _wait_for(tmp_path, "state/invoice-capture/local_stacks/*.json")
        done = _invoice_capture(tmp_path, "list")
    finally:
        command.stop()
    assert (done.returncode, done.stderr.splitlines()[1:]) == (0, ["There is no job yet."])
    assert re.fullmatch(
        r"The local stack is starting \(process [0-9]+\); waiting for it\.", done.stderr.splitlines()[0]
    )


def test_what_was_kept_survives_a_kill_and_the_key_opens_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    command = Command(tmp_path, "--port", "0", "--keep", "kept")
    try:
        assert f"Keys, jobs, documents and invoices are kept in {kept}\n" in command.welcome()
        key = json.loads(command.announcement.read_text())["about"]["key"]
        submitted = _invoice_capture(tmp_path, "submit", str(SAMPLE), "--wait", "--json")
        job_id = json.loads(submitted.stdout)["job"]["_id"]
        _wait_for(kept, f"{job_id}/invoice.json")
    finally:
        command.stop(signal.SIGKILL)
    gone = _invoice_capture(tmp_path, "show", job_id)
    assert (gone.returncode, gone.stderr.splitlines()[0]) == (
        2,
        "invoice-capture: No local stack runs. Start one in another terminal:",
    )
    command = Command(tmp_path, "--port", "0", "--keep", "kept")
    try:
        assert f"export KEY={key}\n" in command.welcome("Here again: 1 job.")
        shown, exported, listed = (
            _invoice_capture(tmp_path, *words)
            for words in (["show", job_id], ["export", job_id, "--format", "csv"], ["list", "--json"])
        )
    finally:
        ended = command.stop(signal.SIGTERM)
    assert "NL-2026-0041" in shown.stdout
    assert "NL-2026-0041" in exported.stdout
    assert [job["_id"] for job in json.loads(listed.stdout)["jobs"]] == [job_id]
    assert ended[0] == 0
    assert ended[1].splitlines()[-1] == f"Stopped: 1 job kept in {kept}."


def test_a_folder_that_is_not_ours_is_one_sentence_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    arguments = ["serve", "--port", "0", "--log-file", str(tmp_path.parent / "log"), "--keep", str(tmp_path)]
    assert exit_status(command_line.main, *arguments) == 2
    assert capsys.readouterr().err == (
        f"local_stack: {tmp_path} was not made by --keep, and has other files in it (mine.txt). "
        "Name an empty folder, or one that does not exist yet.\n"
    )
