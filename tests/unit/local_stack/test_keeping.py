"""Jobs that a stack keeps are there again in the next one, and leave nothing when they are deleted."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from local_stack.keeping import files
from local_stack.keeping.folder import KeepFolder
from local_stack.keeping.keeper import Keeper
from local_stack.keeping.telling import command_line, farewell, fate
from local_stack.serve import make_key
from local_stack.stack import LocalStack
from tests.waiting import wait_until

SAMPLES = Path("samples/documents")
PDF, XML, OTHER_XML = (
    SAMPLES / name for name in ("english_gbp_classic.pdf", "cii_germany.xml", "peppol_ubl_belgium.xml")
)
NEVER = {"scripted": {"latency_seconds": "1000000"}}


@dataclass
class Served:
    """A stack with its keeper, and what a client does with its API."""

    stack: LocalStack
    keeper: Keeper
    key: str
    told: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, key: str | None = None, **arguments: Any) -> requests.Response:
        url = f"{self.stack.api_url}{path}"
        return requests.request(
            method, url, headers={"api-key": key or self.key}, timeout=30, allow_redirects=False, **arguments
        )

    def data(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def order(self, file: Path, number: str, key: str | None = None, template: str = "default") -> str:
        """The id of a job that is not started yet."""
        offer = self.ask("POST", "/uploads", key, json={"documentName": file.name}).json()["data"]
        form = requests.post(offer["url"], data=offer["fields"], files={"file": file.read_bytes()}, timeout=30)
        assert form.status_code == 204
        order = {"jobNumber": number, "documentName": file.name, "template": template}
        made = self.ask("POST", "/ocr-invoice-job", key, json=order | {"documentUrl": offer["documentUrl"]})
        assert made.ok, made.text
        return str(made.json()["data"]["_id"])

    def capture(self, file: Path, number: str, key: str | None = None) -> str:
        """The id of a job that has ended."""
        job_id = self.order(file, number, key)
        assert self.ask("POST", f"/ocr-invoice-job/{job_id}/process", key).ok
        wait_until(lambda: self.data(f"/ocr-invoice-job/{job_id}")["status"] in {"completed", "failed"}, "The end")
        return job_id


@contextmanager
def served(path: Path) -> Iterator[Served]:
    told: list[str] = []
    with closing(KeepFolder(path)) as folder:
        keeper = Keeper(folder, told.append)
        with LocalStack(api_port=0, keeper=keeper, provider_settings=NEVER) as stack:
            key = keeper.key() or make_key(stack)
            keeper.keep_key(key)
            yield Served(stack, keeper, key, told)


def seen(client: Served, job_id: str) -> dict[str, Any]:
    """Everything that the API tells of a job, but for the name of the bucket."""
    parts = {path: client.ask("GET", f"/ocr-invoice-job/{job_id}{path}") for path in ("", "/invoice", "/submissions")}
    link = client.ask("GET", f"/ocr-invoice-job/{job_id}/document").headers.get("Location")
    document = requests.get(link, timeout=30).content if link else None
    texts = {path: json.loads(part.text.replace(client.stack.bucket, "BUCKET")) for path, part in parts.items()}
    return texts | {"document": document}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder as a stopped stack left it, and what was seen of its jobs."""
    path = tmp_path_factory.mktemp("keep") / "kept"
    with served(path) as client:
        acme = _key_of(client, "acme")
        jobs = {
            "captured": client.capture(PDF, "N-1"),
            "confirmed": client.capture(XML, "N-2"),
            "of another": client.capture(PDF, "N-1", acme),
            "refused": client.capture(SAMPLES / "not_really_a_pdf.pdf", "N-3"),
            "duplicate": client.capture(PDF, "N-4"),
            "created": client.order(OTHER_XML, "N-5"),
            "deleted": client.capture(OTHER_XML, "N-6"),
        }
        values = {"values": {"total": "1.00"}}
        assert client.ask("POST", f"/ocr-invoice-job/{jobs['confirmed']}/confirm", json=values).ok
        upload = client.stack.upload("incoming/dropped.pdf", (SAMPLES / "factur-x_en16931_austria.pdf").read_bytes())
        jobs["dropped"] = client.stack.wait_for(upload)
        unfinished = client.order(SAMPLES / "dutch_eur_labels_below.pdf", "N-7", template="scripted")
        assert client.ask("POST", f"/ocr-invoice-job/{unfinished}/process").ok
        wait_until(lambda: client.data(f"/ocr-invoice-job/{unfinished}")["status"] == "processing")
        assert client.ask("DELETE", f"/ocr-invoice-job/{jobs['deleted']}").ok
        assert not (path / jobs["deleted"]).exists(), "it is gone when the answer comes"
        known = {name: seen(client, job_id) for name, job_id in jobs.items() if name != "deleted"}
        total = client.ask("GET", "/ocr-invoice-job").json()["total"]
        key = client.key
    assert client.told == []
    assert [job.name for job in client.keeper.unfinished] == ["dutch_eur_labels_below.pdf"]
    return path, {"jobs": jobs, "unfinished": unfinished, "seen": known, "total": total, "key": key, "acme": acme}


def _key_of(client: Served, name: str) -> str:
    from invoice_capture.aws.clients import Clients
    from invoice_capture.aws.key_store import DynamoDBKeyStore
    from invoice_capture.aws.table import Table
    from invoice_capture.aws.usage_plans import ApiGatewayUsagePlans
    from invoice_capture.use_cases.client.manage_keys import ManageKeys

    clients, stack = Clients(), client.stack
    plans = ApiGatewayUsagePlans(clients, stack.usage_plan_id)
    return ManageKeys(DynamoDBKeyStore(Table(clients, stack.table)), plans, stack.clock).create(name)[1]


