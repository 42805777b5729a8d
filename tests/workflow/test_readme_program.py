"""The program of the README, as it is printed there: with a served stack, and with an API that behaves badly."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_stack.serve import make_key
from tests.fakes.canned_server import Answer, CannedServer, Request
from tests.unit.engine import documents
from tests.waiting import run_to_end
from tests.workflow.conftest import Stacks
from tests.workflow.test_docs import README
from tools.stage import PROJECT

SAMPLES = PROJECT / "samples" / "documents"
[PROGRAM] = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "localhost:3030" in block]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the program with an address, a key and a file; ``patience`` is how many seconds it waits."""

    def run(url: str, key: str, file: Path, patience: float = 120) -> subprocess.CompletedProcess[str]:
        assert PROGRAM.count("+ 120 ") == 1
        text = PROGRAM.replace("http://localhost:3030", url).replace("+ 120 ", f"+ {patience} ")
        program = tmp_path / "capture.py"
        program.write_text(text, encoding="utf-8")
        return run_to_end(
            [sys.executable, str(program), str(file)],
            env={**os.environ, "KEY": key, "no_proxy": "*"},
        )

    return run


def test_it_prints_the_invoice_of_a_file_or_why_there_is_none(run: Run, stacks: Stacks, tmp_path: Path) -> None:
    locked = tmp_path / "locked.pdf"
    locked.write_bytes(documents.encrypted(documents.pdf(documents.GERMAN_INVOICE), "secret"))
    stack = stacks.get(api_port=0)
    try:
        url, key = str(stack.api_url), make_key(stack)
        captured = run(url, key, SAMPLES / "english_gbp_classic.pdf")
        assert captured.returncode == 0, captured.stderr
        assert json.loads(captured.stdout)["number"] == "QMI-26-00412"
        refused = run(url, key, SAMPLES / "not_really_a_pdf.pdf")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("The API refuses this (400): not_really_a_pdf.pdf is no PDF")
        failed = run(url, key, locked)
        assert (failed.returncode, failed.stdout) == (1, "")
        assert failed.stderr.startswith("locked.pdf was not captured. PasswordProtected: ")
        nobody = run(url, "ic_wrong_key", SAMPLES / "english_gbp_classic.pdf")
        assert nobody.returncode == 1
        assert nobody.stderr.startswith("The API refuses this (401): ")
    finally:
        stacks.close()


class Api(CannedServer):
    """Answers with what stands in the list, the last of it for ever."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__()
        self._answers = list(answers)

    def answer_to(self, request: Request) -> Answer:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def job(status: str, **more: Any) -> Answer:
    return Answer.of({"success": True, "data": {"_id": "J1", "status": status, **more}})


def busy(**headers: str) -> Answer:
    return Answer.of({"success": False, "message": "Too many requests.", "errors": []}, 429, **headers)


def test_it_asks_again_as_late_as_it_is_told_and_sends_the_whole_file_again(run: Run) -> None:
    done = {"extractedData": {"invoice": {"number": "7"}}}
    with Api(busy(Retry_After="0"), job("queued"), busy(Retry_After="0"), job("completed", **done)) as api:
        told = run(api.url, "key", SAMPLES / "english_gbp_classic.pdf")
    assert (told.returncode, json.loads(told.stdout)) == (0, {"number": "7"}), told.stderr
    assert [request.route for request in api.requests] == [
        *["POST /ocr-invoice-job/documents"] * 2,
        *["GET /ocr-invoice-job/J1"] * 2,
    ]
    for request in api.requests[:2]:
        assert (SAMPLES / "english_gbp_classic.pdf").read_bytes() in request.body
        assert request.headers["api-key"] == "key"


def test_it_says_that_nothing_answers(run: Run) -> None:
    with Api(job("queued")) as api:
        url = api.url
    told = run(url, "key", SAMPLES / "english_gbp_classic.pdf")
    assert (told.returncode, told.stderr.startswith("The API does not answer: ")) == (1, True)
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (job("processing"), "invoice.pdf is still processing. Look later: invoice-capture show J1\n"),
        (job("failed"), "invoice.pdf was not captured. \n"),
        (job("cancelled", errorLog="JobCancelled: Somebody deleted it."), "not captured. JobCancelled: Somebody"),
        (busy(Retry_After="0"), "(429): Too many requests.\n"),
        (
            Answer.of({"success": False, "message": "A request may carry 4.4 MB."}, 413),
            "(413): A request may carry 4.4 MB",
        ),
    ],
    ids=["never ends", "failed", "cancelled", "always busy", "too large"],
)
def test_it_ends_with_a_clear_sentence_and_within_its_time(
    run: Run, tmp_path: Path, answer: Answer, words: str
) -> None:
    file = tmp_path / "invoice.pdf"
    file.write_bytes(b"%PDF-1.7")
    with Api(answer) as api:
        told = run(api.url, "key", file, patience=0.5)
    assert (told.returncode, told.stdout) == (1, "")
    assert words in told.stderr
    assert "Traceback" not in told.stderr
