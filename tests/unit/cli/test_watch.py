"""``watch``: follows until the end, and says what it follows."""

from __future__ import annotations

import os
import sys

import pytest

from invoice_capture_cli.following import GONE, Following
from invoice_capture_cli.http_api import HttpApi
from invoice_capture_cli.jobs import Jobs
from tests.unit.cli.conftest import Cli, lines
from tests.unit.cli.fake_api import KEY, FakeApi
from tests.waiting import PATIENCE_SECONDS, child, terminal


def test_without_ids_all_that_are_under_way_are_followed(cli: Cli, api: FakeApi) -> None:
    first, second = api.add(status="queued"), api.add(status="processing")
    others = [api.add(status=status) for status in ("created", "completed", "failed")]
    api.looks = 2
    result = cli("watch")
    assert result.exit_code == 0
    assert {api.jobs[job_id]["status"] for job_id in (first, second)} == {"completed"}
    assert first in result.stdout
    assert second in result.stdout
    assert not any(job_id in result.stdout for job_id in others)


def test_json_tells_every_change(cli: Cli, api: FakeApi) -> None:
    good = api.add(status="queued")
    bad = api.add(status="queued", documentName="bad.pdf")
    api.looks = 3
    result = cli("watch", bad, good, "--json")
    changes = [(line["_id"], line["status"]) for line in lines(result)]
    assert [status for job_id, status in changes if job_id == bad][-2:] == ["processing", "failed"]
    assert [status for job_id, status in changes if job_id == good][-1] == "completed"
    assert result.exit_code == 1


def test_there_may_be_nothing_to_watch(cli: Cli) -> None:
    result = cli("watch")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No job is under way.\n")


def test_an_unknown_id_is_wrong_usage(cli: Cli, api: FakeApi) -> None:
    result = cli("watch", api.add(status="queued"), "nope")
    assert result.exit_code == 2
    assert "There is no job nope." in result.stderr


def test_a_job_that_was_never_started_is_not_waited_for(cli: Cli, api: FakeApi) -> None:
    result = cli("watch", api.add())
    assert result.exit_code == 2
    assert "never started" in result.stderr


def test_a_terminal_gets_a_live_table(api: FakeApi) -> None:
    job_id = api.add(status="queued")
    api.looks = 2
    environment = {
        **os.environ,
        "INVOICE_CAPTURE_URL": api.url,
        "INVOICE_CAPTURE_KEY": KEY,
        "TERM": "xterm-256color",
        "COLUMNS": "120",
    }
    command = [sys.executable, "-m", "invoice_capture_cli", "watch"]
    with terminal() as shown, child(command, env=environment, stdout=shown.side, stderr=shown.side) as process:
        assert process.wait(PATIENCE_SECONDS) == 0
        text = shown.read_all()
    assert "0 of 1 ended" in text
    assert "✓ completed" in text
    assert job_id in text
    assert "\x1b[32m" in text


def _following(api: FakeApi, ids: list[str], pauses: list[float]) -> Following:
    elapsed = [0.0]

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        elapsed[0] += seconds

    return Following(Jobs(HttpApi(api.url, KEY)), ids, sleep=sleep, monotonic=lambda: elapsed[0])


def test_pauses_grow_up_to_a_quarter_of_a_minute(api: FakeApi) -> None:
    api.looks = 130
    pauses: list[float] = []
    following = _following(api, [api.add(status="queued")], pauses)
    assert sum(len(changed) for changed in following.until_ended()) == 2
    assert pauses == sorted(pauses)
    assert pauses[-1] == 15


def test_a_timeout_ends_in_time(api: FakeApi) -> None:
    pauses: list[float] = []
    following = _following(api, [api.add(status="queued", documentName="slow.pdf")], pauses)
    list(following.until_ended(timeout=7))
    assert sum(pauses) == pytest.approx(7, abs=0.1)
    assert len(following.unfinished) == 1


def test_a_job_that_is_deleted_meanwhile_is_not_waited_for(api: FakeApi) -> None:
    following = _following(api, ["gone"], [])
    assert [[job["status"] for job in changed] for changed in following.until_ended()] == [[GONE]]


def test_many_jobs_are_asked_for_in_urls_of_bearable_length(api: FakeApi) -> None:
    ids = [api.add(status="completed") for _ in range(120)]
    assert set(Jobs(HttpApi(api.url, KEY)).listed(ids)) == set(ids)
    assert api.requests["GET /ocr-invoice-job"] == 3