@pytest.fixture(scope="module")
def after(before: tuple[Path, dict[str, Any]]) -> Iterator[Served]:
    """The next stack."""
    with served(before[0]) as client:
        yield client


@pytest.fixture(scope="module")
def known(before: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    return before[1]


def test_every_job_is_told_of_as_before(after: Served, known: dict[str, Any]) -> None:
    assert after.key == known["key"]
    for name, told in known["seen"].items():
        assert seen(after, known["jobs"][name]) == told, name
    assert known["seen"]["confirmed"]["/invoice"]["data"]["confirmed"] is True


def test_the_list_has_all_of_them_and_their_number(after: Served, known: dict[str, Any]) -> None:
    listed = after.ask("GET", "/ocr-invoice-job").json()
    expected = {job_id for name, job_id in known["jobs"].items() if name != "deleted"} | {known["unfinished"]}
    assert {job["_id"] for job in listed["data"]} == expected
    assert listed["total"] == known["total"] == len(expected)
    theirs = after.ask("GET", "/ocr-invoice-job", known["acme"]).json()
    assert ([job["_id"] for job in theirs["data"]], theirs["total"]) == ([known["jobs"]["of another"]], 1)


def test_nothing_was_taken_in_a_second_time(after: Served, known: dict[str, Any]) -> None:
    assert after.stack.executions(known["jobs"]["dropped"]) == []
    assert after.stack.uploads_given_up() == 0


def test_a_number_stays_taken_and_a_document_known(after: Served, known: dict[str, Any]) -> None:
    order = {"jobNumber": "N-1", "documentName": "a.pdf", "template": "default", "documentUrl": "https://a.example/x"}
    assert after.ask("POST", "/ocr-invoice-job", json=order).status_code in {400, 409}
    again = after.capture(PDF, "N-8")
    assert after.data(f"/ocr-invoice-job/{again}")["duplicateOf"] == known["jobs"]["captured"]


def test_a_job_that_was_not_finished_has_failed_and_is_told_and_retried(after: Served, known: dict[str, Any]) -> None:
    job_id = known["unfinished"]
    job = after.data(f"/ocr-invoice-job/{job_id}")
    assert job["status"] == "failed"
    assert job["errorLog"].startswith("StackStopped: The local stack stopped before dutch_eur_labels_below.pdf was")
    assert "whether scripted has it already" in job["errorLog"]
    assert [kept.job_id for kept in after.keeper.interrupted] == [job_id]
    assert f"dutch_eur_labels_below.pdf.\nStart again with:\n\n  {command_line()} retry {job_id}\n" in fate(
        after.keeper
    )
    assert after.ask("POST", f"/ocr-invoice-job/{job_id}/retry").ok
    wait_until(lambda: after.data(f"/ocr-invoice-job/{job_id}")["status"] == "processing")


def test_a_job_that_was_not_started_can_be(after: Served, known: dict[str, Any]) -> None:
    job_id = known["jobs"]["created"]
    assert after.ask("POST", f"/ocr-invoice-job/{job_id}/process").ok
    wait_until(lambda: after.data(f"/ocr-invoice-job/{job_id}")["status"] == "completed")
    kept = after.keeper.folder.path / job_id
    wait_until((kept / "invoice.json").exists)
    assert (kept / "document" / OTHER_XML.name).read_bytes() == OTHER_XML.read_bytes()


def test_confirming_updates_the_folder_and_deleting_empties_it(after: Served, known: dict[str, Any]) -> None:
    job_id = known["jobs"]["dropped"]
    kept = after.keeper.folder.path / job_id
    assert after.ask("POST", f"/ocr-invoice-job/{job_id}/confirm", json={"values": {"total": "7.77"}}).ok
    wait_until(lambda: json.loads((kept / "invoice.json").read_text())["confirmed"])
    assert json.loads((kept / "invoice.json").read_text())["invoice"]["total"]["value"] == "7.77"
    assert after.ask("DELETE", f"/ocr-invoice-job/{job_id}").ok
    assert not kept.exists()
    wait_until(lambda: not after.stack.rows(f"JOB#{job_id}"))
    wait_until(lambda: not list(after.keeper.folder.path.glob(".*.erased")))
    assert not kept.exists(), "nobody writes it once more"
    document = {"Bucket": after.stack.bucket, "Prefix": "incoming/"}
    assert "Versions" not in after.stack.s3.list_object_versions(**document)


def test_a_full_disk_is_told_at_once_and_what_it_did_not_take_is_tried_again(
    after: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    after.told.clear()
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        job_id = after.capture(SAMPLES / "spanish_eur_two_pages.pdf", "N-9")
        wait_until(lambda: job_id in after.keeper.lost)
        path = after.keeper.folder.path
        assert after.told == [
            f"Job {job_id} (spanish_eur_two_pages.pdf) could not be kept in {path}: No space left on device. "
            "This is tried again every 5 seconds."
        ]
        assert (
            f"NOT UP TO DATE there, as it could not be written to: Job {job_id} (spanish_eur_two_pages.pdf)."
            in farewell(after.keeper)
        )
    wait_until(lambda: not after.keeper.lost)
    assert after.told[1:] == [f"{path} can be written to again: everything is kept."]
    assert (path / job_id / "invoice.json").exists()
