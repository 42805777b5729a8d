"""A stack is updated while jobs wait: nothing is lost, sent again, or told wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack.serve import make_key
from local_stack.stack import PROJECT
from tests.releases.recording import FOLDER
from tests.releases.restoring import Recording, updated, with_definitions
from tests.waiting import wait_until
from tests.workflow.conftest import Stacks
from tools.api_statuses import Client

_RELEASES = sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("by", ["definitions of then", "present definitions"])
@pytest.mark.parametrize("release", _RELEASES)
def test_jobs_of_a_release_go_on(release: str, by: str, stacks: Stacks, tmp_path: Path) -> None:
    stacks.close()
    recording = Recording.of(release)
    template = with_definitions(recording, tmp_path) if by == "definitions of then" else PROJECT / "template.yaml"
    with updated(recording, template) as (stack, restored):
        jobs, client = restored.content["jobs"], Client(str(stack.api_url), make_key(stack))
        client.end(jobs["ordered"])
        wait_until(lambda: all("finished_at" in stack.job(job_id) for job_id in jobs.values()), "The end of all jobs")
        stack.sweep()
        statuses = {name: stack.job(job_id)["status"] for name, job_id in jobs.items()}
        assert statuses == dict.fromkeys(jobs, "CAPTURED") | {"owed": "REJECTED"}
        # The provider has what it had, and what was not told before was told once.
        assert len(stack.scripted.accepted) == len(restored.content["accepted"]) == 1
        told = [notice.message["job_id"] for notice in stack.notifications()]
        assert sorted(told) == sorted(job_id for name, job_id in jobs.items() if name != "captured")
        assert not any("possible_double_charge" in stack.job(job_id) for job_id in jobs.values())
        answer = client.ask("GET", "/ocr-invoice-job/{id}/invoice", jobs["captured"])
        assert answer.json()["data"] == restored.content["invoice"]
        assert [str(denial) for denial in stack.permissions.denied] == []
