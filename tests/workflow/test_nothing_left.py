"""Erased through the API or past its retention, a job leaves nothing: no item, no object, no version, no marker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from local_stack.serve import make_key
from local_stack.stack import LocalStack
from local_stack.template import translate
from tests.lifecycle import Version, after
from tests.template.test_lifecycle import rules_of
from tests.waiting import wait_until
from tests.workflow.conftest import Stacks
from tools.api_statuses import Client
from tools.stage import SAMPLES, TEMPLATE

_PDF = (SAMPLES / "dutch_eur_labels_below.pdf").read_bytes()
_JOBS, _JOB = "/ocr-invoice-job", "/ocr-invoice-job/{id}"
_A_DAY = 24 * 3600
_A_WEEK = 7.0 * _A_DAY
_RETENTION_DAYS = 3
# What is about no job and no document: who shares a provider, how many jobs there were, what clients used and what that
# cost, keys of the API, and for a day the hash of an Idempotency-Key with the id of its job.
_OF_NO_JOB = {"PROVIDER", "PROVIDERS", "COUNTS", "USED", "SPENT", "KEYS", "IDEMPOTENCY"}


@dataclass
class Jobs:
    """Jobs of every kind; ``ids`` by what became of them."""

    stack: LocalStack
    client: Client
    ids: dict[str, str] = field(default_factory=dict)

    def drop(self, name: str, content: bytes, key: str | None = None) -> None:
        upload = self.stack.upload(key or f"incoming/{name}.pdf", content)
        self.ids[name] = self.stack.wait_for(upload, give_up_after=200 * 3600)

    def upload(self, name: str, content: bytes, template: str = "embedded", **headers: str) -> str:
        form = {"file": (f"{name}.pdf", content)}
        created = self.client.ask(
            "POST", f"{_JOBS}/documents", files=form, data={"template": template}, headers=headers
        )
        self.ids[name] = created.json()["data"]["_id"]
        return self.ids[name]

    def form(self, name: str, *contents: bytes) -> str:
        """Use one form for each of the contents; returns the URL to order a job with."""
        offered = self.client.ask("POST", "/uploads", json={"documentName": f"{name}.pdf"}).json()["data"]
        for content in contents:
            form = {"file": content}
            requests.post(offered["url"], data=offered["fields"], files=form, timeout=30).raise_for_status()
        return str(offered["documentUrl"])

    def order(self, name: str, link: str, *, start: bool = True) -> None:
        self.ids[name] = self.client.order(name, link)
        if start:
            self.client.end(self.ids[name])

    def make(self) -> None:
        self.drop("dropped", _PDF)
        self.drop("dropped twice", _PDF)
        self.drop("overwritten", _PDF + b"1", "incoming/invoice.pdf")
        self.drop("overwriting", _PDF + b"2", "incoming/invoice.pdf")
        self.drop("removed by its owner", _PDF + b"3")
        self.stack.s3.delete_object(Bucket=self.stack.bucket, Key="incoming/removed by its owner.pdf")
        self.drop("empty", b"")
        self.stack.scripted.script.unusable_results = 1
        self.drop("failed", _PDF + b"4", "incoming/scripted/failed.pdf")
        self.order("by form", self.form("form", _PDF + b"5", _PDF + b"6", _PDF + b"7"))
        self.order("never started", self.form("draft", _PDF + b"8"), start=False)
        self.order("nothing there", self.form("gone"))
        self.client.end(self.upload("uploaded", _PDF + b"9", **{"idempotency-key": "once"}))
        link = self.client.ask("GET", f"{_JOB}/document", self.ids["uploaded"]).headers["Location"]
        self.order("by link", link)
        self.order("a duplicate by form", self.form("twice", _PDF + b"5"))
        self.client.end(self.upload("corrected", _PDF + b"10"))
        self.client.ask("POST", f"{_JOB}/confirm", self.ids["corrected"], json={"values": {"total": "1.00"}})
        self.stack.scripted.script.unusable_results = 1
        self.client.end(self.upload("retried", _PDF + b"11", "scripted"))
        assert self.client.ask("POST", f"{_JOB}/retry", self.ids["retried"]).status_code == 200
        wait_until(lambda: self.status("retried") == "CAPTURED")
        assert self.status("by form") == "CAPTURED"
        wait_until(lambda: not any(job.get("announcement") for job in map(self.stack.job, self.ids.values())))

    def make_an_open_one(self) -> None:
        self.stack.scripted.script.latency_seconds = _A_WEEK
        self.upload("open", _PDF + b"12", "scripted")
        wait_until(lambda: self.status("open") == "SUBMITTED")

    def status(self, name: str) -> str:
        return str(self.stack.job(self.ids[name]).get("status"))

    def statuses(self) -> set[str]:
        return {self.status(name) for name in self.ids}

    def items(self) -> list[dict[str, Any]]:
        """Every item of the table that is about a job, or names one or its document."""
        pages = self.stack.dynamodb.get_paginator("scan").paginate(TableName=self.stack.table)
        items = [item for page in pages for item in page["Items"]]
        return [item for item in items if not self._is_of_no_job(item)]

    def _is_of_no_job(self, item: dict[str, Any]) -> bool:
        kind, text = item["PK"]["S"].partition("#")[0], json.dumps(item, default=repr)
        names_one = kind != "IDEMPOTENCY" and any(job_id in text for job_id in self.ids.values())
        return kind in _OF_NO_JOB and ".pdf" not in text and not names_one

    def versions(self) -> list[Version]:
        """Every version and marker of the bucket."""
        pages = self.stack.s3.get_paginator("list_object_versions").paginate(Bucket=self.stack.bucket)
        return [
            Version(entry["Key"], entry["VersionId"], entry["LastModified"], is_marker)
            for page in pages
            for name, is_marker in (("Versions", False), ("DeleteMarkers", True))
            for entry in page.get(name, [])
        ]


@pytest.fixture
def jobs(stacks: Stacks) -> Iterator[Jobs]:
    """A stack of its own: its bucket and its table are looked at as a whole."""
    stacks.close()
    parameters = {
        **{"RequestsPerSecond": "1000", "RequestBurst": "1000", "JobDeadlineHours": "336"},
        "RetentionDays": str(_RETENTION_DAYS),
    }
    with LocalStack(time_scale=2_000, api_port=0, parameters=parameters) as stack:
        # So that their retention is not over before they have ended.
        yield Jobs(stack, Client(str(stack.api_url), make_key(stack)))
        assert [str(denial) for denial in stack.permissions.denied] == []


def test_an_erased_job_leaves_nothing_whatever_became_of_it(jobs: Jobs) -> None:
    jobs.make()
    jobs.make_an_open_one()
    assert jobs.statuses() == {"CAPTURED", "DUPLICATE", "REJECTED", "FAILED", "CREATED", "SUBMITTED"}
    # One by one: what is left of a job must not be what another one still needs.
    for name, job_id in jobs.ids.items():
        assert jobs.client.ask("DELETE", _JOB, job_id).status_code == 200, name
        wait_until(lambda job_id=job_id: not jobs.stack.job(job_id))
        # Another job may name this one: as the first of a duplicate, or by a link to its document.
        left = [item for item in jobs.items() if job_id in item["PK"]["S"] or item.get("job_id") == {"S": job_id}]
        assert [item for item in left if item["SK"] != {"S": "HISTORY"}] == [], name
        objects = [version for version in jobs.versions() if f"/{job_id}/" in version.key]
        assert [version for version in objects if not version.key.startswith("history/")] == [], name
    # Histories follow within the minute, by the stream of the table.
    jobs.stack.clock.advance(60)
    wait_until(lambda: jobs.items() == [])
    # The form that nothing was ordered of: a duplicate's own upload went with it, "gone" was never sent.
    wait_until(lambda: jobs.versions() == [])


def test_a_day_after_its_retention_nothing_of_a_job_is_left(jobs: Jobs) -> None:
    jobs.make()
    unused = unquote(jobs.form("never ordered", _PDF + b"13", _PDF + b"14"))
    jobs.make_an_open_one()
    rows = jobs.stack.dynamodb.scan(TableName=jobs.stack.table)["Items"]
    assert {"JOB", "SHA256", "CLIENT"} <= {item["PK"]["S"].partition("#")[0] for item in rows}
    jobs.stack.clock.advance((_RETENTION_DAYS + 1) * _A_DAY)
    open_id = jobs.ids.pop("open")
    wait_until(lambda: all(not jobs.stack.job(job_id) for job_id in jobs.ids.values()))
    jobs.stack.clock.advance(60)
    wait_until(lambda: not any(job_id in str(jobs.versions()) for job_id in jobs.ids.values()))
    # What is open is whole, and so are its document, its fingerprint and its history.
    assert jobs.stack.job(open_id)["status"] == "SUBMITTED"
    kinds = {item["PK"]["S"].partition("#")[0] for item in jobs.items()}
    assert kinds == {"JOB", "SHA256", "CLIENT", "REFERENCE"}
    assert all(open_id in json.dumps(item, default=repr) for item in jobs.items())
    document = jobs.stack.job(open_id)["document"]
    left = {version.key for version in jobs.versions() if not version.key.startswith(("uploads/", "history/"))}
    assert left == {document["key"]}
    assert any(version.key.startswith(f"history/{open_id}/") for version in jobs.versions())
    # What no job was ordered of is S3's to remove, by the template's own rules.
    uploads = [version for version in jobs.versions() if version.key.startswith("uploads/")]
    assert len([version for version in uploads if version.key in unused]) == 2
    later = max(version.stored_at for version in uploads).timestamp() + 5 * _A_DAY
    moment = uploads[0].stored_at.fromtimestamp(later, uploads[0].stored_at.tzinfo)
    assert after(uploads, rules_of(translate(TEMPLATE).cloudformation, _RETENTION_DAYS), moment) == []
    # It ends, is told, and goes as well.
    jobs.stack.clock.advance(_A_WEEK)
    wait_until(lambda: not jobs.stack.job(open_id))
    jobs.stack.clock.advance(60)
    wait_until(lambda: jobs.items() == [])
    wait_until(lambda: all(version.key.startswith("uploads/") for version in jobs.versions()))
