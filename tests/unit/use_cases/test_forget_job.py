"""What lies here of a job goes with it, and nothing that another job has; nor is anything written of it afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from invoice_capture.domain.errors import JobClosed
from invoice_capture.domain.job import Job
from tests.fakes.world import PDF
from tests.unit.use_cases.client_world import OPS, ClientWorld
from tests.unit.use_cases.test_erase_job import assert_nothing_left, running


@pytest.mark.parametrize("is_older", [False, True])
def test_deleting_a_duplicate_leaves_the_first_job_its_document(is_older: bool) -> None:
    world = ClientWorld()
    url = _uploaded(world)
    first = world.captured("first", document_url=url)
    second = world.create("second", document_url=url)
    world.process(second)
    world.run(second)
    assert world.now(second).duplicate_of == first.job_id
    if is_older:
        # Jobs of the previous release used an upload where it lay, all those that were ordered of it.
        world.jobs.jobs[second.job_id] = replace(world.now(second), document=first.document)
    world.withdraw(second)
    world.erase(second, was_open=False)
    assert world.documents.read(first.document) == PDF
    world.withdraw(first)
    world.erase(first, was_open=False)
    assert_nothing_left(world, first)


def test_deleting_the_first_job_leaves_a_duplicate_its_document() -> None:
    world = ClientWorld()
    url = _uploaded(world)
    first = world.captured("first", document_url=url)
    second = world.create("second", document_url=url)
    world.process(second)
    world.run(second)
    world.withdraw(first)
    world.erase(first, was_open=False)
    assert_nothing_left(world, first)
    assert world.documents.read(world.now(second).document) == PDF


def test_what_was_uploaded_for_a_job_that_was_never_started_goes_with_it_in_every_version() -> None:
    world = ClientWorld()
    url = _uploaded(world)
    job = world.create(document_url=url)
    world.documents.put(job.order.object_key, b"again", "v2")
    world.withdraw(job)
    world.erase(job, was_open=False)
    assert world.documents.objects == {}


def test_an_order_that_names_the_document_of_another_job_leaves_it_alone() -> None:
    world = ClientWorld()
    first = world.captured("first")
    job = world.create("second", document_url=f"s3://{first.document.bucket}/{first.document.key}")
    world.withdraw(job)
    world.erase(job, was_open=False)
    assert world.documents.read(first.document) == PDF


def test_what_was_dropped_stays_with_the_job_that_was_made_of_it() -> None:
    world = ClientWorld()
    dropped = world.receive().document
    job = world.create("N1", OPS, document_url=f"s3://{dropped.bucket}/{dropped.key}")
    world.withdraw(job, OPS)
    world.erase(job, was_open=False)
    assert world.documents.read(dropped) == PDF


def test_a_fingerprint_and_a_reference_go_with_their_job() -> None:
    world = ClientWorld()
    first = world.captured("first")
    assert list(world.jobs.fingerprints.values()) == [first.job_id]
    world.withdraw(first)
    world.erase(first, was_open=False)
    assert (world.jobs.fingerprints, world.submissions.references) == ({}, {})


def test_a_fingerprint_that_another_job_has_by_now_is_its_own() -> None:
    world = ClientWorld()
    first = world.failed("first")
    second = world.captured("second")
    assert list(world.jobs.fingerprints.values()) == [second.job_id]
    world.withdraw(first)
    world.erase(first, was_open=False)
    assert list(world.jobs.fingerprints.values()) == [second.job_id]


def test_a_marker_of_deletion_goes_with_the_last_version_behind_it() -> None:
    world = ClientWorld()
    job = world.receive(name="invoice.pdf")
    world.submit(job)
    again = world.documents.put(job.document.key, b"dropped again", "v2")
    world.documents.hide(again.key)
    world.withdraw(job, OPS)
    world.erase(job)
    assert (list(world.documents.objects), world.documents.markers) == ([(again.key, "v2")], {again.key})
    world.documents.remove(again)
    assert (world.documents.objects, world.documents.markers) == ({}, set())


def test_deleting_a_duplicate_removes_the_document_of_its_own() -> None:
    world = ClientWorld()
    first = world.captured("first")
    second = world.create("second")
    world.process(second)
    world.run(second)
    world.withdraw(second)
    world.erase(second, was_open=False)
    assert_nothing_left(world, second)
    assert world.documents.read(first.document) == PDF


def _uploaded(world: ClientWorld) -> str:
    upload = world.offer("a.pdf")
    world.documents.put(upload.form.fields["key"], PDF)
    return upload.document_url


# --- what is written of a job in the moment in which it is erased -----------------------------------------------------


def _erase(world: ClientWorld, job: Job) -> None:
    world.withdraw(job)
    world.erase(job)


def test_an_answer_that_is_kept_after_the_erasure_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ClientWorld()
    job, _token = running(world)
    world.finish(job)
    write = world.documents.write_result

    def erased_meanwhile(job_id: str, number: int, provider: str, content: bytes) -> str:
        _erase(world, job)
        return write(job_id, number, provider, content)

    monkeypatch.setattr(world.documents, "write_result", erased_meanwhile)
    world.clock.forward(600)
    world.turn()
    assert_nothing_left(world, job)


def test_a_fingerprint_that_is_claimed_after_the_erasure_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ClientWorld()
    job = world.create()
    world.process(job)
    claim = world.jobs.claim_fingerprint

    def erased_meanwhile(digest: str, job_id: str, now: datetime) -> str:
        _erase(world, job)
        return claim(digest, job_id, now)

    monkeypatch.setattr(world.jobs, "claim_fingerprint", erased_meanwhile)
    assert isinstance(world.tokens.outcomes[world.run(job)], JobClosed)
    assert_nothing_left(world, job)
    assert world.jobs.fingerprints == {}
