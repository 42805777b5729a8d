"""The command line, run against an API in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from invoice_capture_cli import following, http_api, redrive_messages, uploading
from invoice_capture_cli.main import app
from tests.unit.cli.aws_world import REGION, World, a_stack
from tests.unit.cli.fake_api import KEY, FakeApi

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(http_api, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(uploading, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(redrive_messages, "_LONGEST_WAIT_SECONDS", 0)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine that runs the tests is to be seen by them."""
    for name in ("URL", "KEY", "STACK"):
        monkeypatch.delenv(f"INVOICE_CAPTURE_{name}", raising=False)
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
def bare() -> Cli:
    """Runs a command without any target; standard output and error are kept apart."""
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def cli(api: FakeApi, bare: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command against the API in memory."""
    monkeypatch.setenv("INVOICE_CAPTURE_URL", api.url)
    monkeypatch.setenv("INVOICE_CAPTURE_KEY", KEY)
    return bare


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[Path]]:
    """Makes small files of these names, in a folder."""

    def make(*names: str) -> list[Path]:
        folder = tmp_path / "documents"
        folder.mkdir(exist_ok=True)
        paths = [folder / name for name in names]
        for path in paths:
            path.write_bytes(b"%PDF-1.7 " + path.name.encode())
        return paths

    return make


def lines(result: Result) -> list[Any]:
    """The JSON objects of the lines of standard output."""
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A deployed stack, in the account of whoever runs the command."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield World(a_stack())
