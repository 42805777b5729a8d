"""The safety net: it does nothing in a healthy system, and never leaves a job stuck."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from invoice_capture.domain.errors import CaptureFailed, JobDeadlineExceeded, StoreUnavailable
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.submission import Outcome
from invoice_capture.ports import Capabilities
from invoice_capture.use_cases.steps.sweep_jobs import _JOBS_PER_SWEEP, Swept
from tests.fakes.world import OnlyProviders, ServerProvider, World

DEADLINE = 73 * 3600  # seconds: an hour more than a job has


@pytest.fixture
def world() -> World:
    return World()


def told(world: World) -> list[tuple[str, str]]:
    return [(message["job_id"], message["event"]) for message in world.messages.published]


def test_a_healthy_system_gives_it_nothing_to_do() -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    world.turn()
    assert world.sweep() == Swept()
    world.clock.forward(16)
    assert world.sweep() == Swept()


def test_a_missing_loop_is_restarted() -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    world.states.release_lease("paid", world.loops[0])
    world.clock.forward(3600)
    assert world.sweep() == Swept(loops_restarted=1)
    world.finish(job)
    world.turn()
    assert world.row(job).reference in str(list(world.tokens.outcomes.values()))
    assert world.sweep() == Swept()


def test_a_missing_loop_of_an_account_is_found_too() -> None:
    world = World(ServerProvider(name="paid-us"))
    world.providers = OnlyProviders({"paid-us": world.provider}, known=frozenset({"paid"}))
    job = world.receive()
    world.submit(job)
    world.states.release_lease("paid-us", world.loops[0])
    world.clock.forward(3600)
    assert world.sweep() == Swept(loops_restarted=1)


def test_a_provider_that_should_have_called_back_gets_a_loop_at_last() -> None:
    world = World(ServerProvider(capabilities=Capabilities(pushes_results=True), typical_latency_seconds=900))
    job = world.receive()
    world.submit(job)
    assert world.loops == []
    world.clock.forward(600)
    assert world.sweep() == Swept()
    world.clock.forward(900)
    assert world.sweep() == Swept(loops_restarted=1)


def test_a_job_past_its_deadline_is_ended_through_its_open_token() -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    world.clock.forward(73 * 3600)
    assert world.sweep().jobs_expired == 1
    assert isinstance(world.tokens.outcomes[token], JobDeadlineExceeded)


def test_a_job_whose_execution_is_gone_is_ended_and_announced(world: World) -> None:
    job = world.receive()
    world.clock.forward(DEADLINE)
    assert world.sweep() == Swept(jobs_expired=1)
    ended = world.jobs.jobs[job.job_id]
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "JobDeadlineExceeded")
    assert told(world) == [(job.job_id, "invoice.failed")]
    assert list(world.executions.captures) == []
    world.clock.forward(DEADLINE)
    assert world.sweep() == Swept()
    assert len(told(world)) == 1


def test_a_deadline_that_was_told_to_an_execution_which_never_ended_is_enforced_again(world: World) -> None:
    """Recording failed, or the execution was aborted at that very moment: an hour later it is done without it."""
    job = world.receive()
    world.submit(job)
    world.clock.forward(DEADLINE)
    assert world.sweep().jobs_expired == 1
    assert world.jobs.jobs[job.job_id].status is JobStatus.SUBMITTED
    world.clock.forward(300)
    assert world.sweep().jobs_expired == 0
    world.clock.forward(3600)
    assert world.sweep().jobs_expired == 1
    assert world.jobs.jobs[job.job_id].status is JobStatus.FAILED
    assert told(world) == [(job.job_id, "invoice.failed")]


def test_the_second_of_two_tokens_is_tried_when_the_first_is_closed(world: World) -> None:
    job = world.receive()
    closed, waiting = world.submit(job, "closed"), world.submit(job, "open", number=2)
    world.tokens.open.discard(closed)
    world.clock.forward(DEADLINE)
    assert world.sweep().jobs_expired == 1
    assert isinstance(world.tokens.outcomes[waiting], JobDeadlineExceeded)
    assert world.jobs.jobs[job.job_id].status is JobStatus.SUBMITTED


def test_a_job_that_ended_while_the_index_lags_is_left_as_it_is(world: World) -> None:
    job = world.receive()
    token = world.submit(job)
    world.clock.forward(DEADLINE)
    with world.jobs.jobs.lagging():
        world.jobs.capture(job.job_id, 1, {"lines": []}, [], world.clock.now(), summary={})
        world.jobs.told(job.job_id, world.clock.now())
        assert world.sweep().jobs_expired == 0
    assert token in world.tokens.open
    assert world.jobs.jobs[job.job_id].status is JobStatus.CAPTURED
    assert told(world) == []


def test_a_job_that_was_started_again_while_the_index_lags_keeps_its_new_deadline(world: World) -> None:
    job = world.receive()
    world.clock.forward(DEADLINE)
    with world.jobs.jobs.lagging():
        later = world.clock.now() + timedelta(hours=72)
        world.jobs.jobs[job.job_id] = replace(job, retries=1, deadline_at=later)
        assert world.sweep() == Swept()
    assert world.jobs.jobs[job.job_id].status is JobStatus.RECEIVED


def test_an_answer_that_is_paid_is_stored_even_after_the_deadline(world: World) -> None:
    job = world.receive()
    token = world.submit(job)
    world.submissions.close((job.job_id, 1), token, Outcome("paid", result_key="k"), world.clock.now())
    world.clock.forward(DEADLINE)
    begun = world.clock.now()
    for _ in range(3):
        assert world.sweep().jobs_expired == 1
        world.clock.forward(3600)
    assert len(world.executions.captures) == 3
    assert all(name.startswith(f"{job.job_id}-deadline-") for name in world.executions.captures)
    assert world.jobs.jobs[job.job_id].status is JobStatus.SUBMITTED
    # After a day of that, it is over.
    world.clock.time = max(begun, job.deadline_at) + timedelta(days=1)
    assert world.sweep().jobs_expired == 1
    assert len(world.executions.captures) == 3
    assert told(world) == [(job.job_id, "invoice.failed")]


def test_an_answer_to_a_former_run_is_none_to_the_present_one(world: World) -> None:
    job = world.receive()
    token = world.submit(job)
    world.submissions.close((job.job_id, 1), token, Outcome("paid", result_key="k"), world.clock.now())
    world.jobs.jobs[job.job_id] = replace(world.jobs.jobs[job.job_id], retries=1)
    world.clock.forward(DEADLINE)
    assert world.sweep().jobs_expired == 1
    assert list(world.executions.captures) == []
    assert told(world) == [(job.job_id, "invoice.failed")]


# --- what goes wrong hinders no other ------------------------------------------------------------------------------


def test_stubborn_jobs_do_not_fill_the_window(world: World) -> None:
    """More than are swept at once: nothing can be done about them, and a job behind them still ends."""
    for _ in range(_JOBS_PER_SWEEP):
        stubborn = world.receive()
        world.submissions.broken.add(stubborn.job_id)
    world.clock.forward(1)
    last = world.receive()
    world.clock.forward(DEADLINE)
    assert world.sweep() == Swept(problems=_JOBS_PER_SWEEP)
    assert world.sweep() == Swept(jobs_expired=1)
    assert told(world) == [(last.job_id, "invoice.failed")]


def test_a_loop_that_cannot_be_looked_after_hinders_no_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise StoreUnavailable("DynamoDB did not answer.")

    job = world.receive()
    world.clock.forward(DEADLINE)
    monkeypatch.setattr(world.submissions, "due", fail)
    assert world.sweep() == Swept(jobs_expired=1, problems=1)
    assert told(world) == [(job.job_id, "invoice.failed")]


# --- announcements that are owed -----------------------------------------------------------------------------------


def owe(world: World, number: int) -> list[str]:
    """Jobs that failed one after another while SNS was out of order."""
    ids = []
    for _ in range(number):
        job = world.receive()
        world.jobs.fail(job.job_id, CaptureFailed("no"), world.clock.now())
        world.messages.faults = [StoreUnavailable("SNS did not answer")]
        world.announce(job.job_id)
        world.clock.forward(1)
        ids.append(job.job_id)
    return ids


def test_what_is_owed_is_paid_in_order_and_once_even_days_later(world: World) -> None:
    ids = owe(world, 3)
    world.clock.forward(5 * 24 * 3600)
    assert world.sweep() == Swept(announcements_paid=3)
    assert told(world) == [(job_id, "invoice.failed") for job_id in ids]
    assert world.sweep() == Swept()
    assert len(told(world)) == 3


def test_an_outage_ends_the_round_and_loses_nothing(world: World) -> None:
    ids = owe(world, 3)
    world.messages.faults = [StoreUnavailable("SNS did not answer")]
    assert world.sweep() == Swept(problems=1)
    assert told(world) == []
    assert world.sweep() == Swept(announcements_paid=3)
    assert [job_id for job_id, _ in told(world)] == ids


def test_a_message_that_is_refused_blocks_no_other_and_is_tried_again(world: World) -> None:
    first, second, third = owe(world, 3)
    world.messages.refused = {first}
    assert world.sweep() == Swept(announcements_paid=2, problems=1)
    assert [job_id for job_id, _ in told(world)] == [second, third]
    assert world.sweep() == Swept()
    world.messages.refused = set()
    world.clock.forward(3600)
    assert world.sweep() == Swept(announcements_paid=1)


def test_a_job_whose_end_nobody_came_to_announce_is_announced_at_its_deadline(world: World) -> None:
    """Its execution was aborted between the two."""
    job = world.receive()
    world.submit(job)
    world.jobs.capture(job.job_id, 1, {"lines": []}, [], world.clock.now(), summary={})
    assert world.sweep() == Swept()
    world.clock.forward(DEADLINE)
    world.sweep()
    assert told(world) == [(job.job_id, "invoice.captured")]
    assert world.jobs.overdue(world.clock.now(), 10) == []
