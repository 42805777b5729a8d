"""A document is brought into the bucket once, at the place its order says, and is never left behind for nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invoice_capture.domain.errors import (
    DocumentElsewhere,
    DocumentMissing,
    DocumentTooLarge,
    DuplicateDocument,
    EmptyDocument,
    JobClosed,
    JobDeadlineExceeded,
    LinkForbidden,
    LinkUnanswered,
)
from invoice_capture.domain.job import Job, JobStatus
from tests.fakes.world import PDF
from tests.unit.use_cases.client_world import EVIL, MAXIMUM_BYTES, OPS, URL, ClientWorld


def started(world: ClientWorld, number: str = "N1", **changes: object) -> Job:
    return world.process(world.create(number, **changes))


def uploaded(world: ClientWorld, content: bytes, name: str = "a.pdf") -> str:
    upload = world.offer(name)
    world.documents.put(upload.form.fields["key"], content)
    return upload.document_url


def test_a_fetched_document_lies_where_its_order_says_and_the_job_knows() -> None:
    world = ClientWorld()
    job = started(world)
    document = world.fetch(job)
    assert document == replace(job.document, version_id=document.version_id, size=len(PDF), is_stored=True)
    assert world.documents.read(document) == PDF
    assert world.now(job).document == document
    assert world.now(job).status is JobStatus.RECEIVED


def test_a_repeat_of_the_step_fetches_nothing_again() -> None:
    world = ClientWorld()
    job = started(world)
    assert world.fetch(job) == world.fetch(job)
    assert world.links.fetched == [URL]
    assert len(world.documents.objects) == 1


def test_an_upload_is_copied_in_its_latest_version_so_that_its_job_has_it_alone() -> None:
    world = ClientWorld()
    url = uploaded(world, b"first")
    job = started(world, document_url=url)
    upload = job.order.object_key
    world.documents.put(upload, PDF, "v2")
    document = world.fetch(job)
    assert (document.key, document.size) == (f"documents/acme/{job.job_id}/a.pdf", len(PDF))
    assert world.documents.read(document) == PDF
    assert world.links.fetched == []
    world.documents.remove_all(document.bucket, upload)
    assert world.fetch(job) == document
    assert world.documents.read(document) == PDF


def test_what_a_form_of_the_previous_release_stored_for_a_job_of_it_is_used_where_it_lies() -> None:
    world = ClientWorld()
    stored = world.documents.put("documents/acme/1/a.pdf", PDF)
    job = started(world, document_url=f"s3://{stored.bucket}/{stored.key}")
    world.jobs.jobs[job.job_id] = job = replace(world.now(job), document=replace(stored, is_stored=False))
    assert world.fetch(job) == stored
    assert len(world.documents.objects) == 1


def test_a_dropped_document_is_used_where_it_lies() -> None:
    world = ClientWorld()
    dropped = world.receive().document
    job = world.process(world.create("N1", OPS, document_url=f"s3://{dropped.bucket}/{dropped.key}"), OPS)
    assert world.fetch(job) == dropped


def test_an_url_in_capitals_names_an_upload_too() -> None:
    world = ClientWorld()
    job = started(world, document_url=uploaded(world, PDF).replace("s3:", "S3:"))
    assert world.fetch(job).size == len(PDF)
    assert world.links.fetched == []


@pytest.mark.parametrize(
    ("content", "error"),
    [(None, DocumentMissing), (b"", EmptyDocument), (bytes(MAXIMUM_BYTES + 1), DocumentTooLarge)],
)
def test_an_upload_that_cannot_be_used_is_refused_by_name(content: bytes | None, error: type[Exception]) -> None:
    world = ClientWorld()
    url = uploaded(world, content or b"")
    job = started(world, document_url=url)
    if content is None:
        world.documents.objects.clear()
    with pytest.raises(error, match=r"a\.pdf"):
        world.fetch(job)
    assert not world.now(job).document.is_stored


@pytest.mark.parametrize("error", [LinkForbidden("It leads to 127.0.0.1."), LinkUnanswered("It does not answer.")])
def test_a_link_that_gives_nothing_leaves_nothing(error: Exception) -> None:
    world = ClientWorld()
    world.links.served[URL] = error
    job = started(world)
    with pytest.raises(type(error)):
        world.fetch(job)
    assert world.documents.objects == {}
    assert not world.now(job).document.is_stored


def test_a_job_that_is_gone_or_was_dropped_has_nothing_to_fetch() -> None:
    world = ClientWorld()
    with pytest.raises(JobClosed):
        world.fetch(world.receive())
    job = started(world)
    del world.jobs.jobs[job.job_id]
    with pytest.raises(JobClosed):
        world.fetch(job)
    assert world.links.fetched == []


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SUBMITTED])
def test_what_is_fetched_for_a_job_that_ended_meanwhile_is_removed_again(status: JobStatus) -> None:
    world = ClientWorld()
    job = started(world)
    _end_while_fetching(world, job, status)
    with pytest.raises(JobClosed):
        world.fetch(job)
    assert world.documents.objects == {}


def test_an_upload_whose_job_ended_meanwhile_stays_its_clients() -> None:
    world = ClientWorld()
    job = started(world, document_url=uploaded(world, PDF))
    world.jobs.jobs[job.job_id] = replace(world.now(job), status=JobStatus.FAILED)
    with pytest.raises(JobClosed):
        world.fetch(job)
    assert len(world.documents.objects) == 1


def test_a_slow_fetch_that_was_repeated_does_not_take_the_document_away() -> None:
    """In a bucket without versions both write the same object, which the job uses by now."""
    world = ClientWorld()
    job = started(world)
    stored = world.fetch(job)
    world.jobs.jobs[job.job_id] = replace(world.now(job), document=replace(job.document, is_stored=False))
    fetch = world.links.fetch

    def slow(url: str, name: str):
        world.jobs.jobs[job.job_id] = replace(world.now(job), status=JobStatus.SUBMITTED, document=stored)
        world.documents.write = lambda bucket, key, content: stored
        return fetch(url, name)

    world.links.fetch = slow
    with pytest.raises(JobClosed):
        world.fetch(job)
    assert world.documents.read(stored) == PDF


# --- how Submit Document asks for it ---------------------------------------------------------------------------------


def test_a_document_that_lies_elsewhere_is_fetched_before_anything_else() -> None:
    world = ClientWorld()
    job = started(world)
    token = world.submit(job)
    assert isinstance(world.tokens.outcomes[token], DocumentElsewhere)
    assert "a.pdf" in str(world.tokens.outcomes[token])
    assert (world.provider.accepted, world.rows_of(job), world.jobs.fingerprints) == ([], [], {})
    world.submit(replace(job, document=world.fetch(job)))
    assert world.provider.accepted == [job.job_id]


def test_past_its_deadline_nothing_is_fetched_any_more() -> None:
    world = ClientWorld()
    job = started(world)
    world.clock.forward(72 * 3600)
    assert isinstance(world.tokens.outcomes[world.submit(job)], JobDeadlineExceeded)


def test_the_same_bytes_of_one_client_are_paid_for_once() -> None:
    world = ClientWorld()
    first = started(world, "first")
    world.run(first)
    second = started(world, "second", document_url=uploaded(world, PDF))
    token = world.run(second)
    assert isinstance(world.tokens.outcomes[token], DuplicateDocument)
    assert world.provider.accepted == [first.job_id]


def test_clients_neither_see_nor_hinder_each_other_by_the_same_bytes() -> None:
    world = ClientWorld()
    dropped = world.receive()
    world.submit(dropped)
    jobs = [world.create("N1", principal) for principal in (EVIL, OPS)]
    jobs.append(world.create("N1"))
    for job, principal in zip(jobs, (EVIL, OPS, OPS), strict=True):
        world.process(job, principal)
        world.run(job)
    assert world.provider.accepted == [dropped.job_id, *(job.job_id for job in jobs)]
    assert [world.now(job).duplicate_of for job in jobs] == [None] * 3


def _end_while_fetching(world: ClientWorld, job: Job, status: JobStatus) -> None:
    fetch = world.links.fetch

    def slow(url: str, name: str):
        world.jobs.jobs[job.job_id] = replace(world.now(job), status=status)
        return fetch(url, name)

    world.links.fetch = slow
