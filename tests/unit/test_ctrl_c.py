"""Ctrl-C at a terminal: every command ends with one line and the status 130, and nothing that it started goes on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import commands_of, end_session, needs_proc, of_session
from tests.unit.cli.labelled import a_picture, a_row, write
from tests.waiting import wait_until
from tools.stage import PROJECT, SAMPLES

SCAN = SAMPLES.parent / "scans" / "english_gbp_scanned.pdf"
# Finds its languages, and then never ends.
_TESSERACT = """#!/bin/sh
[ "$1" = --list-langs ] && printf 'List of available languages (1):\\neng\\n' && exit
exec sleep 600
"""

pytestmark = needs_proc


class Command:
    """A command of this project in a session of its own, as a terminal starts it, in a folder of its own."""

    def __init__(self, folder: Path, *words: str, **environment: str) -> None:
        (folder / "tesseract").write_text(_TESSERACT)
        (folder / "tesseract").chmod(0o700)
        paths = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT), "XDG_STATE_HOME": str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=folder,
            env={**os.environ, **paths, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def reads_a_scan(self) -> bool:
        return "sleep" in commands_of(self.process.pid)

    def said(self, text: str) -> None:
        """Wait until it has."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
        raise AssertionError(f"it never said {text!r}")

    def interrupt(self) -> tuple[str, str]:
        """Output and errors after Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 130, err
        wait_until(lambda: not of_session(self.process.pid), "The end of all that it started")
        return out, err


Start = Callable[..., Command]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts commands, and leaves none behind."""
    started: list[Command] = []

    def run(*words: str, **environment: str) -> Command:
        started.append(Command(tmp_path, *words, **environment))
        return started[-1]

    yield run
    for command in started:
        end_session(command.process.pid)
        command.process.communicate()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def test_process_in_the_middle_of_a_scan(start: Start) -> None:
    command = start("local_stack", "process", str(SCAN), str(SAMPLES / "empty.pdf"))
    wait_until(command.reads_a_scan)
    out, err = command.interrupt()
    assert err in {f"Stopped: {count} of 2 documents were finished.\n" for count in (0, 1)}
    assert "Traceback" not in out


def test_watch_in_the_middle_of_a_scan(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "scan.pdf").write_bytes(SCAN.read_bytes())
    command = start("local_stack", "watch", str(folder))
    wait_until(command.reads_a_scan)
    out, err = command.interrupt()
    assert err == "Stopped: 0 documents were finished, 0 of them well.\n"
    # The path may be long enough to wrap.
    assert " ".join(out.split()) == f"Watching {folder}. Drop invoices into it; Ctrl-C ends."


def test_serve_with_the_engine_at_rest(start: Start) -> None:
    command = start("local_stack", "serve", "--port", "0")
    command.said("/results")
    out, err = command.interrupt()
    assert [line[:8] for line in (out + err).splitlines() if line] == ["Stopped:"]


def test_a_simulator(start: Start) -> None:
    command = start("local_stack.simulators", "abbyy")
    command.said("process samples")
    assert command.interrupt() == ("", "Stopped.\n")


@pytest.mark.parametrize(
    "words",
    [
        ["submit", "{sample}", "--wait"],
        ["submit", "{sample}"],
        ["watch"],
        ["watch", "--json"],
        ["list"],
        ["show", "ID"],
        ["export"],
        ["export", "--output", "invoices.csv"],
        ["retry", "ID"],
    ],
    ids=" ".join,
)
def test_commands_whose_api_does_not_answer(words: list[str], start: Start, silent: socket.socket) -> None:
    port = silent.getsockname()[1]
    target = {"INVOICE_CAPTURE_URL": f"http://127.0.0.1:{port}/v1", "INVOICE_CAPTURE_KEY": "ick_a_b"}
    words = [word.format(sample=SAMPLES / "cii_germany.xml") for word in words]
    command = start("invoice_capture_cli", *words, **target)
    # Held, or its end would be an answer of its own.
    with silent.accept()[0]:
        out, err = command.interrupt()
    assert (out, err.count("\n")) == ("", 1), err
    assert "Stopped." in err


@pytest.mark.parametrize(
    "words",
    [["keys", "list"], ["keys", "create", "--client", "acme"], ["keys", "revoke", "ID"], ["redrive"], ["list"]],
    ids=" ".join,
)
def test_commands_whose_stack_does_not_answer(words: list[str], start: Start, silent: socket.socket) -> None:
    endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
    account = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-central-1"}
    command = start("invoice_capture_cli", *words, "--stack", "prod", AWS_ENDPOINT_URL=endpoint, **account)
    # Held, or its end would be an answer of its own.
    with silent.accept()[0]:
        out, err = command.interrupt()
    assert (out, err.count("\n")) == ("", 1), err
    assert "Stopped." in err


def test_evaluate_in_the_middle_of_a_scan(start: Start, tmp_path: Path) -> None:
    folder = write(tmp_path / "scans", a_row("one.pdf", kind="scan"), one=a_picture())
    command = start("invoice_capture_cli", "evaluate", str(folder))
    wait_until(command.reads_a_scan)
    assert command.interrupt() == ("", "invoice-capture: Stopped: nothing was measured.\n")


# Presses Ctrl-C when a module is imported, which Python does with this one before anything else.
_INTERRUPTING = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            sys.meta_path.remove(self)
            os.killpg(0, signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
"""


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("typer", ["invoice_capture_cli", "list"]),
        ("invoice_capture_cli.running", ["invoice_capture_cli", "list"]),
        ("unittest.mock", ["local_stack", "process", str(SAMPLES)]),
        ("moto", ["local_stack", "watch", str(SAMPLES)]),
        ("invoice_engine", ["local_stack", "serve", "--port", "0"]),
    ],
)
def test_a_command_that_is_still_starting(module: str, words: list[str], start: Start, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_INTERRUPTING)
    command = start(*words, PYTHONPATH=f"{tmp_path}:{PROJECT}", INTERRUPT_AT=module)
    out, err = command.process.communicate(timeout=60)
    assert (command.process.returncode, out, err.count("\n")) == (130, "", 1), err
    assert "Stopped" in err
