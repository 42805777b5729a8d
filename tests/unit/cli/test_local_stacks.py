"""Finding the local stacks of this machine: from any folder, while they start, and not when they were killed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from invoice_capture_cli import local_stacks
from invoice_capture_cli.errors import Unreachable, UsageError
from invoice_capture_cli.local_stacks import all_running, find, folder_of_stacks, how_to_start, wait_until_ready
from local_stack.errors import UserError
from local_stack.state_file import Announcement, announced
from tests.unit.cli.conftest import Cli
from tools.stage import PROJECT

STATE = {
    "url": "http://localhost:3030",
    "key": "ick_local",
    "aws_endpoint": "http://127.0.0.1:4566",
    "stack": "local",
    "region": "us-east-1",
}
HOLDS = """
import sys, time
from local_stack.errors import UserError
from local_stack.state_file import announced
with announced() as announcement:
    print("announced", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    """An environment, of which the files of stacks are below ``tmp_path``; that of this process is the same."""
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def started_in(exits: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> Announcement:
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    announcement = exits.enter_context(announced())
    announcement.ready(STATE | {"url": f"http://localhost:{port}"})
    return announcement


def found(here: dict[str, str], folder: Path) -> str:
    stack = find(here, folder)
    assert stack is not None
    return stack.about["url"].rpartition(":")[2]


def test_a_stack_is_found_from_any_folder_until_it_ends(here: dict[str, str], tmp_path: Path) -> None:
    with announced() as announcement:
        announcement.ready(STATE)
        assert announcement.path.stat().st_mode & 0o777 == 0o600
        assert announcement.path.parent.stat().st_mode & 0o777 == 0o700
        for folder in (Path("/"), Path.cwd(), tmp_path):
            assert found(here, folder) == "3030"
    assert find(here, tmp_path) is None
    assert list(folder_of_stacks(here).iterdir()) == []


def test_of_several_the_one_of_this_folder_is_meant(
    here: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as exits:
        started_in(exits, tmp_path / "a", monkeypatch, 1001)
        started_in(exits, tmp_path / "a" / "deep", monkeypatch, 1002)
        started_in(exits, tmp_path / "b", monkeypatch, 1003)
        started_in(exits, tmp_path / "b", monkeypatch, 1004)
        assert found(here, tmp_path / "a" / "other") == "1001"
        assert found(here, tmp_path / "a" / "deep" / "er") == "1002"
        assert found(here, tmp_path / "b") == "1004", "the later one"
        with pytest.raises(UsageError, match="Several local stacks run") as caught:
            find(here, tmp_path / "c")
        assert f"http://localhost:1001 of {tmp_path / 'a'}" in str(caught.value)


def test_a_stack_that_was_killed_is_gone_whoever_has_its_number_now(here: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        cwd=PROJECT,
        env={**os.environ, **here},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "announced\n"
        assert [stack.process for stack in all_running(here)] == [process.pid]
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
    [file] = folder_of_stacks(here).iterdir()
    # As if the number of the process had been given to another one: to this.
    file.write_text(json.dumps(json.loads(file.read_text()) | {"process": os.getpid()}))
    assert all_running(here) == []
    with announced():
        assert not file.exists(), "the next stack removes it"


def test_one_that_is_starting_is_waited_for(here: dict[str, str]) -> None:
    said: list[str] = []
    with announced() as announcement:
        stack = find(here, Path("/"))
        assert stack is not None
        timer = threading.Timer(0.3, announcement.ready, [STATE])
        timer.start()
        assert wait_until_ready(stack, said.append).about == STATE
        timer.join()
    assert said == [f"The local stack is starting (process {os.getpid()}); waiting for it."]


def test_one_that_ends_while_it_is_starting_is_not_waited_for_any_longer(here: dict[str, str]) -> None:
    with announced() as announcement:
        stack = find(here, Path("/"))
        assert stack is not None
        timer = threading.Timer(0.2, announcement.withdraw)
        timer.start()
        began = time.monotonic()
        with pytest.raises(Unreachable, match="ended while it was starting"):
            wait_until_ready(stack, lambda _sentence: None)
        timer.join()
    assert time.monotonic() - began < local_stacks._LONGEST_WAIT_SECONDS


def test_one_that_never_gets_ready_is_given_up(here: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_stacks, "_LONGEST_WAIT_SECONDS", 0.3)
    with announced():
        stack = find(here, Path("/"))
        assert stack is not None
        with pytest.raises(Unreachable, match="has not started within"):
            wait_until_ready(stack, lambda _sentence: None)


def test_a_stack_never_seems_gone_while_it_says_that_it_is_ready(here: dict[str, str]) -> None:
    with announced() as announcement:
        ends = threading.Event()

        def repeat() -> None:
            while not ends.is_set():
                announcement.ready(STATE)

        thread = threading.Thread(target=repeat)
        thread.start()
        try:
            assert all(local_stacks.read(announcement.path) for _ in range(300))
        finally:
            ends.set()
            thread.join()


@pytest.mark.parametrize(
    "change",
    [
        {"about": {**STATE, "url": "https://collector.example.org"}},
        {"about": {**STATE, "aws_endpoint": "http://192.0.2.1:80"}},
        {"about": {"url": "http://localhost:3030"}},
        {"about": None},
        {"process": "x"},
    ],
)
def test_a_damaged_file_or_one_that_leads_elsewhere_is_not_used(
    change: dict[str, object], here: dict[str, str]
) -> None:
    with announced() as announcement:
        announcement.ready(STATE)
        state = json.loads(announcement.path.read_text())
        announcement.path.write_text(json.dumps(state | change))
        with pytest.raises(UsageError, match="stop the local stack and start it again"):
            find(here, Path("/"))
        announcement.path.write_text("{")
        with pytest.raises(UsageError, match="stop the local stack and start it again"):
            find(here, Path("/"))


def test_a_file_that_others_can_read_or_a_link_is_not_trusted(here: dict[str, str], tmp_path: Path) -> None:
    with announced() as announcement:
        announcement.ready(STATE)
        announcement.path.chmod(0o644)
        with pytest.raises(UsageError, match="not yours alone"):
            find(here, Path("/"))
        announcement.path.rename(tmp_path / "moved")
        announcement.path.symlink_to(tmp_path / "moved")
        with pytest.raises(UsageError, match="cannot be read"):
            find(here, Path("/"))


def test_a_place_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError, match=r"cannot be written to: .* XDG_STATE_HOME names another place\."),
        announced(tmp_path / "file" / "local_stacks"),
    ):
        pass


def test_a_relative_state_folder_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for environment in ({}, {"XDG_STATE_HOME": "relative"}):
        expected = tmp_path / ".local" / "state" / "invoice-capture" / "local_stacks"
        assert folder_of_stacks(environment) == expected


def test_the_command_that_starts_one_works_from_any_folder(bare: Cli, tmp_path: Path) -> None:
    result = bare("list")
    assert result.exit_code == 2
    [command] = [line.strip() for line in result.stderr.splitlines() if "local_stack serve" in line]
    assert command == how_to_start()
    done = subprocess.run(
        ["sh", "-c", f"{command} --help"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--keep FOLDER" in done.stdout
    assert shlex.split(command)[1] == str(PROJECT)


def test_without_the_project_it_is_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages" / "invoice_capture_cli" / "local_stacks.py"
    monkeypatch.setattr(local_stacks, "__file__", str(installed))
    assert how_to_start() == "in the folder of the project, after make: .venv/bin/python -m local_stack serve"
