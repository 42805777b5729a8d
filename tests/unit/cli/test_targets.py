"""Where a command goes, and what is said when that is not clear."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.targets import STATE_FILE, Chosen, Target, choose
from tests.unit.cli.conftest import Cli

STATE = {
    "url": "http://localhost:3030",
    "key": "ick_local",
    "aws_endpoint": "http://127.0.0.1:4566",
    "stack": "local",
    "region": "eu-central-1",
}


def _running(folder: Path, text: str | None = None) -> None:
    file = folder / STATE_FILE
    file.parent.mkdir()
    file.write_text(json.dumps(STATE) if text is None else text)


def test_the_local_stack_of_the_folder_is_the_target_of_last_resort(tmp_path: Path) -> None:
    _running(tmp_path)
    expected = Target("http://localhost:3030", "ick_local", "local", "eu-central-1", endpoint="http://127.0.0.1:4566")
    assert choose(Chosen(), {}, tmp_path) == expected


def test_a_local_stack_says_what_it_simulates(tmp_path: Path) -> None:
    _running(tmp_path, json.dumps(STATE | {"simulated": "abbyy,scripted"}))
    assert choose(Chosen(), {}, tmp_path).simulated == {"abbyy", "scripted"}


def test_the_environment_comes_before_the_local_stack(tmp_path: Path) -> None:
    _running(tmp_path)
    environment = {"INVOICE_CAPTURE_URL": "https://api.example.org/v1", "INVOICE_CAPTURE_KEY": "k"}
    assert choose(Chosen(), environment, tmp_path) == Target("https://api.example.org/v1", "k", None)
    assert choose(Chosen(), {"INVOICE_CAPTURE_STACK": "prod"}, tmp_path) == Target(None, None, "prod")


def test_options_come_before_the_environment(tmp_path: Path) -> None:
    environment = {"INVOICE_CAPTURE_URL": "https://api.example.org", "INVOICE_CAPTURE_KEY": "k"}
    assert choose(Chosen(stack="prod", region="eu-west-1"), environment, tmp_path).stack_name == "prod"
    assert choose(Chosen(url="https://other.example.org"), environment, tmp_path).url == "https://other.example.org"
    assert choose(Chosen(url="https://a.example.org", key="mine"), environment, tmp_path).key == "mine"
    environment = {"INVOICE_CAPTURE_STACK": "prod"}
    assert choose(Chosen(url="https://a.example.org", key="mine"), environment, tmp_path).stack_name is None


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        (Chosen(), {}, "python -m local_stack serve"),
        (Chosen(url="https://a.example.org", stack="prod"), {}, "--url and --stack are two targets"),
        (Chosen(), {"INVOICE_CAPTURE_URL": "https://a", "INVOICE_CAPTURE_STACK": "b"}, "unset one of them"),
        (Chosen(url="https://a.example.org"), {}, "INVOICE_CAPTURE_KEY"),
        (Chosen(key="k"), {}, "--key belongs to --url"),
        (Chosen(stack="prod", key="k"), {}, "--stack needs no --key"),
        (Chosen(region="eu-west-1"), {}, "belong to --stack"),
        (Chosen(url="ftp://a.example.org", key="k"), {}, "--url is the base URL"),
        (Chosen(url="https://", key="k"), {}, "--url is the base URL"),
        (Chosen(url="https://a:99999/", key="k"), {}, "--url is the base URL"),
        (Chosen(url="https://me:pw@a.example.org", key="k"), {}, "--url is the base URL"),
        (Chosen(url="https://a.example.org/?x=1", key="k"), {}, "--url is the base URL"),
        (Chosen(url="https://a.example.org", key="k\n"), {}, "copy it once more"),
    ],
)
def test_what_is_not_clear_is_asked_about(
    options: Chosen, environment: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=sentence):
        choose(options, environment, tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"url": 1', '"x"'])
def test_a_broken_state_file_is_said_to_be_broken(text: str, tmp_path: Path) -> None:
    _running(tmp_path, text)
    with pytest.raises(UsageError, match="stop the local stack and start it again"):
        choose(Chosen(), {}, tmp_path)


@pytest.mark.parametrize(
    ("url", "is_clear"),
    [
        ("http://intranet.example.org", True),
        ("https://intranet.example.org", False),
        ("http://localhost:3030", False),
        ("http://127.0.0.1:3030", False),
        ("http://[::1]:3030", False),
    ],
)
def test_a_key_that_travels_unencrypted_is_warned_about(url: str, is_clear: bool) -> None:
    assert Target(url, "k", None).sends_key_in_clear is is_clear


@pytest.mark.parametrize("command", [["keys", "list"], ["keys", "create", "--client", "acme"], ["redrive"]])
def test_what_needs_the_stack_says_so(command: list[str], cli: Cli) -> None:
    result = cli(*command)
    assert result.exit_code == 2
    assert "--stack" in result.stderr


def test_a_local_stack_that_has_ended_is_said_to_be_gone(bare: Cli) -> None:
    _running(Path.cwd(), json.dumps(STATE | {"url": "http://127.0.0.1:1"}))
    result = bare("list")
    assert result.exit_code == 3
    assert result.stderr == (
        "invoice-capture: Nothing answers at http://127.0.0.1:1. "
        "Start the local stack with: python -m local_stack serve.\n"
    )
