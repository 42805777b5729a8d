"""Ordering, changing and starting jobs: nothing is paid before it is started, and it is started once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from invoice_capture.domain.api_errors import InvalidRequest, JobNotFound
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.domain.job import Job, JobStatus
from tests.fakes.catalogue import MemoryJobOrders
from tests.unit.use_cases.client_world import ACME, EVIL, OPS, URL, ClientWorld, an_order

HOUR = 3600


def test_an_ordered_job_waits_and_costs_nothing() -> None:
    world = ClientWorld()
    job = world.create(template="60f7")
    assert world.now(job) == job
    assert (job.status, job.route, job.client) == (JobStatus.CREATED, ("paid", "embedded"), "acme")
    assert job.order == an_order(template="60f7")
    assert (job.started_at, job.finished_at, job.retries) == (None, None, 0)
    assert job.deadline_at == world.clock.now() + timedelta(hours=72)
    world.clock.forward(1000 * HOUR)
    world.sweep()
    assert (world.links.fetched, world.executions.captures, world.functions.queued) == ([], {}, [])


def test_a_refused_order_leaves_nothing() -> None:
    world = ClientWorld()
    with pytest.raises(InvalidRequest):
        world.create("N1", document_url="ftp://x/a.pdf")
    assert world.jobs.jobs == {}
    assert world.create("N1").status is JobStatus.CREATED


def test_a_number_is_unique_among_the_clients_own_jobs() -> None:
    world = ClientWorld()
    world.create("N1")
    with pytest.raises(InvalidRequest, match="'N1' already") as refused:
        world.create("N1")
    assert refused.value.field == "jobNumber"
    assert world.create("N1", EVIL).client == "acme-evil"
    assert len(world.jobs.jobs) == 2


def test_a_refusal_does_not_repeat_a_long_number_as_a_whole() -> None:
    world = ClientWorld()
    world.create("x" * 10_000)
    with pytest.raises(InvalidRequest) as refused:
        world.create("x" * 10_000)
    assert len(str(refused.value)) < 200


# --- changing --------------------------------------------------------------------------------------------------------


def test_an_order_is_replaced_as_a_whole_while_its_job_is_created() -> None:
    world = ClientWorld()
    job = world.create("N1", group="march", metadata={"a": 1})
    world.clock.forward(60)
    changed = world.update(job, an_order("N2", document_name="b.pdf", template="embedded"))
    assert world.now(job) == changed
    assert changed.order == an_order("N2", document_name="b.pdf", template="embedded")
    assert changed.document.key == f"documents/acme/{job.job_id}/b.pdf"
    assert changed.route == ("embedded",)
    assert (changed.created_at, changed.updated_at) == (job.created_at, world.clock.now())
    assert world.create("N1").status is JobStatus.CREATED


def test_an_order_may_keep_its_number_and_not_take_anothers() -> None:
    world = ClientWorld()
    job = world.create("N1")
    world.create("N2")
    assert world.update(job, an_order("N1", group="x")).order.group == "x"
    with pytest.raises(InvalidRequest, match="N2") as refused:
        world.update(job, an_order("N2"))
    assert refused.value.field == "jobNumber"
    assert world.now(job).order.job_number == "N1"


def test_a_job_stays_its_clients_whoever_changes_it() -> None:
    world = ClientWorld()
    job = world.create()
    changed = world.update(job, an_order("N9", client="ops"), OPS)
    assert changed.client == "acme"
    assert changed.document.key.startswith("documents/acme/")
    with pytest.raises(InvalidRequest):
        world.create("N9")


def test_a_change_cannot_reach_for_another_clients_document() -> None:
    world = ClientWorld()
    job = world.create()
    with pytest.raises(InvalidRequest):
        world.update(job, an_order(document_url="s3://documents/documents/acme-evil/1/a.pdf"))
    assert world.now(job) == job


@pytest.mark.parametrize("status", [status for status in JobStatus if status not in {"CREATED", "CANCELLED"}])
def test_a_started_job_cannot_be_changed(status: JobStatus) -> None:
    world = ClientWorld()
    job = world.create()
    world.jobs.jobs[job.job_id] = started = replace(job, status=status)
    with pytest.raises(InvalidRequest, match="was started already"):
        world.update(job, an_order("N2"))
    assert world.now(job) == started


def test_a_dropped_document_has_no_order_to_change() -> None:
    world = ClientWorld()
    with pytest.raises(InvalidRequest):
        world.update(world.receive(), an_order(), OPS)


class _Racing(MemoryJobOrders):
    """Something else happens between reading a job and writing it."""

    def __init__(self, world: ClientWorld, meanwhile) -> None:
        super().__init__(world.jobs, world.submissions)
        self.numbers = world.orders.numbers
        self._meanwhile = [meanwhile]

    def change(self, *arguments):
        self._happen()
        return super().change(*arguments)

    def start(self, job: Job) -> bool:
        self._happen()
        return super().start(job)

    def _happen(self) -> None:
        if self._meanwhile:
            self._meanwhile.pop()()


def race(world: ClientWorld, meanwhile) -> None:
    world.orders = _Racing(world, meanwhile)


def test_of_a_change_and_a_start_the_start_wins_and_the_change_is_told() -> None:
    world = ClientWorld()
    job = world.create()
    race(world, lambda: world.process(job))
    with pytest.raises(InvalidRequest, match="was started already"):
        world.update(job, an_order("N2", template="embedded"))
    assert world.now(job).order == job.order
    assert [each.route for each in world.executions.captures.values()] == [("paid",)]


def test_of_two_changes_one_is_told_that_it_came_too_late_and_not_that_the_job_was_started() -> None:
    world = ClientWorld()
    job = world.create()
    race(world, lambda: world.update(job, an_order("N2")))
    with pytest.raises(InvalidRequest, match="changed by somebody else"):
        world.update(job, an_order("N3"))
    assert world.now(job).order.job_number == "N2"
    assert world.create("N3").status is JobStatus.CREATED


def test_a_change_of_a_job_that_is_deleted_meanwhile_finds_none() -> None:
    world = ClientWorld()
    job = world.create()
    race(world, lambda: world.withdraw(job))
    with pytest.raises(JobNotFound):
        world.update(job, an_order("N2"))
    assert world.create("N2").status is JobStatus.CREATED


# --- starting --------------------------------------------------------------------------------------------------------


def test_a_job_is_started_once_however_often_it_is_asked_for() -> None:
    world = ClientWorld()
    job = world.create()
    world.clock.forward(100 * HOUR)
    first = world.process(job)
    world.clock.forward(60)
    assert [world.process(job) for _ in range(3)] == [first] * 3
    assert first.status is JobStatus.RECEIVED
    assert first.started_at == first.updated_at
    # The deadline counts from the start: an order may lie for as long as its client likes.
    assert first.deadline_at == first.started_at + timedelta(hours=72)
    assert list(world.executions.captures) == [job.job_id]
    assert world.executions.captures[job.job_id].deadline_at == first.deadline_at


def test_processing_again_answers_what_became_of_the_job_and_pays_nothing() -> None:
    world = ClientWorld()
    job = world.captured()
    assert world.process(job).status is JobStatus.CAPTURED
    assert world.provider.accepted == [job.job_id]
    assert len(world.executions.captures) == 1


@pytest.mark.parametrize("status", [JobStatus.SUBMITTED, JobStatus.ACTION_REQUIRED, JobStatus.FAILED])
def test_processing_starts_nothing_that_is_under_way_or_over(status: JobStatus) -> None:
    world = ClientWorld()
    job = world.create()
    world.jobs.jobs[job.job_id] = replace(job, status=status)
    assert world.process(job).status is status
    assert world.executions.captures == {}


def test_a_crash_between_the_write_and_the_start_is_healed_by_processing_again() -> None:
    world = ClientWorld()
    job = world.create()
    start_capture = world.executions.start_capture

    def crash(job: Job, name: str) -> None:
        raise StoreUnavailable("Step Functions did not answer.")

    world.executions.start_capture = crash
    with pytest.raises(StoreUnavailable):
        world.process(job)
    assert world.now(job).status is JobStatus.RECEIVED
    world.executions.start_capture = start_capture
    world.process(job)
    assert list(world.executions.captures) == [job.job_id]
    assert world.complete(job, world.run(job)).status is JobStatus.CAPTURED


def test_a_job_that_nobody_processes_again_after_a_crash_is_ended_by_its_deadline() -> None:
    world = ClientWorld()
    job = world.create()
    assert world.orders.start(replace(job, status=JobStatus.RECEIVED, started_at=world.clock.now()))
    world.clock.forward(73 * HOUR)
    assert world.sweep().jobs_expired == 1
    assert list(world.executions.captures) == []
    assert world.now(job).error_code == "JobDeadlineExceeded"
    assert [message["event"] for message in world.messages.published] == ["invoice.failed"]


def test_what_is_executed_is_the_order_as_it_was_when_the_job_was_started() -> None:
    """The change was confirmed to its client, so its route counts, not the one that was read before."""
    world = ClientWorld()
    job = world.create(template="paid")
    race(world, lambda: world.update(job, an_order("N2", document_name="b.pdf", template="embedded")))
    answered = world.process(job)
    [executed] = world.executions.captures.values()
    assert executed.route == answered.route == ("embedded",)
    assert executed.document.name == "b.pdf"


def test_two_who_process_at_the_same_moment_start_one_execution() -> None:
    world = ClientWorld()
    job = world.create()
    race(world, lambda: world.process(job))
    assert world.process(job).status is JobStatus.RECEIVED
    assert list(world.executions.captures) == [job.job_id]


def test_a_job_that_is_deleted_while_it_is_started_starts_nothing() -> None:
    world = ClientWorld()
    job = world.create()
    race(world, lambda: world.withdraw(job))
    with pytest.raises(JobNotFound):
        world.process(job)
    assert world.executions.captures == {}


def test_a_job_goes_all_the_way() -> None:
    world = ClientWorld()
    job = world.captured()
    assert job.status is JobStatus.CAPTURED
    assert world.links.fetched == [URL]
    assert world.provider.accepted == [job.job_id]
    assert job.document.is_stored
    assert job.document.owner == ACME.client
