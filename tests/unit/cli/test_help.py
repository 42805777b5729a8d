"""The help is quick, and its examples run as they are printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from invoice_capture.domain.job import JobStatus
from invoice_capture.use_cases.client.manage_webhooks import ManageWebhooks
from invoice_capture.version import __version__
from invoice_capture_cli.running import EXAMPLES
from tests.unit.cli.audited import AuditedJob
from tests.unit.cli.aws_world import World, a_whole_stack
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_api import FakeApi
from tools.stage import PROJECT

COMMANDS = ["submit", "watch", "list", "show", "export", "retry", "redrive", "keys create", "keys list", "keys revoke"]
COMMANDS += ["evaluate", "costs", "dashboard", "keys limits", "stack remove", "audit", "verify"]
COMMANDS += [f"webhooks {name}" for name in ("set", "list", "rotate", "remove", "test", "replay")]
ALL = [example for examples in EXAMPLES.values() for example in examples]
NEED_THE_STACK = ("keys", "redrive", "costs", "dashboard", "stack", "webhooks", "audit", "verify")


def test_every_command_has_examples() -> None:
    assert sorted(EXAMPLES) == sorted(COMMANDS)
    assert all(EXAMPLES.values())
    assert all(example.startswith(f"invoice-capture {name}") for name in EXAMPLES for example in EXAMPLES[name])


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_shows_its_examples(command: str, bare: Cli) -> None:
    result = bare(*command.split(), "--help")
    assert result.exit_code == 0
    shown = re.sub(r"\s+", " ", result.stdout)
    for example in EXAMPLES[command]:
        assert f"$ {example}" in shown
    assert "--json" in result.stdout
    for option in ("--url", "--key", "--stack", "--region", "--profile"):
        assert (option in result.stdout) == (command != "evaluate")


def test_the_version_is_told(bare: Cli) -> None:
    result = bare("--version")
    assert (result.exit_code, result.stdout) == (0, f"invoice-capture {__version__}\n")


def test_the_help_tells_the_exit_status(bare: Cli) -> None:
    result = bare("--help")
    assert result.exit_code == 0
    for status in ("0  all well", "1  some", "2  wrong usage", "3  the API", "130  stopped"):
        assert status in result.stdout


def test_without_a_command_there_is_help(bare: Cli) -> None:
    assert "submit" in bare().output


@pytest.mark.parametrize("example", [example for example in ALL if example.split()[1] not in NEED_THE_STACK])
def test_examples_run(example: str, cli: Cli, api: FakeApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Against the API in memory, in a folder that has the samples."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(PROJECT / "samples")
    api.maximum_bytes = 1_000_000
    status = "failed" if "retry" in example else "completed"
    words = [api.add(status=status) if word == "ID" else word for word in shlex.split(example)[1:]]
    result = cli(*words)
    # Of the samples, an empty one is not sent.
    assert result.exit_code == (1 if "samples/documents" in words else 0), result.output
    assert "{" in result.stdout or "--json" not in words or words[0] == "watch"


@pytest.mark.parametrize("example", [example for example in ALL if example.split()[1] in NEED_THE_STACK])
def test_examples_that_need_the_stack_run(
    example: str, bare: Cli, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICE_CAPTURE_STACK", "prod")
    words = shlex.split(example)[1:]
    if "KEY_ID" in words:
        made = bare("keys", "create", "--client", "accounting").stdout.strip()
        words = [made if word == "KEY_ID" else word for word in words]
    if words[0] == "stack":
        names = {"STACK": a_whole_stack(world), "BUCKET": "documents"}
        words = [names.get(word, word) for word in words]
    if words[0] == "webhooks":
        bare("webhooks", "set", "https://erp.example.com/hooks", "--client", "accounting")
        bare("webhooks", "set", "https://erp.example.com/hooks", "--all")
        monkeypatch.setattr(ManageWebhooks, "outcome", lambda *_: "")
        if "ID" in words:
            world.put_job("ID", JobStatus.FAILED, error_code="CaptureFailed")
    if words[0] in {"audit", "verify"}:
        audited = AuditedJob(world)
        if words[0] == "verify":
            bare("audit", audited.job_id, "--export", "ID-for-auditors")
        names = {"ID": audited.job_id, "HASH": audited.head}
        words = [names.get(word, word) for word in words]
    result = bare(*words)
    assert result.exit_code == 0, result.output


HEAVY = {"boto3", "botocore", "requests", "urllib3", "pydantic", "aws_lambda_powertools", "invoice_capture.wiring"}
HEAVY |= {"invoice_engine", "jinja2", "PIL", "multiprocessing"}


@pytest.mark.parametrize("module", ["main", "running", "targets"])
def test_starting_loads_nothing_heavy(module: str) -> None:
    program = f"import sys, invoice_capture_cli.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert f"invoice_capture_cli.{module}" in loaded
    assert HEAVY & loaded == set()
    assert not any(name.startswith("rich.") for name in loaded)


def test_listing_over_http_loads_no_aws(cli: Cli, api: FakeApi) -> None:
    program = """
import sys
try:
    from invoice_capture_cli.main import app
    app(["list"])
finally:
    print(*sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert {"boto3", "botocore"} & set(done.stdout.split()) == set()


def test_the_entry_point_is_installed() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "invoice-capture", "list", "--help"], capture_output=True, text=True, check=True
    )
    assert "List jobs, the newest first." in done.stdout
