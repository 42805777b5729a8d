"""The rules of the loop that Submit Document keeps: nothing is paid twice silently, and every refusal has a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.errors import (
    CaptureFailed,
    DuplicateDocument,
    EmptyDocument,
    JobDeadlineExceeded,
    ProviderUnavailable,
    RateLimited,
    StoreUnavailable,
    SubmissionInDoubt,
    UnsupportedFormat,
)
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import Capabilities, StaleWrite
from invoice_capture.use_cases.shared.submitter import LONGEST_ATTEMPT
from tests.fakes.stores import MemorySubmissionStore
from tests.fakes.world import PDF, ServerProvider, World


def test_the_row_is_written_before_the_provider_is_called_and_again_after() -> None:
    seen = []

    class Watching(ServerProvider):
        def submit(self, submission, content, begin):
            def watched():
                begin()
                seen.append(world.row(job))

            return super().submit(submission, content, watched)

    world = World(Watching())
    job = world.receive()
    token = world.submit(job)

    assert [(row.state, row.attempts, row.reference) for row in seen] == [(SubmissionState.SUBMITTING, 1, None)]
    row = world.row(job)
    assert (row.state, row.reference, row.task_token) == (SubmissionState.PENDING, f"paid-{job.job_id}", token)
    assert row.next_check_at is not None
    assert row.next_check_at > world.clock.now()
    assert world.jobs.jobs[job.job_id].status is JobStatus.SUBMITTED


def test_a_repeat_of_the_state_takes_the_new_token_and_submits_nothing() -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    second = world.submit(job)

    assert world.provider.accepted == [job.job_id]
    assert world.row(job).task_token == second
    assert second in world.tokens.open


def test_a_repeat_after_the_outcome_is_answered_from_the_row() -> None:
    """The first token is closed without a word, as after a lost invocation; the result is not paid for again."""
    world = World()
    job = world.receive()
    first = world.submit(job)
    world.tokens.open.remove(first)
    world.finish(job)
    world.clock.forward(60)
    world.turn()
    assert world.row(job).state is SubmissionState.DONE

    second = world.submit(job)

    assert world.provider.accepted == [job.job_id]
    assert world.tokens.outcomes[second]["result_key"] == f"results/{job.job_id}/1-paid.json"


def test_a_lost_answer_is_looked_up_where_the_provider_can_be_asked() -> None:
    provider = ServerProvider(capabilities=Capabilities(finds_submissions=True), faults=[SubmissionInDoubt("lost")])
    world = World(provider)
    job = world.receive()
    world.submit(job)
    assert world.row(job).state is SubmissionState.SUBMITTING

    world.clock.forward(20)
    world.turn()

    assert provider.accepted == [job.job_id]
    assert world.row(job).reference == f"paid-{job.job_id}"
    assert not world.jobs.jobs[job.job_id].possible_double_charge


def test_a_lost_answer_is_sent_once_more_at_most_and_marked() -> None:
    provider = ServerProvider(faults=[SubmissionInDoubt("lost")] * 3)
    world = World(provider)
    job = world.receive()
    token = world.submit(job)
    for _ in range(4):
        world.clock.forward(20)
        world.turn()

    assert provider.accepted == [job.job_id, job.job_id]
    assert world.jobs.jobs[job.job_id].possible_double_charge
    assert world.row(job).possible_double_charge
    assert isinstance(world.tokens.outcomes[token], SubmissionInDoubt)
    assert world.row(job).state is SubmissionState.FAILED


def test_a_crash_between_call_and_answer_is_in_doubt_for_the_repeat() -> None:
    class Crashing(ServerProvider):
        def submit(self, submission, content, begin):
            super().submit(submission, content, begin)
            raise MemoryError

    provider = Crashing()
    world = World(provider)
    job = world.receive()
    with pytest.raises(MemoryError):
        world.submit(job)
    provider.__class__ = ServerProvider
    world.submit(job)
    assert world.row(job).attempts == 1, "whoever sends it may be at work still"
    world.clock.forward(LONGEST_ATTEMPT.total_seconds())
    world.turn()

    assert world.jobs.jobs[job.job_id].possible_double_charge
    assert world.row(job).attempts == 2
    assert world.row(job).state is SubmissionState.PENDING


def test_sending_twice_to_a_provider_without_charge_is_no_double_charge() -> None:
    provider = ServerProvider(capabilities=Capabilities(is_paid=False), faults=[SubmissionInDoubt("lost")])
    world = World(provider)
    job = world.receive()
    world.submit(job)
    world.clock.forward(15)
    world.submit(job)

    assert world.row(job).state is SubmissionState.PENDING
    assert not world.jobs.jobs[job.job_id].possible_double_charge


def test_a_refusal_for_good_is_told_by_name_and_closes_the_row() -> None:
    world = World(ServerProvider(faults=[CaptureFailed("no")]))
    job = world.receive()
    token = world.submit(job)

    assert isinstance(world.tokens.outcomes[token], CaptureFailed)
    row = world.row(job)
    assert (row.state, row.error_code, row.task_token) == (SubmissionState.FAILED, "CaptureFailed", None)
    assert world.loops == []


def test_an_unavailable_provider_leaves_the_row_queued_and_a_loop_to_look_after_it() -> None:
    provider = ServerProvider(faults=[ProviderUnavailable("down")])
    world = World(provider)
    job = world.receive()
    token = world.submit(job)

    assert world.row(job).state is SubmissionState.QUEUED
    assert world.row(job).attempts == 0
    assert len(world.loops) == 1
    world.clock.forward(10)
    world.turn()
    assert provider.accepted == [job.job_id]
    assert world.row(job).state is SubmissionState.PENDING
    assert token in world.tokens.open


def test_a_rate_limit_pauses_the_provider_for_as_long_as_it_asked() -> None:
    provider = ServerProvider(requests_per_second=10, faults=[RateLimited("slow down", retry_after=120)])
    world = World(provider)
    first, second = world.receive(), world.receive(PDF + b"2")
    world.submit(first)
    world.submit(second)

    assert [world.row(job).state for job in (first, second)] == [SubmissionState.QUEUED] * 2
    assert provider.accepted == []
    world.clock.forward(100)
    world.turn()
    assert provider.accepted == []
    world.clock.forward(21)
    world.turn()
    assert sorted(provider.accepted) == sorted([first.job_id, second.job_id])


def test_what_exceeds_the_rate_is_queued_and_submitted_by_the_loop_at_that_rate() -> None:
    provider = ServerProvider(requests_per_second=2)
    world = World(provider)
    jobs = [world.receive(PDF + bytes([number])) for number in range(6)]
    for job in jobs:
        world.submit(job)
    assert len(provider.accepted) == 2

    began = world.clock.now()
    for _ in range(4):
        world.clock.forward(1)
        world.turn()
    assert sorted(provider.accepted) == sorted(job.job_id for job in jobs)
    assert (world.clock.now() - began).total_seconds() >= 2


def test_five_failures_open_the_breaker_and_one_probe_closes_it() -> None:
    provider = ServerProvider(faults=[ProviderUnavailable("down")] * 5)
    world = World(provider)
    jobs = [world.receive(PDF + bytes([number])) for number in range(7)]
    for job in jobs:
        world.submit(job)

    assert provider.faults == []
    assert provider.accepted == []
    assert world.states.load("paid").breaker.is_open
    assert {world.row(job).state for job in jobs} == {SubmissionState.QUEUED}
    for _ in range(4):
        world.clock.forward(20)
        world.turn()
    assert sorted(provider.accepted) == sorted(job.job_id for job in jobs)
    assert not world.states.load("paid").breaker.is_open


@pytest.mark.parametrize(
    ("content", "size", "error"),
    [
        (b"", None, EmptyDocument),
        (b"not a pdf at all", None, UnsupportedFormat),
        (PDF, 2 * 1024**2, "DocumentTooLarge"),
    ],
)
def test_refused_documents_reach_no_provider(content: bytes, size: int | None, error: object) -> None:
    world = World()
    job = world.receive(content, size=size, name="strange.pdf")
    token = world.submit(job)

    outcome = world.tokens.outcomes[token]
    assert error in {type(outcome), type(outcome).__name__}
    assert "strange.pdf" in str(outcome)
    assert world.provider.accepted == []
    assert world.jobs.fingerprints == {}


def test_the_same_bytes_are_paid_for_once_and_point_to_the_first_job() -> None:
    world = World()
    first, second = world.receive(), world.receive()
    world.submit(first)
    token = world.submit(second)

    outcome = world.tokens.outcomes[token]
    assert isinstance(outcome, DuplicateDocument)
    assert outcome.first_job_id == first.job_id
    assert world.provider.accepted == [first.job_id]


def test_the_same_bytes_may_come_again_after_a_failure() -> None:
    world = World(ServerProvider(faults=[CaptureFailed("no")]))
    first = world.receive()
    world.submit(first)
    world.jobs.jobs[first.job_id] = _with_status(world.jobs.jobs[first.job_id], JobStatus.FAILED)
    second = world.receive()
    world.submit(second)

    assert world.provider.accepted == [second.job_id]


def test_past_its_deadline_nothing_is_submitted() -> None:
    world = World()
    job = world.receive()
    world.clock.forward(72 * 3600)
    token = world.submit(job)

    assert isinstance(world.tokens.outcomes[token], JobDeadlineExceeded)
    assert world.provider.accepted == []


def test_a_store_that_is_down_is_told_by_name_and_closes_nothing() -> None:
    class Down(MemorySubmissionStore):
        def begin(self, submission):
            raise StoreUnavailable("DynamoDB did not answer.")

    world = World()
    up, world.submissions = world.submissions, Down(world.jobs)
    job = world.receive()
    token = world.submit(job)
    assert isinstance(world.tokens.outcomes[token], StoreUnavailable)

    world.submissions = up
    world.submit(job)
    assert world.provider.accepted == [job.job_id]


def test_a_row_that_was_closed_while_the_provider_was_called_stays_closed() -> None:
    """The embedded engine may resolve the token before the submission is written as pending."""

    class Instant(ServerProvider):
        def submit(self, submission, content, begin):
            from invoice_capture.domain.submission import Outcome

            reference = super().submit(submission, content, begin)
            world.submissions.close(submission.key, submission.task_token, Outcome(self.name), world.clock.now())
            return reference

    world = World(Instant())
    job = world.receive()
    world.submit(job)

    assert world.row(job).state is SubmissionState.DONE
    assert world.row(job).next_check_at is None


@given(st.lists(st.sampled_from(["accept", "lose", "down", "crash"]), max_size=6), st.booleans(), st.booleans())
def test_no_sequence_of_faults_pays_a_provider_twice_silently(faults: list[str], finds: bool, by_loop: bool) -> None:
    """Whatever happens to the calls, a second payment is marked, a third never happens, and a look-up prevents both."""

    class Faulty(ServerProvider):
        def submit(self, submission, content, begin):
            fault = faults.pop(0) if faults else "accept"
            if fault == "down":
                raise ProviderUnavailable("down")
            reference = super().submit(submission, content, begin)
            if fault == "lose":
                raise SubmissionInDoubt("lost")
            if fault == "crash":
                raise MemoryError
            return reference

    provider = Faulty(capabilities=Capabilities(finds_submissions=finds))
    world = World(provider)
    job = world.receive()
    for _ in range(12):
        try:
            if by_loop and world.loops:
                world.clock.forward(700)
                world.turn()
            else:
                world.submit(job)
        except (MemoryError, StaleWrite):
            continue
        row = world.row(job)
        if row.state.is_closed:
            break

    assert len(provider.accepted) <= (1 if finds else 2)
    assert world.jobs.jobs[job.job_id].possible_double_charge or len(provider.accepted) <= 1


def _with_status(job, status):
    from dataclasses import replace

    return replace(job, status=status)
