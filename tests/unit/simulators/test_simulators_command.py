"""``python -m local_stack.simulators``: wrong usage is one sentence, right usage says how to go on."""

from __future__ import annotations

import re
import shlex
import signal
import sys
from pathlib import Path

import pytest
import requests

from local_stack import __main__ as local_stack
from local_stack.simulators import __main__ as command_line
from tests.exits import exit_status
from tests.waiting import PATIENCE_SECONDS, child

PROJECT = Path(__file__).resolve().parents[3]


def run(*arguments: str) -> int:
    return exit_status(command_line.main, *arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: NAME"),
        (["nobody"], "There is no simulator of 'nobody'; there are abbyy, extract_api, ocr_job."),
        (["abbyy", "--port", "x"], "'x' is no port from 0 to 65535"),
        (["abbyy", "--port", "65536"], "'65536' is no port from 0 to 65535"),
        (["abbyy", "--time-scale", "-1"], "'-1' is no number above zero"),
        (["abbyy", "--setting", "x"], "'x' is not of the form KEY=VALUE"),
        (["abbyy", "--script", "/no/such"], "The script /no/such cannot be read: No such file or directory."),
        (["abbyy", "--script", "README.md"], "README.md: this is no YAML"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    assert run(*arguments) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_a_script_with_an_operation_of_another_provider_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "faults.yaml").write_text("faults:\n  - {on: parse, status: 500}\n")
    assert run("abbyy", "--script", str(tmp_path / "faults.yaml")) == 2
    assert "abbyy has no operation 'parse' for a fault; there are upload_file" in capsys.readouterr().err


def test_help_has_every_option_and_the_whole_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    for option in ("--port", "--script", "--time-scale", "--setting", "--verbose", "lose_answer", "page_limit"):
        assert option in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_stopped_and_ends_quietly(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text("latency: {median: 60, sigma: 0}\nfaults:\n  - {on: list_jobs, status: 503}\n")
    command = [sys.executable, "-m", "local_stack.simulators", "ocr_job", "--verbose", "--time-scale", "60"]
    command += ["--script", str(tmp_path / "slow.yaml"), "--setting", "api_key=mine"]
    with child(command, cwd=PROJECT) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        base_url = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert base_url is not None
        url = f"{base_url[0]}/ocr-invoice-job"
        assert [requests.get(url, headers={"api-key": "mine"}, timeout=10).status_code for _ in range(2)] == [503, 200]
        # What it prints is a command that the local stack understands.
        arguments = shlex.split(second)[3:]
        assert shlex.split(second)[:3] == ["python", "-m", "local_stack"]
        options = local_stack._parser().parse_args(arguments)
        assert dict(options.setting) == {"api_key": "mine", "template": "invoices", "base_url": base_url[0]}
        assert (options.provider, options.time_scale) == ("ocr_job", 60.0)
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == (130 if number == signal.SIGINT else 0)
    *requests_told, last = errors.splitlines()
    assert last == "Stopped."
    assert [line.split()[1:] for line in requests_told] == [["list_jobs", "503"], ["list_jobs", "200"]]
