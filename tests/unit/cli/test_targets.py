"""Where a command goes, and what is said when that is not clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.targets import Target, TargetOptions, choose
from local_stack.state_file import announced
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_api import KEY, FakeApi

STATE = {
    "url": "http://localhost:3030",
    "key": "ick_local",
    "aws_endpoint": "http://127.0.0.1:4566",
    "stack": "local",
    "region": "eu-central-1",
}
LOCAL = Target("http://localhost:3030", "ick_local", "local", "eu-central-1", endpoint="http://127.0.0.1:4566")


def _chosen(options: TargetOptions, environment: dict[str, str], folder: Path) -> Target:
    """Nobody waits, so nothing is said."""
    return choose(options, {"XDG_STATE_HOME": str(folder), **environment}, folder, pytest.fail)


def test_the_local_stack_is_the_target_of_last_resort(tmp_path: Path) -> None:
    with announced(tmp_path / "invoice-capture" / "local_stacks") as announcement:
        announcement.ready(STATE)
        assert _chosen(TargetOptions(), {}, tmp_path) == LOCAL
        environment = {"INVOICE_CAPTURE_URL": "https://api.example.org/v1", "INVOICE_CAPTURE_KEY": "k"}
        assert _chosen(TargetOptions(), environment, tmp_path) == Target("https://api.example.org/v1", "k", None)
        assert _chosen(TargetOptions(), {"INVOICE_CAPTURE_STACK": "prod"}, tmp_path) == Target(None, None, "prod")


def test_a_local_stack_says_what_it_simulates(tmp_path: Path) -> None:
    with announced(tmp_path / "invoice-capture" / "local_stacks") as announcement:
        announcement.ready(STATE | {"simulated": "abbyy,scripted"})
        assert _chosen(TargetOptions(), {}, tmp_path).simulated == {"abbyy", "scripted"}


def test_options_come_before_the_environment(tmp_path: Path) -> None:
    environment = {"INVOICE_CAPTURE_URL": "https://api.example.org", "INVOICE_CAPTURE_KEY": "k"}
    assert _chosen(TargetOptions(stack="prod", region="eu-west-1"), environment, tmp_path).stack_name == "prod"
    assert (
        _chosen(TargetOptions(url="https://other.example.org"), environment, tmp_path).url
        == "https://other.example.org"
    )
    assert _chosen(TargetOptions(url="https://a.example.org", key="mine"), environment, tmp_path).key == "mine"
    environment = {"INVOICE_CAPTURE_STACK": "prod"}
    assert _chosen(TargetOptions(url="https://a.example.org", key="mine"), environment, tmp_path).stack_name is None


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        (TargetOptions(), {}, "-m local_stack serve"),
        (TargetOptions(url="https://a.example.org", stack="prod"), {}, "--url and --stack are two targets"),
        (TargetOptions(), {"INVOICE_CAPTURE_URL": "https://a", "INVOICE_CAPTURE_STACK": "b"}, "unset one of them"),
        (TargetOptions(url="https://a.example.org"), {}, "INVOICE_CAPTURE_KEY"),
        (TargetOptions(key="k"), {}, "--key belongs to --url"),
        (TargetOptions(stack="prod", key="k"), {}, "--stack needs no --key"),
        (TargetOptions(region="eu-west-1"), {}, "belong to --stack"),
        (TargetOptions(url="ftp://a.example.org", key="k"), {}, "--url is the base URL"),
        (TargetOptions(url="https://", key="k"), {}, "--url is the base URL"),
        (TargetOptions(url="https://a:99999/", key="k"), {}, "--url is the base URL"),
        (TargetOptions(url="https://me:pw@a.example.org", key="k"), {}, "--url is the base URL"),
        (TargetOptions(url="https://a.example.org/?x=1", key="k"), {}, "--url is the base URL"),
        (TargetOptions(url="https://a.example.org", key="k\n"), {}, "copy it once more"),
    ],
)
def test_what_is_not_clear_is_asked_about(
    options: TargetOptions, environment: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=sentence):
        _chosen(options, environment, tmp_path)


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


@pytest.mark.parametrize(
    "words",
    [
        ["--url", "{url}", "--key", KEY, "list", "--json"],
        ["list", "--url", "{url}", "--key", KEY, "--json"],
        ["--json", "--key", KEY, "list", "--url", "{url}"],
        ["--url", "{url}", "--key", KEY, "--json", "list", "--url", "{url}", "--key", KEY],
    ],
)
def test_the_options_of_a_target_stand_before_the_command_or_after_it(
    words: list[str], bare: Cli, api: FakeApi
) -> None:
    result = bare(*(word.format(url=api.url) for word in words))
    assert (result.exit_code, result.stdout) == (0, '{\n  "jobs": [],\n  "total": 0,\n  "moreToRead": false\n}\n')


@pytest.mark.parametrize(
    "words", [["--stack", "a", "keys", "list", "--stack", "b"], ["keys", "--stack", "a", "list", "--stack", "b"]]
)
def test_a_group_takes_them_too_and_two_values_are_refused(words: list[str], bare: Cli) -> None:
    result = bare(*words)
    assert (result.exit_code, result.stderr) == (
        2,
        "invoice-capture: --stack is given more than once, with different values: give one.\n",
    )


def test_two_keys_are_refused_and_not_shown(bare: Cli) -> None:
    result = bare("--key", "secret-a", "list", "--url", "https://a.example.org", "--key", "secret-b")
    assert result.exit_code == 2
    assert "--key is given more than once" in result.stderr
    assert "secret" not in result.output


def test_what_has_no_target_says_so_before_the_command_too(bare: Cli, tmp_path: Path) -> None:
    result = bare("--url", "https://a.example.org", "evaluate", str(tmp_path))
    assert (result.exit_code, result.stderr) == (
        2,
        "invoice-capture: This command works on this machine alone: leave the options of a target out.\n",
    )


def test_a_local_stack_that_does_not_answer_is_said_to_hang(bare: Cli) -> None:
    with announced() as announcement:
        announcement.ready(STATE | {"url": "http://127.0.0.1:1"})
        result = bare("list")
    assert (result.exit_code, result.stderr) == (
        3,
        "invoice-capture: Nothing answers at http://127.0.0.1:1. "
        "The local stack has just ended, or hangs: look at its terminal.\n",
    )
