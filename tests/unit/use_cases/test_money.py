"""What is paid for: never a third time, never twice without a mark, and no mark without a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    NoCredit,
    ProviderError,
    RequestRefused,
    StoreUnavailable,
)
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import Capabilities, PollResult, PollState, StaleWrite
from invoice_capture.use_cases.shared.submitter import LONGEST_ATTEMPT
from tests.fakes.world import ServerProvider, World
from tests.unit.use_cases.submitting import DOWN, LOST, go_on, is_marked, submitted

FINDS = Capabilities(finds_submissions=True)


class Deaf(ServerProvider):
    """A provider whose list shows nothing for a while, or cannot be asked."""

    find_faults: list[ProviderError]
    shows = True

    def find(self, submission: Submission) -> str | None:
        if self.find_faults:
            raise self.find_faults.pop(0)
        return super().find(submission) if self.shows else None


def deaf(*faults: ProviderError, finds: list[ProviderError], shows: bool = True) -> Deaf:
    provider = Deaf(capabilities=FINDS, faults=list(faults))
    provider.find_faults, provider.shows = finds, shows
    return provider


# --- a look-up ----------------------------------------------------------------


def test_a_look_up_that_fails_is_made_again_and_nothing_is_sent_meanwhile() -> None:
    world, job = submitted(deaf(LOST, finds=[DOWN, DOWN]))
    go_on(world, 2)
    assert (world.row(job).state, len(world.provider.accepted)) == (SubmissionState.SUBMITTING, 1)
    go_on(world)
    assert (world.row(job).state, len(world.provider.accepted)) == (SubmissionState.PENDING, 1)
    assert not is_marked(world, job)


def test_what_a_look_up_does_not_know_is_sent_again() -> None:
    class Swallowing(ServerProvider):
        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            if not self.faults:
                return super().submit(submission, content, begin)
            begin()
            raise self.faults.pop(0)

    world, job = submitted(Swallowing(capabilities=FINDS, faults=[LOST]))
    go_on(world)
    assert (world.row(job).state, world.row(job).attempts) == (SubmissionState.PENDING, 2)
    assert world.provider.accepted == [job.job_id]


def test_a_mark_is_taken_back_when_the_list_shows_one_copy() -> None:
    provider = deaf(LOST, finds=[], shows=False)
    world, job = submitted(provider)
    provider.accepted.clear()  # the first was not taken after all
    go_on(world)
    assert is_marked(world, job)
    world.finish(job)
    go_on(world)
    assert world.row(job).state is SubmissionState.DONE
    assert not is_marked(world, job)
    assert not world.row(job).possible_double_charge


def test_what_turns_out_to_be_there_when_it_is_to_be_sent_again_gets_no_mark() -> None:
    class Knowing(ServerProvider):
        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            if submission.job_id in self.accepted:
                return f"{self.name}-{submission.job_id}"
            return super().submit(submission, content, begin)

        def find(self, submission: Submission) -> None:
            return None

    world, job = submitted(Knowing(capabilities=FINDS, faults=[LOST]))
    go_on(world)
    assert (world.row(job).state, world.row(job).attempts) == (SubmissionState.PENDING, 1)
    assert not is_marked(world, job)


@pytest.mark.parametrize("ending", ["failed", "refused", "late"])
def test_a_mark_is_taken_back_as_well_when_the_provider_fails_the_one_copy(ending: str) -> None:
    provider = deaf(LOST, finds=[], shows=False)
    world, job = submitted(provider)
    provider.accepted.clear()  # the first was not taken after all
    go_on(world)
    assert is_marked(world, job)
    error = CaptureFailed("no")
    if ending == "late":
        go_on(world, minutes=73 * 60)
    else:
        provider.answers[job.job_id] = PollResult(PollState[ending.upper()], error=error)
        go_on(world, 40, minutes=5)
    assert world.row(job).state is SubmissionState.FAILED
    assert not is_marked(world, job)


def test_a_mark_stays_when_the_list_shows_two_copies() -> None:
    provider = deaf(LOST, finds=[], shows=False)
    world, job = submitted(provider)
    go_on(world)
    world.finish(job)
    go_on(world)
    assert len(provider.accepted) == 2
    assert is_marked(world, job)


def test_what_a_list_does_not_show_after_two_attempts_is_looked_up_for_six_hours_and_given_up() -> None:
    provider = deaf(LOST, LOST, finds=[], shows=False)
    world, job = submitted(provider)
    go_on(world, 35, minutes=10)
    assert world.row(job).state is SubmissionState.SUBMITTING
    go_on(world, 3, minutes=10)
    assert world.row(job).error_code == "SubmissionInDoubt"
    assert len(provider.accepted) == 2


def test_a_number_that_is_taken_is_looked_up_again_when_the_list_is_behind() -> None:
    provider = deaf(LOST, RequestRefused("the number exists"), finds=[], shows=False)
    world, job = submitted(provider)
    go_on(world)
    assert (world.row(job).state, is_marked(world, job)) == (SubmissionState.SUBMITTING, False)
    provider.shows = True
    go_on(world, minutes=11)
    assert world.row(job).state is SubmissionState.PENDING
    assert provider.accepted == [job.job_id]


# --- without a look-up --------------------------------------------------------


def test_a_second_attempt_that_was_not_taken_leaves_no_mark() -> None:
    world, job = submitted(ServerProvider(faults=[LOST, DOWN]))
    go_on(world)
    row = world.row(job)
    assert (row.state, row.attempts, row.possible_double_charge) == (SubmissionState.SUBMITTING, 1, False)
    assert not is_marked(world, job)
    go_on(world)
    assert is_marked(world, job)
    assert world.row(job).state is SubmissionState.PENDING


def test_a_second_attempt_that_is_refused_for_good_ends_in_doubt() -> None:
    world, job = submitted(ServerProvider(faults=[LOST, NoCredit("empty")]))
    go_on(world)
    assert world.row(job).error_code == "SubmissionInDoubt"
    assert "empty" in (world.row(job).error_message or "")
    assert not is_marked(world, job), "nothing else was asked"


def test_the_next_provider_is_marked_when_an_earlier_one_may_have_taken_the_document() -> None:
    world, job = submitted(ServerProvider(faults=[LOST, NoCredit("empty")]))
    go_on(world)
    world.submit(job, number=2)
    assert world.row(job, 2).state is SubmissionState.PENDING
    assert is_marked(world, job)


def test_a_next_provider_that_takes_nothing_leaves_no_mark() -> None:
    world, job = submitted(ServerProvider(faults=[LOST, NoCredit("empty"), DOWN, CaptureFailed("no")]))
    go_on(world)
    world.submit(job, number=2)
    assert world.row(job, 2).state is SubmissionState.QUEUED
    assert not is_marked(world, job)
    go_on(world)
    assert world.row(job, 2).state is SubmissionState.FAILED
    assert not is_marked(world, job)


def test_a_next_provider_is_not_marked_for_a_document_that_was_refused() -> None:
    world, job = submitted(ServerProvider(faults=[CaptureFailed("no")]))
    world.submit(job, number=2)
    assert not is_marked(world, job)


def test_credentials_that_changed_since_they_were_read_fail_nothing() -> None:
    world = World(ServerProvider(faults=[CredentialsRefused("old")]))
    job = world.receive()
    forget = world.providers.forget

    def forget_and_change(name: str) -> None:
        forget(name)
        world.providers.providers[name] = ServerProvider()

    world.providers.forget = forget_and_change  # type: ignore[method-assign]
    token = world.submit(job)
    go_on(world)
    assert token in world.tokens.open
    assert world.row(job).state is SubmissionState.PENDING


def test_credentials_that_are_refused_as_they_are_end_the_submission() -> None:
    world = World(ServerProvider(faults=[CredentialsRefused("wrong")]))
    job = world.receive()
    token = world.submit(job)
    assert isinstance(world.tokens.outcomes[token], CredentialsRefused)
    assert world.providers.forgotten == ["paid"]


# --- whatever happens ---------------------------------------------------------

_EARLY = ["down early", "crash early", "refuse early"]
"""Before the request leaves that is charged."""
_FATES = ["accept", "lose", "lose unseen", "down", "crash", "crash unseen", "refuse", *_EARLY]


@given(st.lists(st.sampled_from(_FATES), max_size=7), st.booleans(), st.integers(0, 3), st.booleans())
def test_no_sequence_of_fates_pays_in_silence_or_marks_without_reason(
    fates: list[str], finds: bool, hidden: int, by_loop: bool
) -> None:
    """``hidden``: so many look-ups find nothing, whatever there is."""

    class Fated(ServerProvider):
        sent = 0
        looked_up = 0

        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            fate = fates.pop(0) if fates else "accept"
            if fate.startswith("crash early"):
                raise MemoryError
            if "early" not in fate:
                begin()
            if fate.startswith("down"):
                raise DOWN
            if fate.startswith("refuse"):
                raise CaptureFailed("no")
            Fated.sent += 1
            if "unseen" not in fate:
                self.accepted.append(submission.job_id)
            if fate.startswith("lose"):
                raise LOST
            if fate.startswith("crash"):
                raise MemoryError
            return f"{self.name}-{submission.job_id}"

        def find(self, submission: Submission) -> str | None:
            Fated.looked_up += 1
            return super().find(submission) if Fated.looked_up > hidden else None

    world = World(Fated(capabilities=Capabilities(finds_submissions=finds)))
    job = world.receive()
    for step in range(80):
        try:
            world.clock.forward(1000)
            if world.loops and (by_loop or step % 2):
                world.turn()
            else:
                world.submit(job)
        except (MemoryError, StaleWrite):
            continue
        if job.job_id in world.provider.accepted:
            world.finish(job)
        if world.submissions.get((job.job_id, 1)) is not None and world.row(job).state.is_closed:
            break

    assert world.row(job).state.is_closed, "nothing is stuck"
    charged = len(world.provider.accepted)
    assert Fated.sent <= 2
    assert is_marked(world, job) or charged <= 1
    if finds and world.row(job).state is SubmissionState.DONE:
        assert is_marked(world, job) == (charged > 1)
    if Fated.sent <= 1:
        assert not is_marked(world, job)


def test_a_mark_is_set_before_the_second_attempt() -> None:
    class Watching(ServerProvider):
        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            def watched() -> None:
                begin()
                marks.append(is_marked(world, job))

            return super().submit(submission, content, watched)

    marks: list[bool] = []
    world = World(Watching(faults=[LOST]))
    job = world.receive()
    world.submit(job)
    go_on(world)
    assert marks == [False, True]


@pytest.mark.parametrize("minutes", [1, 15])
def test_whoever_is_sending_is_left_alone(minutes: int) -> None:
    world, job = submitted(ServerProvider())
    key = (job.job_id, 1)
    row = world.submissions.get(key)
    assert row is not None
    world.submissions.rows[key] = world.submissions.rows[key].__class__(
        **{
            **vars(row),
            "state": SubmissionState.SUBMITTING,
            "reference": None,
            "next_check_at": world.clock.now() + LONGEST_ATTEMPT,
        }
    )
    world.clock.forward(timedelta(minutes=minutes).total_seconds())
    world.submit(job)
    assert len(world.provider.accepted) == 1


def test_what_was_accepted_is_written_down_however_long_the_store_takes() -> None:
    world = World()
    job = world.receive()
    save, failures = world.submissions.save, [True] * 4

    def fail_at_first(row: Submission) -> Submission:
        if failures:
            failures.pop()
            raise StoreUnavailable("DynamoDB is busy.")
        return save(row)

    world.submissions.save = fail_at_first  # type: ignore[method-assign]
    world.submit(job)
    assert world.row(job).state is SubmissionState.PENDING
    assert world.provider.accepted == [job.job_id]


def test_of_two_runs_of_a_state_the_one_that_is_waited_for_is_told() -> None:
    """An earlier run is slow, and takes the submission over from the later one."""
    world, job = submitted(ServerProvider())
    waited_for = world.row(job).task_token
    row = world.row(job)
    world.submissions.save(row.__class__(**{**vars(row), "task_token": "slow", "former_token": waited_for}))
    world.finish(job)
    go_on(world)
    assert world.tokens.outcomes[waited_for or ""]["reference"] == f"paid-{job.job_id}"
    assert world.row(job).tokens == ()
