"""``submit``: every file has an outcome, and no document is ordered twice."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Cli, lines
from tests.unit.cli.fake_api import KEY, FakeApi, Fault
from tests.waiting import PATIENCE_SECONDS, child, wait_until

Files = Callable[..., list[Path]]
CREATE = "POST /ocr-invoice-job"
PROCESS = "POST /ocr-invoice-job/ID/process"


def test_a_file_becomes_a_job_that_runs(cli: Cli, api: FakeApi, files: Files) -> None:
    [file] = files("invoice.pdf")
    result = cli(
        "submit", file, "--group", "g", "--priority", "high", "--template", "abbyy?,embedded", "--number", "N-7"
    )
    assert result.exit_code == 0, result.output
    [(job_id, job)] = api.jobs.items()
    assert list(api.objects.values()) == [file.read_bytes()]
    assert job["documentUrl"] == f"s3://documents-bucket/{next(iter(api.objects))}"
    wishes = {name: job[name] for name in ("group", "priority", "template", "jobNumber", "documentType", "status")}
    assert wishes == {
        "group": "g",
        "priority": "high",
        "template": "abbyy?,embedded",
        "jobNumber": "N-7",
        "documentType": "pdf",
        "status": "queued",
    }
    assert job_id in result.stdout
    assert f"invoice-capture watch {job_id}" in result.stderr


def test_waiting_ends_in_a_table_of_invoices(cli: Cli, files: Files) -> None:
    result = cli("submit", *files("one.pdf", "twice.pdf", "bad.pdf"), "--wait")
    assert result.exit_code == 1
    for word in ("2,096.40 GBP", "Quillmere Instruments Ltd", "QMI-26-00412", "40 %", "= twice.pdf", "fails its check"):
        assert word in result.stdout
    assert "UnsupportedFormat: bad.pdf is no invoice." in result.stdout
    assert "✓ 1 captured   = 1 duplicate   ✗ 1 not captured" in result.stdout


def test_all_well_is_zero(cli: Cli, files: Files) -> None:
    assert cli("submit", *files("one.pdf", "twice.pdf"), "--wait").exit_code == 0


def test_json_has_one_object_a_file(cli: Cli, files: Files) -> None:
    result = cli("submit", *files("one.pdf", "bad.pdf"), "no-such.pdf", "--wait", "--json")
    found = {Path(line["file"]).name: line for line in lines(result)}
    assert found["one.pdf"]["job"]["status"] == "completed"
    assert found["one.pdf"]["job"]["confidence"]["overall"] == 0.91
    assert found["bad.pdf"]["job"]["status"] == "failed"
    assert found["no-such.pdf"] == {"file": "no-such.pdf", "job": None, "problem": "It does not exist."}
    assert len(lines(result)) == 3
    assert result.exit_code == 1


def test_json_without_waiting_tells_the_jobs(cli: Cli, api: FakeApi, files: Files) -> None:
    result = cli("submit", *files("one.pdf"), "--json")
    assert [line["job"]["_id"] for line in lines(result)] == list(api.jobs)
    assert result.stderr == ""


def test_what_cannot_be_sent_is_refused_before_anything_is(
    cli: Cli, api: FakeApi, files: Files, tmp_path: Path
) -> None:
    good, empty, large = files("good.pdf", "empty.pdf", "large.pdf")
    empty.write_bytes(b"")
    large.write_bytes(b"x" * (api.maximum_bytes + 1))
    result = cli("submit", empty, large, tmp_path / "missing.pdf", good)
    assert result.exit_code == 1
    for reason in ("It is empty.", "at most 20 KB are taken", "It does not exist."):
        assert reason in result.stdout
    assert [job["documentName"] for job in api.jobs.values()] == ["good.pdf"]
    assert api.requests["POST /storage"] == 1


def test_only_useless_files_are_wrong_usage(cli: Cli, api: FakeApi, files: Files) -> None:
    [empty] = files("empty.pdf")
    empty.write_bytes(b"")
    assert cli("submit", empty).exit_code == 2
    assert not api.requests


def test_a_file_without_permission_is_refused(
    cli: Cli, api: FakeApi, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    [file] = files("secret.pdf")

    def refuse(_path: Path, *_arguments: object, **_options: object) -> None:
        # Whoever runs the tests may be allowed everything.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    assert "It cannot be read: Permission denied." in cli("submit", file).stdout
    assert not api.requests


def test_folders_are_walked_without_hidden_files(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    for name in ("a/one.pdf", "a/b/two.xml", "a/.hidden.pdf", "a/.git/three.pdf"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%PDF-")
    # Named twice, it is still one file.
    assert cli("submit", tmp_path / "a", tmp_path / "a/one.pdf").exit_code == 0
    found = {job["documentName"]: job.get("documentType") for job in api.jobs.values()}
    assert found == {"one.pdf": "pdf", "two.xml": None}


def test_an_empty_folder_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    result = cli("submit", tmp_path / "nothing")
    assert (result.exit_code, result.stderr[:36]) == (2, "invoice-capture: There is no file in")


@pytest.mark.parametrize("step", ["POST /uploads", CREATE, PROCESS])
@pytest.mark.parametrize("fault", [Fault(lost=True), Fault(500), Fault(429), Fault()])
def test_a_repeated_request_makes_no_second_job(step: str, fault: Fault, cli: Cli, api: FakeApi, files: Files) -> None:
    # What has answered once is known to be there.
    cli("submit", *files("zero.pdf"))
    api.fail(step, fault)
    assert cli("submit", "--wait", *files("one.pdf")).exit_code == 0
    assert api.requests[step] == 3
    keys = [headers["idempotency-key"] for operation, headers in api.headers if operation == step]
    assert keys[-1] == keys[-2] != keys[0]
    assert len(api.jobs) == 2


def test_storage_is_tried_again_and_never_sees_the_key(cli: Cli, api: FakeApi, files: Files) -> None:
    api.fail("POST /storage", Fault(503), Fault())
    assert cli("submit", *files("one.pdf"), "--wait").exit_code == 0
    sent = [headers for operation, headers in api.headers if operation == "POST /storage"]
    assert len(sent) == 3
    assert not any(KEY in str(headers) or "authorization" in headers for headers in sent)


def test_a_refused_order_does_not_stop_the_others(cli: Cli, api: FakeApi, files: Files) -> None:
    api.fail(CREATE, Fault(400))
    result = cli("submit", *files("one.pdf", "two.pdf", "three.pdf"))
    assert result.exit_code == 1
    assert "fault 400" in result.stdout
    assert len(api.jobs) == 2


def test_a_key_that_opens_nothing_stops_at_once(cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICE_CAPTURE_KEY", "other")
    result = cli("submit", *files("one.pdf", "two.pdf"))
    assert result.exit_code == 3
    assert "does not accept this key" in result.stderr
    assert "Not submitted:" in result.stderr


def test_an_outage_in_the_middle_tells_what_goes_on(cli: Cli, api: FakeApi, files: Files) -> None:
    api.fail("GET /ocr-invoice-job", *[Fault(500)] * 9)
    result = cli("submit", *files("one.pdf"), "--wait")
    assert result.exit_code == 3
    assert f"1 job goes on by itself; follow it with: invoice-capture watch {next(iter(api.jobs))}" in result.stderr


def test_a_job_that_was_created_but_not_started_is_named(cli: Cli, api: FakeApi, files: Files) -> None:
    api.fail(PROCESS, *[Fault(500)] * 9)
    result = cli("submit", *files("one.pdf"))
    assert result.exit_code == 3
    assert f"The job {next(iter(api.jobs))} was created, but not started." in result.stderr


def test_a_timeout_tells_what_goes_on(cli: Cli, api: FakeApi, files: Files) -> None:
    result = cli("submit", *files("slow.pdf", "one.pdf"), "--wait", "--timeout", "0.2")
    assert result.exit_code == 1
    [slow] = [job_id for job_id, job in api.jobs.items() if job["documentName"] == "slow.pdf"]
    assert "1 job did not end within 0.2 seconds." in result.stderr
    assert f"invoice-capture watch {slow}" in result.stderr
    assert "… 1 under way" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--number", "N-1"], "--number is for one file, and these are 2."),
        (["--priority", "hurry"], "--priority is one of low, medium, high, urgent; not 'hurry'."),
        (["--timeout", "5"], "--timeout is for --wait"),
    ],
)
def test_wrong_usage_sends_nothing(arguments: list[str], sentence: str, cli: Cli, api: FakeApi, files: Files) -> None:
    result = cli("submit", *files("one.pdf", "two.pdf"), *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not api.requests


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_tells_what_goes_on(as_json: bool, api: FakeApi, files: Files) -> None:
    """In a process of its own, with a real signal."""
    environment = {**os.environ, "INVOICE_CAPTURE_URL": api.url, "INVOICE_CAPTURE_KEY": KEY}
    command = [sys.executable, "-m", "invoice_capture_cli", "submit", *map(str, files("slow.pdf")), "--wait"]
    with child([*command, *(["--json"] if as_json else [])], env=environment) as process:
        wait_until(lambda: api.requests["GET /ocr-invoice-job"], "A look at the jobs")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    [job_id] = api.jobs
    assert process.returncode == 130
    assert err == (
        f"invoice-capture: Stopped. 1 job goes on by itself; follow it with: invoice-capture watch {job_id}\n"
    )
    assert (job_id in out) is as_json
