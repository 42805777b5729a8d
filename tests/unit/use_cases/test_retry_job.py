"""Retrying: an ended job starts again once, with submissions of its own, and pays no more than it must."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from invoice_capture.domain.api_errors import JobNotFound, WrongStatus
from invoice_capture.domain.errors import JobDeadlineExceeded, LinkBroken, StoreUnavailable
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.submission import Outcome, SubmissionState
from tests.fakes.world import PDF
from tests.unit.use_cases.client_world import URL, ClientWorld, ReadingProvider


def test_a_failed_job_goes_through_its_route_again_with_submissions_of_its_own() -> None:
    world = ClientWorld()
    job = world.failed(template="60f7")
    world.clock.forward(3600)
    again = world.retry(job)
    assert (again.status, again.retries, again.first_submission) == (JobStatus.RECEIVED, 1, 3)
    assert (again.error_code, again.error_message, again.finished_at) == (None, None, None)
    assert again.deadline_at == world.clock.now() + timedelta(hours=72)
    assert world.now(job) == again
    assert list(world.executions.captures) == [job.job_id, f"{job.job_id}-retry-1"]

    captured = world.complete(job, world.run(job))
    assert (captured.status, captured.submission) == (JobStatus.CAPTURED, 3)
    assert [(row.number, row.state) for row in world.rows_of(job)] == [
        (1, SubmissionState.FAILED),
        (3, SubmissionState.DONE),
    ]
    # The document was fetched before, and is not fetched again.
    assert world.links.fetched == [URL]


@pytest.mark.parametrize(
    "status", [JobStatus.CREATED, JobStatus.RECEIVED, JobStatus.SUBMITTED, JobStatus.ACTION_REQUIRED]
)
def test_what_has_not_ended_cannot_be_retried(status: JobStatus) -> None:
    world = ClientWorld()
    job = world.create()
    world.jobs.jobs[job.job_id] = before = replace(job, status=status)
    with pytest.raises(WrongStatus, match=f"while it is {status.lower()}"):
        world.retry(job)
    assert world.now(job) == before
    assert world.executions.captures == {}


def test_what_has_its_invoice_cannot_be_retried() -> None:
    world = ClientWorld()
    job = world.captured()
    with pytest.raises(WrongStatus):
        world.retry(job)
    assert world.provider.accepted == [job.job_id]


def test_a_document_that_could_not_be_fetched_is_fetched_again() -> None:
    world = ClientWorld()
    world.links.served[URL] = LinkBroken("Nothing lies behind https://files.example/a.pdf.")
    job = world.create()
    world.process(job)
    world.run(job)
    assert (world.now(job).status, world.now(job).error_code) == (JobStatus.REJECTED, "LinkBroken")
    world.links.served[URL] = PDF
    world.retry(job)
    assert world.complete(job, world.run(job)).status is JobStatus.CAPTURED


def test_of_two_who_retry_at_the_same_moment_one_starts_it() -> None:
    world = ClientWorld()
    job = world.failed()
    start = world.orders.start
    answers = []

    def slow_start(again: Job) -> bool:
        world.orders.start = start
        answers.append(world.retry(job))
        return start(again)

    world.orders.start = slow_start
    with pytest.raises(WrongStatus, match="by somebody else"):
        world.retry(job)
    assert [answer.retries for answer in answers] == [1]
    assert list(world.executions.captures) == [job.job_id, f"{job.job_id}-retry-1"]
    world.run(job)
    assert len(world.provider.accepted) == 2


def test_a_retry_that_died_before_its_execution_is_started_by_processing() -> None:
    world = ClientWorld()
    job = world.failed()
    start_capture = world.executions.start_capture

    def crash(job: Job, name: str) -> None:
        raise StoreUnavailable("Step Functions did not answer.")

    world.executions.start_capture = crash
    with pytest.raises(StoreUnavailable):
        world.retry(job)
    world.executions.start_capture = start_capture
    with pytest.raises(WrongStatus, match="while it is received"):
        world.retry(job)
    world.process(job)
    assert list(world.executions.captures) == [job.job_id, f"{job.job_id}-retry-1"]
    assert world.executions.captures[f"{job.job_id}-retry-1"].first_submission == 2


def test_processing_a_job_that_failed_does_not_retry_it() -> None:
    world = ClientWorld()
    job = world.failed()
    assert world.process(job).status is JobStatus.FAILED
    assert list(world.executions.captures) == [job.job_id]


def test_a_job_is_retried_so_often_and_not_for_ever() -> None:
    world = ClientWorld()
    job = world.failed()
    for count in range(1, 6):
        assert world.retry(job).retries == count
        world.fail_waiting(job, world.run(job))
    with pytest.raises(WrongStatus, match="5 times already"):
        world.retry(job)
    assert len(world.executions.captures) == len(world.provider.accepted) == 6


def test_a_dropped_document_is_retried_by_who_sees_all() -> None:
    from tests.unit.use_cases.client_world import OPS

    world = ClientWorld()
    job = world.receive()
    world.jobs.jobs[job.job_id] = replace(job, status=JobStatus.FAILED)
    with pytest.raises(JobNotFound):
        world.retry(job)
    assert world.retry(job, OPS).retries == 1
    assert world.complete(job, world.run(job)).status is JobStatus.CAPTURED


# --- duplicates ------------------------------------------------------------------------------------------------------


def a_duplicate(world: ClientWorld) -> tuple[Job, Job]:
    first = world.create("first")
    world.process(first)
    world.run(first)
    second = world.create("second")
    world.process(second)
    world.run(second)
    assert world.now(second).duplicate_of == first.job_id
    return first, second


def test_a_duplicate_of_a_captured_job_stays_one_and_costs_nothing() -> None:
    world = ClientWorld()
    first, second = a_duplicate(world)
    world.retry(second)
    assert world.now(second).duplicate_of is None
    world.run(second)
    assert (world.now(second).status, world.now(second).duplicate_of) == (JobStatus.DUPLICATE, first.job_id)
    assert world.provider.accepted == [first.job_id]


def test_a_duplicate_is_read_for_itself_when_the_first_job_failed() -> None:
    world = ClientWorld()
    first = world.create("first")
    world.process(first)
    token = world.run(first)
    second = world.create("second")
    world.process(second)
    world.run(second)
    world.fail_waiting(first, token)
    world.retry(second)
    assert world.complete(second, world.run(second)).status is JobStatus.CAPTURED
    # And now it is the first that must not be paid for again.
    world.retry(first)
    world.run(first)
    assert (world.now(first).status, world.now(first).duplicate_of) == (JobStatus.DUPLICATE, second.job_id)
    assert world.provider.accepted == [first.job_id, second.job_id]


def test_a_duplicate_is_read_for_itself_when_the_first_job_was_deleted() -> None:
    world = ClientWorld()
    first, second = a_duplicate(world)
    world.withdraw(first)
    world.erase(first)
    world.retry(second)
    assert world.complete(second, world.run(second)).status is JobStatus.CAPTURED


# --- the sweeper -----------------------------------------------------------------------------------------------------


def test_a_retried_job_past_its_deadline_is_ended_through_the_token_of_its_present_run() -> None:
    world = ClientWorld()
    job = world.failed()
    world.retry(job)
    token = world.run(job)
    world.clock.forward(71 * 3600)
    assert world.sweep().jobs_expired == 0
    world.clock.forward(2 * 3600)
    assert world.sweep().jobs_expired == 1
    assert isinstance(world.tokens.outcomes[token], JobDeadlineExceeded)


def test_a_retried_job_whose_execution_is_gone_is_ended_and_announced_again() -> None:
    world = ClientWorld()
    job = world.failed()
    world.clock.forward(73 * 3600)
    # An ended job has no deadline any more.
    assert world.sweep().jobs_expired == 0
    world.retry(job)
    world.executions.captures.clear()
    world.clock.forward(73 * 3600)
    assert world.sweep().jobs_expired == 1
    assert list(world.executions.captures) == []
    assert (world.now(job).status, world.now(job).error_code) == (JobStatus.FAILED, "JobDeadlineExceeded")
    events = [(message["event"], message["ended_at"]) for message in world.messages.published]
    assert [event for event, _ in events] == ["invoice.failed"] * 2
    # Two ends of one job are told apart.
    assert len(set(events)) == 2
    assert len(world.provider.accepted) == 1


def test_an_answer_that_the_present_run_paid_for_is_stored_by_another_execution_of_it() -> None:
    world = ClientWorld(ReadingProvider())
    job = world.failed()
    world.retry(job)
    token = world.run(job)
    world.submissions.close((job.job_id, 2), token, Outcome("paid", result_key="k"), world.clock.now())
    world.executions.captures.clear()
    world.clock.forward(73 * 3600)
    assert world.sweep().jobs_expired == 1
    [(name, started)] = world.executions.captures.items()
    assert name.startswith(f"{job.job_id}-retry-1-deadline-")
    assert started.first_submission == 2


def test_a_job_that_is_retried_before_its_end_was_told_is_announced_when_it_ends_again() -> None:
    world = ClientWorld(ReadingProvider())
    job = world.create()
    world.process(job)
    world.messages.faults = [StoreUnavailable("SNS did not answer")]
    world.fail_waiting(job, world.run(job))
    assert world.now(job).is_untold
    world.retry(job)
    assert world.sweep().announcements_paid == 0
    world.complete(job, world.run(job))
    assert [message["event"] for message in world.messages.published] == ["invoice.captured"]


def test_a_late_answer_to_the_former_run_does_not_become_the_present_ones() -> None:
    """The former run ended while its submission was under way; its row stays open, with a token nobody waits for."""
    world = ClientWorld(ReadingProvider())
    job = world.create()
    world.process(job)
    former = world.run(job)
    world.tokens.open.remove(former)
    world.jobs.jobs[job.job_id] = replace(world.now(job), status=JobStatus.FAILED, error_code="States.Timeout")
    world.retry(job)
    present = world.run(job)
    assert [row.number for row in world.rows_of(job)] == [1, 2]
    captured = world.complete(job, present)
    assert captured.submission == 2
    assert former not in world.tokens.outcomes
