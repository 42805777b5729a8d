"""Deleting: a job is gone at once, for everybody, and its erasure is never forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invoice_capture.domain.api_errors import JobNotFound
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.domain.job import Job, JobStatus
from tests.unit.use_cases.client_world import EVIL, OPS, ClientWorld


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.CANCELLED])
def test_a_job_is_gone_at_once_in_every_status_and_erased_afterwards(status: JobStatus) -> None:
    world = ClientWorld()
    job = world.create()
    world.jobs.jobs[job.job_id] = replace(job, status=status)
    world.withdraw(job)
    for principal in (OPS, EVIL):
        with pytest.raises(JobNotFound):
            world.read(job, principal)
    assert world.catalogue.count("acme", world.clock.now()) == 0
    assert world.functions.queued == [("erase", {"job_id": job.job_id, "was_open": status.is_open})]
    # The number is free from this moment, before anything is erased.
    assert world.create("N1").job_id != job.job_id


def test_a_job_that_ends_while_it_is_withdrawn_is_withdrawn_as_what_it_then_is() -> None:
    world = ClientWorld()
    job = world.create()
    world.process(job)
    token = world.run(job)
    withdraw = world.orders.withdraw

    def late(job: Job, now) -> bool:
        world.orders.withdraw = withdraw
        world.complete(job, token)
        return withdraw(job, now)

    world.orders.withdraw = late
    world.withdraw(job)
    assert world.functions.queued == [("erase", {"job_id": job.job_id, "was_open": False})]


def test_an_end_that_was_not_told_before_its_job_is_deleted_is_told_as_the_deletion() -> None:
    world = ClientWorld()
    job = world.create()
    world.process(job)
    world.messages.faults = [StoreUnavailable("SNS did not answer")]
    world.complete(job, world.run(job))
    assert world.now(job).is_untold
    world.withdraw(job)
    # And again, should whoever withdrew it die before it had anything erased.
    with pytest.raises(JobNotFound):
        world.withdraw(job)
    assert world.functions.queued == [("erase", {"job_id": job.job_id, "was_open": True})] * 2
    assert world.sweep().announcements_paid == 0


@pytest.mark.parametrize(
    ("marks", "was_open"),
    [
        ({"started_at": None}, False),
        ({}, True),
        ({"summary": {}}, False),
        ({"error_code": "CaptureFailed"}, False),
        ({"duplicate_of": "another"}, False),
    ],
)
def test_a_crash_before_the_erasure_is_queued_is_healed_by_deleting_again(marks: dict, was_open: bool) -> None:
    world = ClientWorld()
    job = world.create()
    world.jobs.jobs[job.job_id] = replace(job, **({"started_at": world.clock.now()} | marks))
    world.functions.faults = [StoreUnavailable("Lambda did not answer.")]
    with pytest.raises(StoreUnavailable):
        world.withdraw(job)
    with pytest.raises(JobNotFound):
        world.withdraw(job, EVIL)
    assert world.functions.queued == []
    with pytest.raises(JobNotFound):
        world.withdraw(job)
    assert world.functions.queued == [("erase", {"job_id": job.job_id, "was_open": was_open})]


def test_a_job_that_is_erased_is_not_found_and_erased_no_more() -> None:
    world = ClientWorld()
    job = world.captured()
    world.withdraw(job)
    world.erase(job)
    world.functions.queued.clear()
    with pytest.raises(JobNotFound):
        world.withdraw(job)
    assert world.functions.queued == []
