"""The README's second half with a served stack: a program, and the command line with an example of each command.

All examples of ``--help`` are run by tests/unit/cli/test_help.py, against an API in memory.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from invoice_capture_cli.local_stacks import folder_of_stacks
from invoice_capture_cli.running import EXAMPLES
from local_stack.serve import make_key
from local_stack.stack import LocalStack
from local_stack.state_file import announced
from tests.waiting import PATIENCE_SECONDS, run_to_end, wait_until
from tests.workflow.conftest import Stacks
from tests.workflow.test_docs import README, commands
from tools.stage import PROJECT

SAMPLE = "english_gbp_classic.pdf"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def files() -> Iterator[str]:
    """An origin of this machine that has the samples."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, directory=str(PROJECT / "samples" / "documents"), **options)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def served(stacks: Stacks, files: str) -> Iterator[tuple[LocalStack, str]]:
    """A stack with its API, and a key that sees everything. It is closed afterwards: its ports are its own."""
    stack = stacks.get(api_port=0, trusted_origins=(files,))
    yield stack, make_key(stack)
    stacks.close()


@pytest.fixture
def run(served: tuple[LocalStack, str], tmp_path: Path) -> Iterator[Run]:
    """Runs a command line in a folder that has the samples, and what ``serve`` writes down."""
    stack, key = served
    (tmp_path / "samples").symlink_to(PROJECT / "samples")
    about = {"url": str(stack.api_url), "key": key, "aws_endpoint": str(stack.aws_endpoint), "stack": "local"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("INVOICE_CAPTURE", "AWS"))}
    environment |= {"COLUMNS": "160", "XDG_STATE_HOME": str(tmp_path / "state")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "invoice_capture_cli", *words]
        return run_to_end(
            command,
            cwd=tmp_path,
            env=environment,
        )

    with announced(folder_of_stacks(environment)) as announcement:
        announcement.ready(about | {"region": "us-east-1"})
        yield run


def test_the_steps_of_the_readme_lead_from_an_invoice_to_a_csv(run: Run, tmp_path: Path) -> None:
    lines = [shlex.split(line)[1:] for line in commands(README) if line.startswith(".venv/bin/invoice-capture")]
    assert [words[0] for words in lines] == ["submit", "list", "show", "export"]
    shutil.copy(PROJECT / "samples" / "documents" / SAMPLE, tmp_path / "invoice.pdf")
    job = ""
    for words in lines:
        done = run(*(job if word == "ID" else word for word in words))
        assert done.returncode == 0, done.stderr
        if words[0] == "list":
            [job] = re.findall(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", done.stdout)
        if words[0] != "export":
            assert "2,096.40" in done.stdout
    header, row = (tmp_path / "invoices.csv").read_text().splitlines()
    assert header.startswith("job_id,job_number,document,invoice_number")
    assert "QMI-26-00412" in row
    assert "2096.40" in row


def test_the_first_example_of_each_help_runs_with_a_real_stack(served: tuple[LocalStack, str], run: Run) -> None:
    captured, refused = (
        json.loads(run("submit", f"samples/documents/{name}", "--wait", "--json").stdout)["job"]
        for name in (SAMPLE, "not_really_a_pdf.pdf")
    )
    assert (captured["status"], refused["status"]) == ("completed", "failed")
    wait_until(lambda: run("audit", captured["_id"]).returncode == 0, "The history, which follows the job")
    key_id = run("keys", "create", "--client", "examples").stdout.split("_")[1]
    # Who serves a stack ends it with Ctrl-C, and nobody receives anything here: what removes a stack, and what sets
    # receivers, is run in tests/unit/cli/test_help.py.
    for example, *_others in (EXAMPLES[name] for name in EXAMPLES if not name.startswith(("stack remove", "webhooks"))):
        job = (refused if " retry " in example else captured)["_id"]
        words = [{"ID": job, "KEY_ID": key_id}.get(word, word) for word in shlex.split(example)[1:]]
        done = run(*words)
        # Watching what was refused again, and waiting for it, ends with a document that was not captured.
        assert done.returncode in ((0, 1) if words[0] in {"retry", "watch"} else (0,)), f"{example}\n{done.stderr}"
        assert "Traceback" not in done.stderr


def test_a_client_of_one_key_sees_nothing_of_another(served: tuple[LocalStack, str], run: Run) -> None:
    stack, key = served
    other = run("keys", "create", "--client", "other").stdout.strip()
    done = json.loads(run("submit", f"samples/documents/{SAMPLE}", "--wait", "--json").stdout)
    url = f"{stack.api_url}/ocr-invoice-job"
    mine = requests.get(url, headers={"x-api-key": key}, timeout=PATIENCE_SECONDS).json()
    theirs = requests.get(url, headers={"x-api-key": other}, timeout=PATIENCE_SECONDS).json()
    assert (mine["total"], theirs["total"], theirs["data"]) == (1, 0, [])
    for path in ("", "/results", "/document", "/invoice", "/submissions"):
        hidden = requests.get(f"{url}/{done['job']['_id']}{path}", headers={"api-key": other}, timeout=PATIENCE_SECONDS)
        assert (hidden.status_code, hidden.json()["success"]) == (404, False)
