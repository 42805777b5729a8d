"""A provider that the local stack simulates is called so, in every heading and in JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invoice_capture_cli import running
from invoice_capture_cli.simulated import marked, provider_of
from invoice_capture_cli.targets import Target
from tests.unit.cli.conftest import Cli, lines
from tests.unit.cli.fake_api import KEY, FakeApi

HEADINGS = ("Jobs", "Invoice", "Taxes", "Lines", "Findings", "Submissions", "Timeline", "Invoices", "Submitted")


@pytest.fixture
def local(bare: Cli, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command against a local stack that simulates ABBYY and the scripted provider."""
    target = Target(api.url, KEY, None, simulated=frozenset({"abbyy", "scripted"}))
    monkeypatch.setattr(running, "choose", lambda *_: target)
    return bare


def headings(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip().partition(" · ")[0] in HEADINGS}


def test_every_heading_says_so(local: Cli, api: FakeApi, files: Any) -> None:
    submission = {"number": 1, "provider": "abbyy", "state": "DONE", "attempts": 1}
    api.makes = {"provider": "abbyy", "route": ["abbyy"]}
    job_id = api.add(status="completed", _submissions=[submission])
    api.jobs[job_id]["provider"] = "abbyy"
    for command in (["list"], ["show", job_id], ["submit", *files("one.pdf")]):
        shown = headings(local(*command).stdout)
        assert shown
        assert all(heading.endswith(" · abbyy (simulated)") for heading in shown), shown
    assert "abbyy (simulated)" in local("watch", job_id).stdout


def test_json_says_so(local: Cli, api: FakeApi, files: Any) -> None:
    simulated = api.add(status="queued", documentName="slow.pdf", route=["abbyy?", "embedded"])
    real = api.add(status="completed")
    listed = {job["_id"]: job.get("simulated") for job in json.loads(local("list", "--json").stdout)["jobs"]}
    assert listed == {simulated: True, real: None}
    assert json.loads(local("show", simulated, "--json").stdout)["job"]["simulated"] is True
    api.makes = {"route": ["scripted"]}
    assert [line["job"]["simulated"] for line in lines(local("submit", *files("slow.pdf"), "--json"))] == [True]


def test_a_document_that_goes_to_another_provider_loses_the_mark(local: Cli, api: FakeApi, files: Any) -> None:
    """An e-invoice is read by the engine, whatever its route."""
    api.makes = {"route": ["abbyy"]}
    assert "simulated" not in local("submit", *files("one.xml"), "--wait").stdout


def test_an_api_that_does_not_say_marks_nothing(cli: Cli, api: FakeApi) -> None:
    api.add(status="completed", provider="abbyy")
    assert "simulated" not in cli("list").stdout + cli("list", "--json").stdout


def test_the_route_is_told_until_a_provider_has_the_document() -> None:
    waiting = marked({"route": ["abbyy?", "embedded"]}, {"abbyy"})
    assert provider_of(waiting) == "abbyy (simulated) → embedded"
    assert provider_of({"route": ["abbyy?", "embedded"], "provider": "embedded"}) == "embedded"
    assert provider_of({}) == ""
