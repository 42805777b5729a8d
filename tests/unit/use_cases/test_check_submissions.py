"""The rules of the loop: one owner, woken in time, drained without losing anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from invoice_capture.domain.errors import (
    CaptureFailed,
    JobDeadlineExceeded,
    ProviderUnavailable,
    SettingMissing,
    StoreUnavailable,
)
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import Capabilities, Lease, PollResult, PollState
from invoice_capture.use_cases.steps import check_submissions
from invoice_capture.use_cases.steps.check_submissions import TurnOutcome
from tests.fakes.world import PDF, ServerProvider, World


def submitted(world: World, count: int = 1) -> list:
    jobs = [world.receive(PDF + bytes([number])) for number in range(count)]
    for job in jobs:
        world.submit(job)
    return jobs


def test_submitting_starts_one_loop_and_leaves_a_live_one_alone() -> None:
    world = World()
    submitted(world, 5)
    assert len(world.loops) == 1


def test_a_finished_job_is_kept_and_told() -> None:
    world = World()
    [job] = submitted(world)
    token = world.row(job).task_token
    world.finish(job, b'{"n": 1}')
    world.clock.forward(30)
    world.turn()

    key = f"results/{job.job_id}/1-paid.json"
    assert world.documents.results[key] == b'{"n": 1}'
    assert world.tokens.outcomes[token] == {
        "provider": "paid",
        "submission": 1,
        "reference": f"paid-{job.job_id}",
        "result_key": key,
    }
    row = world.row(job)
    assert (row.state, row.task_token, row.next_check_at) == (SubmissionState.DONE, None, None)
    assert [sum(counts.values()) for counts in world.states.load("paid").latencies.values()] == [1]


def test_an_unfinished_job_is_looked_at_later_and_ever_more_rarely() -> None:
    world = World()
    [job] = submitted(world)
    gaps = []
    for number in range(1, 60):
        result = world.turn(number=number)
        assert result.outcome is TurnOutcome.WAIT
        gaps.append(result.wait_seconds)
        world.clock.forward(result.wait_seconds)
    assert world.row(job).polls > 20
    assert gaps[-1] == 900
    assert min(gaps) >= 5


def test_a_batch_call_asks_for_many_jobs_at_once() -> None:
    provider = ServerProvider(capabilities=Capabilities(batch_size=100))
    world = World(provider)
    submitted(world, 30)
    world.clock.forward(60)
    world.turn()
    assert [len(batch) for batch in provider.checked] == [30]


def test_the_time_a_turn_takes_is_part_of_the_pause_between_two_looks() -> None:
    class Slow(ServerProvider):
        def poll(self, submissions):
            world.clock.forward(3)
            return super().poll(submissions)

    world = World(Slow())
    [early] = submitted(world)
    world.clock.forward(4)
    late = world.receive(PDF + b"late")
    world.submit(late)
    world.clock.forward((world.row(early).next_check_at - world.clock.now()).total_seconds())
    result = world.turn()
    assert [len(batch) for batch in world.provider.checked] == [1]
    assert result.wait_seconds == 2


def test_an_outage_slows_the_loop_and_fails_no_job() -> None:
    world = World()
    jobs = submitted(world, 3)
    world.provider.check_fault = ProviderUnavailable("maintenance")
    waits = []
    for _ in range(10):
        world.clock.forward(60)
        waits.append(world.turn().wait_seconds)
    assert {world.row(job).state for job in jobs} == {SubmissionState.PENDING}
    assert world.states.load("paid").breaker.is_open
    asked = len(world.provider.checked)
    world.turn()
    assert len(world.provider.checked) == asked, "an open breaker asks nobody"

    world.provider.check_fault = None
    for job in jobs:
        world.finish(job)
    world.clock.forward(700)
    world.turn()
    assert {world.row(job).state for job in jobs} == {SubmissionState.DONE}


def test_a_refusal_of_the_provider_is_told_by_name() -> None:
    world = World()
    [job] = submitted(world)
    token = world.row(job).task_token
    world.provider.answers[job.job_id] = PollResult(PollState.FAILED, error=CaptureFailed("illegible"))
    world.clock.forward(30)
    world.turn()
    assert isinstance(world.tokens.outcomes[token], CaptureFailed)
    assert world.row(job).error_message == f"{job.document.name}: illegible"


def test_a_provider_that_lost_its_settings_fails_its_jobs_with_the_reason() -> None:
    world = World()
    [job] = submitted(world)
    token = world.row(job).task_token
    world.providers.providers.clear()
    world.clock.forward(30)
    world.turn()
    assert isinstance(world.tokens.outcomes[token], SettingMissing)


def test_secrets_that_cannot_be_read_right_now_fail_no_job() -> None:
    world = World()
    [job] = submitted(world)

    def unavailable(_name: str) -> None:
        raise StoreUnavailable("Secrets Manager did not answer.")

    world.providers.get = unavailable
    world.clock.forward(30)
    with pytest.raises(StoreUnavailable):
        world.turn()
    assert world.row(job).state is SubmissionState.PENDING


# --- the token  ----------------------------------------


def test_a_replaced_token_is_read_again_and_its_successor_is_told() -> None:
    class Replacing(ServerProvider):
        def poll(self, submissions):
            world.tokens.open.remove(first)
            world.submit(job, token="second")
            return super().poll(submissions)

    world = World(Replacing())
    [job] = submitted(world)
    first = world.row(job).task_token
    world.finish(job)
    world.clock.forward(30)
    world.turn()

    assert "result_key" in world.tokens.outcomes["second"]
    assert world.row(job).state is SubmissionState.DONE


def test_a_closed_token_cleans_the_row_up_and_keeps_the_outcome() -> None:
    world = World()
    [job] = submitted(world)
    world.tokens.open.clear()
    world.finish(job)
    world.clock.forward(30)
    result = world.turn()

    row = world.row(job)
    assert (row.state, row.result_key) == (SubmissionState.DONE, f"results/{job.job_id}/1-paid.json")
    assert result.turn.released


def test_a_token_that_replaces_one_that_was_told_is_told_as_well() -> None:
    """The state took the outcome, was repeated, and its new token is waiting: closing the row would strand it."""
    world = World()
    [job] = submitted(world)
    first = world.row(job).task_token
    told = world.tokens.succeed

    def succeed_then_replace(task_token, output):
        told(task_token, output)
        world.tokens.succeed = told
        world.submissions.save(replace(world.row(job), task_token=world.tokens.issue("second")))

    world.tokens.succeed = succeed_then_replace
    world.finish(job)
    world.clock.forward(30)
    world.turn()

    assert "result_key" in world.tokens.outcomes[first]
    assert "result_key" in world.tokens.outcomes["second"]
    assert world.row(job).state is SubmissionState.DONE


# --- the lease  ----------------------------------------


def test_a_loop_without_the_lease_ends_and_does_nothing() -> None:
    world = World()
    submitted(world)
    world.clock.forward(30)
    assert world.turn(owner="somebody-else").outcome is TurnOutcome.REPLACED
    assert world.provider.checked == []


def test_a_lease_lost_during_a_turn_ends_the_loop() -> None:
    class Slow(ServerProvider):
        def poll(self, submissions):
            present = world.states.load("paid").lease
            world.states.pass_lease("paid", present.owner, replace(present, owner="another"))
            return super().poll(submissions)

    world = World(Slow())
    submitted(world)
    world.clock.forward(30)
    assert world.turn().outcome is TurnOutcome.REPLACED


def test_a_dead_loop_is_replaced_by_the_next_submission() -> None:
    world = World()
    submitted(world)
    world.turn()
    world.clock.forward(3600)
    world.submit(world.receive(b"%PDF- another"))
    assert len(world.loops) == 2


def test_a_loop_that_would_sleep_too_long_is_replaced_and_ends_when_it_wakes() -> None:
    world = World()
    [old] = submitted(world)
    world.clock.forward(6 * 3600)
    asleep = world.turn()
    assert asleep.wait_seconds == 900
    world.clock.forward(60)

    new = world.receive(b"%PDF- another")
    world.submit(new)
    first, second = world.loops
    world.finish(new)
    world.clock.forward(30)
    assert world.turn(owner=second).outcome is TurnOutcome.WAIT
    assert world.row(new).state is SubmissionState.DONE
    assert world.turn(owner=first).outcome is TurnOutcome.REPLACED
    assert world.row(old).state is SubmissionState.PENDING


def test_a_drained_loop_gives_the_lease_up_looks_again_and_ends() -> None:
    world = World()
    [job] = submitted(world)
    world.finish(job)
    world.clock.forward(30)
    last = world.turn()
    assert last.outcome is TurnOutcome.WAIT
    assert last.turn.released
    assert world.states.load("paid").lease is None
    assert world.turn(released=True).outcome is TurnOutcome.DRAINED


def test_a_submission_that_the_drained_loop_could_not_see_yet_is_taken_back() -> None:
    world = World()
    [job] = submitted(world)
    world.finish(job)
    world.clock.forward(30)
    world.turn()
    late = world.receive(b"%PDF- another")
    world.submit(late)
    world.states.release_lease("paid", world.loops[-1])  # as if its own loop had never started

    result = world.turn(owner=world.loops[0], released=True)
    assert result.outcome is TurnOutcome.WAIT
    assert not result.turn.released
    assert world.states.load("paid").lease.owner == world.loops[0]


def test_a_drained_loop_leaves_new_work_to_the_loop_that_was_started_for_it() -> None:
    world = World()
    [job] = submitted(world)
    world.finish(job)
    world.clock.forward(30)
    world.turn()
    world.submit(world.receive(b"%PDF- another"))
    assert len(world.loops) == 2
    assert world.turn(owner=world.loops[0], released=True).outcome is TurnOutcome.REPLACED


def test_a_long_loop_hands_over_to_a_fresh_execution_that_owns_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    submitted(world)
    monkeypatch.setattr(check_submissions, "TURNS_PER_EXECUTION", 10)
    assert world.turn(number=9).outcome is TurnOutcome.WAIT
    result = world.turn(number=10)
    assert result.outcome is TurnOutcome.HAND_OVER
    assert world.states.load("paid").lease.owner == result.successor
    assert world.turn(owner=result.successor).outcome is TurnOutcome.WAIT
    assert world.turn().outcome is TurnOutcome.REPLACED


def test_of_two_who_want_a_dead_loop_replaced_one_starts_one() -> None:
    world = World()
    now = world.clock.now()
    dead = Lease("dead", wakes_at=now, expires_at=now)
    world.states.take_lease("paid", dead, None)
    world.clock.forward(1)
    lease = replace(dead, owner="a", expires_at=now + timedelta(minutes=7))
    assert world.states.take_lease("paid", lease, instead_of=dead)
    assert not world.states.take_lease("paid", replace(lease, owner="b"), instead_of=dead)


# --- people and deadlines  ----------------------------------------


def test_a_person_is_asked_once_and_the_job_goes_on_by_itself() -> None:
    world = World()
    [job] = submitted(world)
    world.provider.answers[job.job_id] = PollResult(
        PollState.ACTION_REQUIRED, action_url="https://example.com/verify/1"
    )
    for _ in range(3):
        world.clock.forward(3600)
        world.turn()
    assert world.jobs.jobs[job.job_id].status is JobStatus.ACTION_REQUIRED
    [message] = world.messages.published
    assert message["action_url"] == "https://example.com/verify/1"

    del world.provider.answers[job.job_id]
    world.clock.forward(3600)
    world.turn()
    assert world.jobs.jobs[job.job_id].status is JobStatus.SUBMITTED
    world.finish(job)
    world.clock.forward(3600)
    world.turn()
    assert world.row(job).state is SubmissionState.DONE


@pytest.mark.parametrize("state", [SubmissionState.PENDING, SubmissionState.QUEUED])
def test_a_submission_past_its_deadline_is_ended_by_name(state: SubmissionState) -> None:
    world = World()
    [job] = submitted(world)
    token = world.row(job).task_token
    world.submissions.save(replace(world.row(job), state=state))
    world.clock.forward(73 * 3600)
    world.turn()
    assert isinstance(world.tokens.outcomes[token], JobDeadlineExceeded)
    assert world.row(job).state is SubmissionState.FAILED


def test_an_index_that_lags_behind_does_not_check_too_early() -> None:
    world = World()
    [job] = submitted(world)
    world.clock.forward(30)
    world.turn()
    polls = world.row(job).polls
    world.submissions.due = lambda *_: [(job.job_id, 1)]
    world.turn()
    assert world.row(job).polls == polls
