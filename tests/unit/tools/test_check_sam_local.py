"""``make check-sam-local``: every event is asked, judged by its answer and its effect, and nothing passes by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import check_sam_local
from tools.check_sam_local import Failed, NothingRuns, declare_endpoint, judged, play
from tools.scenes import SCENES
from tools.stage import EVENTS, PROJECT

_NO_ENGINE = (
    "Error: Running AWS SAM projects locally requires a container runtime. Do you have Docker or Finch installed?"
)

# As the real one is called and ends; it invokes the handler itself, in the place of a container.
_SAM = """\
#!{python}
import importlib.util, json, os, sys
print(*sys.argv[3:4], file=open({calls!r}, "a"))
if {program!r}:
    exec({program!r})
logical_id, *words = sys.argv[3:]
options = dict(zip(words[::2], words[1::2]))
template = json.load(open(options["--template"]))
os.environ.update(json.load(open(options["--env-vars"]))[logical_id])
os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"
folder = template["Resources"][logical_id]["Properties"]["CodeUri"]
spec = importlib.util.spec_from_file_location("app", folder + "/app.py")
app = importlib.util.module_from_spec(spec)
spec.loader.exec_module(app)
class Context:
    aws_request_id, function_name, memory_limit_in_mb, function_version = "1", logical_id, 512, "$LATEST"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:x"
    def get_remaining_time_in_millis(self): return 60_000
sys.stdout, told = sys.stderr, sys.stdout
answer = app.handler(json.load(open(options["--event"])), Context())
print(json.dumps(answer), file=told)
"""


def prepared(tmp_path: Path, program: str = "") -> tuple[Path, Path]:
    """A build, and a SAM that does ``program`` first; it writes down which functions it was asked for."""
    build, sam = tmp_path / "build", tmp_path / "sam"
    build.mkdir()
    text = (PROJECT / "template.yaml").read_text(encoding="utf-8")
    (build / "template.yaml").write_text(text.replace("CodeUri: functions", f"CodeUri: {PROJECT}/functions"))
    calls = str(tmp_path / "calls")
    sam.write_text(_SAM.format(python=sys.executable, calls=calls, program=program), encoding="utf-8")
    sam.chmod(0o755)
    return build, sam


@pytest.mark.parametrize("step", ["store_invoice", "authorize_request"])
def test_an_event_is_answered_and_has_its_effect(tmp_path: Path, step: str) -> None:
    build, sam = prepared(tmp_path)
    declare_endpoint(build, tmp_path)
    assert play(step, sam, tmp_path)


def test_an_answer_without_its_effect_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build, sam = prepared(tmp_path, 'print("null"); sys.exit(0)')
    declare_endpoint(build, tmp_path)
    assert not play("submit_document", sam, tmp_path)
    assert "FAILED  wrong effect" in capsys.readouterr().err


def test_every_event_is_asked_of_its_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build, sam = prepared(tmp_path)
    played: list[str] = []
    monkeypatch.setattr(sys, "argv", ["check_sam_local", str(build), "--sam", str(sam)])
    monkeypatch.setattr(check_sam_local, "play", lambda step, *_: played.append(step) or step != "sweep_jobs")
    assert check_sam_local.main() == 1
    assert sorted(played) == sorted(SCENES) == sorted(event.stem for event in EVENTS.glob("*.json"))


def test_without_an_engine_nothing_is_said_to_be_checked(tmp_path: Path) -> None:
    build, sam = prepared(tmp_path, f"print({_NO_ENGINE!r}, file=sys.stderr); sys.exit(1)")
    command = [sys.executable, "-m", "tools.check_sam_local", str(build), "--sam", str(sam)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    asked = (tmp_path / "calls").read_text().split()
    assert (done.returncode, len(asked), done.stdout) == (1, 1, "")
    assert done.stderr.startswith("Nothing was checked. A container engine is needed")


def test_without_sam_nothing_is_said_to_be_checked(tmp_path: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    (build / "template.yaml").write_text((PROJECT / "template.yaml").read_text())
    command = [sys.executable, "-m", "tools.check_sam_local", str(build), "--sam", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, "is not there" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("status", "out", "err", "error", "words"),
    [
        (1, "", "Error: FooFunction not found in template", Failed, "status 1: Error: FooFunction"),
        (0, '{"errorType": "KeyError", "errorMessage": ""}\n', "", Failed, "raised KeyError"),
        (0, "", "START RequestId: 1\nTask timed out after 60.00 seconds", Failed, "timed out"),
        (0, "<html>", "", Failed, "no JSON"),
        (1, "", "", Failed, "without a word"),
        (1, "", _NO_ENGINE, NothingRuns, "container engine"),
    ],
)
def test_what_is_no_answer(status: int, out: str, err: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        judged(status, out, err)


@pytest.mark.parametrize("answer", [None, {"batchItemFailures": []}, [], {"statusCode": 200}])
def test_what_is_an_answer(answer: Any) -> None:
    assert judged(0, f"\n{json.dumps(answer)}\n", "REPORT RequestId: 1 docker") == answer
