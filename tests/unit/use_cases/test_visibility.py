"""A client sees its own jobs and nobody else's, whatever it asks for; who sees all sees all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from invoice_capture.domain.api_errors import JobNotFound
from invoice_capture.domain.client import Principal
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.use_cases.client.find_job import find_capture, find_job, is_visible
from invoice_capture.use_cases.client.list_jobs import Listing
from tests.unit.use_cases.client_world import ACME, EVIL, OPS, ClientWorld, an_order

Deed = Callable[[ClientWorld, Job, Principal], object]
DEEDS: dict[str, Deed] = {
    "find": lambda world, job, who: find_job(world.jobs, job.job_id, who),
    "update": lambda world, job, who: world.update(job, an_order("N9"), who),
    "process": lambda world, job, who: world.process(job, who),
    "retry": lambda world, job, who: world.retry(job, who),
    "withdraw": lambda world, job, who: world.withdraw(job, who),
    "read": lambda world, job, who: world.read(job, who),
    "correct": lambda world, job, who: world.correct(job, {"total": "1"}, who),
    "link": lambda world, job, who: world.link(job, who),
}
ALLOWED_IN = {
    "update": JobStatus.CREATED,
    "process": JobStatus.CREATED,
    "retry": JobStatus.FAILED,
}


def a_job_for(deed: str, world: ClientWorld) -> Job:
    """A job of acme's with which this can be done."""
    match ALLOWED_IN.get(deed):
        case JobStatus.CREATED:
            return world.create()
        case JobStatus.FAILED:
            return world.failed()
    return world.captured()


@pytest.mark.parametrize("deed", DEEDS)
def test_another_clients_job_is_not_there(deed: str) -> None:
    world = ClientWorld()
    job = a_job_for(deed, world)
    executions, queued = dict(world.executions.captures), list(world.functions.queued)
    for stranger in (EVIL, Principal("acm", frozenset()), Principal("", frozenset()), Principal("ACME", frozenset())):
        with pytest.raises(JobNotFound) as refused:
            DEEDS[deed](world, job, stranger)
        assert job.job_id not in str(refused.value)
    assert world.now(job) == job
    assert world.executions.captures == executions
    assert world.functions.queued == queued


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("principal", [ACME, OPS])
def test_the_own_job_is_there_and_so_is_every_job_for_who_sees_all(deed: str, principal: Principal) -> None:
    world = ClientWorld()
    DEEDS[deed](world, a_job_for(deed, world), principal)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_job_that_is_being_deleted_is_there_for_nobody(deed: str) -> None:
    world = ClientWorld()
    job = world.captured()
    world.withdraw(job)
    for principal in (ACME, OPS, EVIL):
        with pytest.raises(JobNotFound):
            DEEDS[deed](world, job, principal)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("job_id", ["", "x", "JOB#1", "ü" * 9, "../x", "A" * 5000, "\ud800", "\0"])
def test_an_id_that_is_none_is_not_found(deed: str, job_id: str) -> None:
    world = ClientWorld()
    job = replace(world.create(), job_id=job_id)
    get = world.jobs.get

    def strict(job_id: str) -> Job | None:
        # DynamoDB takes keys of 2 KB, and no half of a character.
        assert len(job_id.encode()) < 2000
        return get(job_id)

    world.jobs.get = strict
    with pytest.raises(JobNotFound):
        DEEDS[deed](world, job, ACME)


def test_a_dropped_document_is_seen_by_who_sees_all_alone() -> None:
    world = ClientWorld()
    job = world.receive()
    assert is_visible(job, OPS)
    assert not any(is_visible(job, principal) for principal in (ACME, EVIL, Principal("", frozenset())))


def test_another_scope_opens_nothing() -> None:
    world = ClientWorld()
    assert not is_visible(world.create(), Principal("acme-evil", frozenset({"ALL", "al", "admin", ""})))


def test_the_first_job_of_a_duplicate_is_shown_as_far_as_it_may_be_seen() -> None:
    world = ClientWorld()
    foreign = world.captured("N1", EVIL)
    job = replace(world.create(), status=JobStatus.DUPLICATE, duplicate_of=foreign.job_id)
    assert find_capture(world.jobs, job, ACME) == job
    assert find_capture(world.jobs, job, OPS) == foreign
    assert find_capture(world.jobs, replace(job, duplicate_of="gone"), ACME).duplicate_of == "gone"


def test_a_list_has_the_own_jobs_alone_by_every_way_of_asking() -> None:
    from invoice_capture.api.listable import FILTERABLE
    from invoice_capture.domain.filters import parse_filters

    world = ClientWorld()
    mine, foreign = world.captured("N1"), world.captured("N1", EVIL)
    dropped = world.receive()
    asked = [
        Listing(),
        Listing(sort="status"),
        Listing(search="a"),
        *(
            Listing(filters=parse_filters(text, FILTERABLE))
            for text in (
                f'{{"_id": {{"$in": ["{mine.job_id}", "{foreign.job_id}", "{dropped.job_id}"]}}}}',
                '{"jobNumber": "N1"}',
                '{"createdAt": {"$gte": "2020-01-01"}}',
                '{"extractedData.invoice.number": "R-1"}',
            )
        ),
    ]
    for listing in asked:
        page = world.list(listing)
        assert ([row["_id"] for row in page.rows], page.total) == ([mine.job_id], 1)
        page = world.list(listing, Principal("nobody", frozenset()))
        assert (list(page.rows), page.total) == ([], 0)
    assert world.list(Listing(), OPS).total == 3
    assert {row["_id"] for row in world.list(asked[3], OPS).rows} == {mine.job_id, foreign.job_id, dropped.job_id}
    assert world.list(asked[4], OPS).total == 2
