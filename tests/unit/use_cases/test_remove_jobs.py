"""The end of retention: whatever became of a job, nothing of it is left, and nothing goes that is still needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.domain.job import Job, JobStatus
from tests.fakes.world import PDF
from tests.unit.use_cases.client_world import ClientWorld

_RETENTION = timedelta(days=400)


def _corrected(world: ClientWorld) -> Job:
    job = world.captured()
    world.correct(job, {"total": "101.00"})
    return job


def _uploaded(world: ClientWorld) -> Job:
    upload = world.offer("a.pdf")
    world.documents.put(upload.form.fields["key"], PDF)
    return world.captured(document_url=upload.document_url)


def _duplicate(world: ClientWorld) -> Job:
    world.captured("N0")
    job = world.process(world.create())
    world.run(job)
    assert world.now(job).status is JobStatus.DUPLICATE
    return job


def _retried(world: ClientWorld) -> Job:
    job = world.retry(world.failed())
    return world.complete(job, world.run(job))


_JOBS: list[Callable[[ClientWorld], Job]] = [
    ClientWorld.create,
    ClientWorld.captured,
    ClientWorld.failed,
    _corrected,
    _uploaded,
    _duplicate,
    _retried,
]


def _after(world: ClientWorld, retention: timedelta) -> None:
    world.clock.forward((retention + timedelta(days=1)).total_seconds())


@pytest.mark.parametrize("make", _JOBS)
def test_nothing_of_a_job_is_left_when_its_retention_is_over(make: Callable[[ClientWorld], Job]) -> None:
    world = ClientWorld()
    make(world)
    count = len(world.jobs.jobs)
    _after(world, _RETENTION - timedelta(days=2))
    assert world.remove_jobs().jobs_removed == 0
    _after(world, timedelta(days=1))
    removed = world.remove_jobs()
    assert (removed.jobs_removed, removed.problems) == (count, 0)
    assert (world.jobs.jobs, world.submissions.rows, world.jobs.stored, world.documents.results) == ({}, {}, {}, {})
    assert (world.jobs.fingerprints, world.submissions.references, world.orders.numbers) == ({}, {}, {})
    assert world.documents.objects == {}
    assert world.remove_jobs().jobs_removed == 0


def test_a_job_that_is_open_is_let_be_until_it_has_ended_and_was_told() -> None:
    world = ClientWorld()
    job = world.process(world.create())
    token = world.run(job)
    newer = world.captured("N2", document_url=_served(world))
    _after(world, _RETENTION)
    assert world.remove_jobs().jobs_removed == 1
    assert newer.job_id not in world.jobs.jobs
    assert world.documents.read(world.now(job).document) == PDF
    world.messages.faults = [StoreUnavailable("down")]
    world.fail_waiting(job, token)
    assert world.now(job).is_untold
    assert world.remove_jobs().jobs_removed == 0
    world.announce.pay(job.job_id)
    assert world.remove_jobs().jobs_removed == 1
    assert (world.jobs.jobs, world.documents.objects) == ({}, {})


def test_a_job_that_is_started_again_in_this_moment_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ClientWorld()
    job = world.failed()
    _after(world, _RETENTION)
    get = world.jobs.get

    def retried_meanwhile(job_id: str) -> Job | None:
        monkeypatch.undo()
        found = get(job_id)
        world.retry(job)
        return found

    monkeypatch.setattr(world.jobs, "get", retried_meanwhile)
    assert world.remove_jobs().jobs_removed == 0
    assert world.now(job).status is JobStatus.RECEIVED
    assert world.documents.read(world.now(job).document) == PDF


@pytest.mark.parametrize(
    ("store", "method"),
    [("documents", "remove"), ("documents", "remove_results"), ("orders", "erase"), ("submissions", "of_job")],
)
def test_a_removal_that_broke_off_is_finished_by_the_next_run(
    store: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = ClientWorld()
    world.captured()
    _after(world, _RETENTION)

    def down(*_arguments: object) -> None:
        raise StoreUnavailable("It did not answer.")

    monkeypatch.setattr(getattr(world, store), method, down)
    removed = world.remove_jobs()
    assert (removed.jobs_removed, removed.problems) == (0, 1)
    monkeypatch.undo()
    assert world.remove_jobs().jobs_removed == 1
    assert (world.jobs.jobs, world.submissions.rows, world.documents.objects) == ({}, {}, {})


def test_one_job_that_cannot_be_removed_hinders_no_other() -> None:
    world = ClientWorld()
    first = world.captured("N1")
    world.captured("N2", document_url=_served(world))
    world.submissions.broken.add(first.job_id)
    _after(world, _RETENTION)
    removed = world.remove_jobs()
    assert (removed.jobs_removed, removed.problems) == (1, 1)
    assert list(world.jobs.jobs) == [first.job_id]


def test_a_run_ends_before_its_time_is_over() -> None:
    world = ClientWorld()
    for number in range(5):
        job = world.create(f"N{number}")
        world.jobs.jobs[job.job_id] = replace(job, created_at=job.created_at + timedelta(seconds=number))
    _after(world, _RETENTION)
    left = iter([900.0, 500.0, 31.0, 29.0])
    assert world.remove_jobs(lambda: next(left)).jobs_removed == 3
    assert [job.order.job_number for job in world.jobs.jobs.values()] == ["N3", "N4"]
    assert world.remove_jobs().jobs_removed == 2


def _served(world: ClientWorld) -> str:
    url = "https://files.example/b.pdf"
    world.links.served[url] = PDF + b"2"
    return url
