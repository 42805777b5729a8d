"""One submission in trouble is nobody else's, what may pass ends nothing, and what lasts does not last for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    ProviderError,
    ProviderUnavailable,
    RequestRefused,
    StoreUnavailable,
    SubmissionUnknown,
)
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import Capabilities, PollResult, PollState
from invoice_capture.use_cases.polling import poll_submissions
from tests.fakes.world import PDF, ServerProvider, World
from tests.unit.use_cases.submitting import go_on

BROKEN = ProviderUnavailable("HTTP 500")


class Poisoned(ServerProvider):
    """A provider that fails over every request that names one of ``poison``."""

    poison: frozenset[str] = frozenset()

    def poll(self, submissions: Sequence[Submission]) -> Mapping[str, PollResult]:
        results = super().poll(submissions)
        if self.poison & {row.job_id for row in submissions}:
            raise BROKEN
        return results


def poisoned(batch_size: int, jobs: int, *culprits: int) -> tuple[World, Poisoned, list[Job]]:
    provider = Poisoned(capabilities=Capabilities(batch_size=batch_size))
    world = World(provider)
    received = [world.receive(PDF + bytes([number])) for number in range(jobs)]
    for job in received:
        world.submit(job)
    provider.poison = frozenset(received[number].job_id for number in culprits)
    for job in received:
        world.finish(job)
    world.clock.forward(60)
    return world, provider, received


# --- a batch that fails -------------------------------------------------------


@pytest.mark.parametrize("culprits", [(0,), (99,), (40, 41), (0, 1, 98, 99)], ids=str)
def test_a_batch_that_fails_is_halved_until_the_culprits_stand_alone(culprits: tuple[int, ...]) -> None:
    world, provider, jobs = poisoned(100, 100, *culprits)
    # Culprits that happen to lie in every quarter look like an outage, until they are dealt out anew.
    turns = 0
    for _ in range(1 if len(culprits) < 4 else 20):
        world.turn()
        turns += 1
        stuck = {number for number, job in enumerate(jobs) if not world.row(job).state.is_closed}
        if len(stuck) == len(culprits):
            break
        world.clock.forward(60)
    assert stuck == set(culprits)
    assert not world.states.load("paid").breaker.is_open, "the provider answers"
    assert len(provider.checked) <= turns * 2 * len(culprits) * 8


def test_a_culprit_is_asked_about_alone_and_last_from_then_on() -> None:
    world, provider, jobs = poisoned(100, 10, 3)
    world.turn()
    for number in range(10):
        world.submit(world.receive(PDF + b"late" + bytes([number])))
    provider.checked.clear()
    go_on(world, 1, 2)
    assert [len(batch) for batch in provider.checked] == [10, 1]
    assert provider.checked[-1] == [jobs[3].job_id]


def test_a_culprit_waits_for_hours_and_then_ends_with_the_reason() -> None:
    world, _provider, jobs = poisoned(100, 10, 3)
    token = world.row(jobs[3]).task_token
    world.turn()
    for hour in range(8):
        # Others come and are answered, so the provider is there.
        world.submit(world.receive(PDF + b"other" + bytes([hour])))
        go_on(world, 4, 15)
    error = world.tokens.outcomes[token or ""]
    assert isinstance(error, CaptureFailed)
    assert "HTTP 500" in str(error)


def test_an_outage_is_no_hunt_for_culprits() -> None:
    world, provider, jobs = poisoned(100, 100, *range(100))
    world.turn()
    assert len(provider.checked) <= 7
    assert world.states.load("paid").breaker.failures == 1
    assert {world.row(job).state for job in jobs} == {SubmissionState.PENDING}
    assert {world.row(job).unclear_polls for job in jobs} == {0}


def test_a_single_document_in_trouble_opens_no_breaker() -> None:
    world, _provider, _jobs = poisoned(1, 1, 0)
    go_on(world, 20, 15)
    assert not world.states.load("paid").breaker.is_open
    late = world.receive(PDF + b"late")
    world.submit(late)
    assert world.row(late).state is SubmissionState.PENDING


def test_an_outage_of_days_ends_nothing_before_its_deadline() -> None:
    world, provider, jobs = poisoned(1, 3, 0, 1, 2)
    go_on(world, 200, 15)
    assert {world.row(job).state for job in jobs} == {SubmissionState.PENDING}
    provider.poison = frozenset()
    go_on(world, 8, 15)
    assert {world.row(job).state for job in jobs} == {SubmissionState.DONE}


# --- a refusal ----------------------------------------------------------------

_REFUSALS = [SubmissionUnknown("404"), RequestRefused("400"), RequestRefused("302")]


@pytest.mark.parametrize("refusal", _REFUSALS, ids=str)
@pytest.mark.parametrize("is_told", [False, True], ids=["raised", "told"])
def test_a_refusal_that_passes_ends_nothing(refusal: ProviderError, is_told: bool) -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    if is_told:
        world.provider.answers[job.job_id] = PollResult(PollState.REFUSED, error=refusal)
    else:
        world.provider.check_fault = refusal
    go_on(world, 5, 5)
    assert token in world.tokens.open
    world.provider.check_fault = None
    world.finish(job)
    go_on(world, 2, 10)
    assert world.row(job).state is SubmissionState.DONE


@pytest.mark.parametrize("refusal", _REFUSALS, ids=str)
def test_a_refusal_that_lasts_for_an_hour_ends_the_submission_by_its_name(refusal: ProviderError) -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    world.provider.check_fault = refusal
    go_on(world, 8, 10)
    assert type(world.tokens.outcomes[token]) is type(refusal)


def test_a_single_refusal_after_hours_without_an_answer_ends_nothing() -> None:
    world, provider, jobs = poisoned(100, 10, 3)
    token = world.row(jobs[3]).task_token or ""
    world.turn()
    # Others come and are answered, so the provider is there; half of the patience with a poisoned one.
    for hour in range(3):
        world.submit(world.receive(PDF + b"other" + bytes([hour])))
        go_on(world, 4, 15)
    provider.poison = frozenset()
    provider.check_fault = SubmissionUnknown("404")
    go_on(world, 2, 15)
    assert token in world.tokens.open
    assert world.row(jobs[3]).refused_since is not None
    provider.check_fault = None
    world.finish(jobs[3])
    go_on(world, 4, 15)
    assert world.row(jobs[3]).state is SubmissionState.DONE


def test_refusals_between_silences_end_a_submission_as_late_as_silence() -> None:
    world, provider, jobs = poisoned(100, 10, 3)
    token = world.row(jobs[3]).task_token or ""
    began = world.clock.now()
    world.turn()
    while token in world.tokens.open:
        refused = provider.check_fault is None
        provider.check_fault = SubmissionUnknown("404") if refused else None
        # Others come and are answered in between.
        world.submit(world.receive(PDF + str(world.clock.now()).encode()))
        go_on(world, 3, 15)
    assert 6 <= (world.clock.now() - began).total_seconds() / 3600 <= 8


def test_a_clear_answer_makes_a_refusal_forgotten() -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    for _ in range(4):
        world.provider.check_fault = SubmissionUnknown("404")
        go_on(world, 4, 12)
        world.provider.check_fault = None
        world.provider.answers[job.job_id] = PollResult(PollState.PENDING)
        go_on(world, 2, 16)
    assert token in world.tokens.open


def test_credentials_that_are_refused_are_read_again() -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    world.provider.check_fault = CredentialsRefused("401")
    go_on(world, 3, 10)
    assert world.providers.forgotten[:1] == ["paid"]
    assert token in world.tokens.open


# --- a status that nobody documented ------------------------------------------


def test_an_unknown_status_is_said_at_once_and_bounded() -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    world.provider.answers[job.job_id] = PollResult(PollState.UNKNOWN, said="Hibernating")
    go_on(world, 1, 1)
    assert "'Hibernating'" in (world.jobs.jobs[job.job_id].remark or "")
    assert world.metrics.counts["UnknownStatuses"] == 1
    go_on(world, 30, 15)
    error = world.tokens.outcomes[token]
    assert isinstance(error, CaptureFailed)
    assert "'Hibernating'" in str(error)
    assert world.metrics.counts["UnknownStatuses"] == 1


# --- a person who is asked ----------------------------------------------------


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_look() -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    world.provider.answers[job.job_id] = PollResult(PollState.ACTION_REQUIRED, action_url="https://verify.example/1")
    publish = world.messages.publish

    def fail(_subject: str, _message: Mapping[str, object]) -> None:
        raise StoreUnavailable("SNS is out of order.")

    world.messages.publish = fail  # type: ignore[method-assign]
    world.clock.forward(60)
    with pytest.raises(StoreUnavailable):
        world.turn()
    assert world.jobs.jobs[job.job_id].status is JobStatus.ACTION_REQUIRED
    world.messages.publish = publish  # type: ignore[method-assign]
    go_on(world, 5, 15)
    assert [message["event"] for message in world.messages.published] == ["invoice.action_required"]


# --- a store that is out of order ---------------------------------------------


def _out_of_order(*_any: object) -> Any:
    raise StoreUnavailable("S3 is out of order.")


@pytest.mark.parametrize("what", ["submitting", "checking", "deleting"])
def test_a_look_that_fails_leaves_no_request_under_way(what: str) -> None:
    world = World(ServerProvider(capabilities=Capabilities(batch_size=1, deletes_copies=True)))
    jobs = [world.receive(PDF + bytes([number])) for number in range(3)]
    if what == "submitting":
        world.provider.early_faults = [ProviderUnavailable("HTTP 503")] * 3
    for job in jobs:
        world.submit(job)
    for job in jobs if what != "submitting" else ():
        world.finish(job)
    world.clock.forward(3600)
    if what == "deleting":
        world.turn()
    world.documents.read = world.documents.write_result = _out_of_order  # type: ignore[method-assign,assignment]
    world.documents.read_result = _out_of_order  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable) as kept:
        world.turn()
    assert kept.tb is not None, "and with it all that the error came through"
    assert [one.name for one in threading.enumerate() if one.name.startswith(world.provider.name)] == []


# --- what a provider keeps ----------------------------------------------------


def discarding(**parts: object) -> tuple[World, Job]:
    world = World(ServerProvider(capabilities=Capabilities(deletes_copies=True), **parts))  # type: ignore[arg-type]
    job = world.receive()
    world.submit(job)
    world.finish(job)
    world.clock.forward(60)
    world.turn()
    assert world.row(job).state is SubmissionState.DONE
    return world, job


def test_a_copy_is_deleted_after_its_job_was_told() -> None:
    world, job = discarding()
    assert world.provider.discarded == []
    go_on(world, 1, 0.1)
    assert world.provider.discarded == [f"paid-{job.job_id}"]
    assert world.row(job).next_check_at is None


def test_a_copy_of_a_failed_job_is_deleted_as_well() -> None:
    world = World(ServerProvider(capabilities=Capabilities(deletes_copies=True)))
    job = world.receive()
    world.submit(job)
    world.provider.answers[job.job_id] = PollResult(PollState.FAILED, error=CaptureFailed("illegible"))
    go_on(world, 2, 1)
    assert world.provider.discarded == [f"paid-{job.job_id}"]


def test_a_copy_that_an_outage_keeps_is_deleted_when_it_is_over() -> None:
    world, job = discarding(discard_faults=[BROKEN] * 3)
    go_on(world, 3, 11)
    assert (world.provider.discarded, world.metrics.counts["CopiesLeft"]) == ([], 0)
    assert not world.states.load("paid").breaker.failures
    go_on(world, 1, 11)
    assert world.provider.discarded == [f"paid-{job.job_id}"]


@pytest.mark.parametrize("fault", [BROKEN, CredentialsRefused("401")], ids=str)
def test_a_copy_that_cannot_be_deleted_for_days_is_left_and_counted(fault: ProviderError) -> None:
    world, job = discarding(discard_faults=[fault] * 1000)
    go_on(world, 80, 60)
    assert world.metrics.counts["CopiesLeft"] == 1
    assert world.row(job).next_check_at is None


def test_a_copy_that_is_refused_for_good_is_left_at_once() -> None:
    world, _job = discarding(discard_faults=[RequestRefused("400")])
    go_on(world, 1, 1)
    assert world.metrics.counts["CopiesLeft"] == 1


def test_copies_wait_while_the_provider_is_out_of_order() -> None:
    world, job = discarding()
    world.provider.faults = [BROKEN] * 5
    for number in range(5):
        world.submit(world.receive(PDF + b"more" + bytes([number])))
    assert world.states.load("paid").breaker.is_open
    world.turn()
    assert world.provider.discarded == []
    go_on(world, 3, 15)
    assert world.provider.discarded == [f"paid-{job.job_id}"]


def test_a_copy_is_left_where_it_may_stay() -> None:
    world, job = discarding(keeps_copies=True)
    assert world.row(job).next_check_at is None


# --- memory -------------------------------------------------------------------


def test_no_more_is_sent_at_the_same_time_than_fits_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_submissions, "_MOST_BYTES_UNDER_WAY", 2_500_000)

    class Weighing(ServerProvider):
        under_way = 0
        most = 0

        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            with lock:
                Weighing.under_way += submission.document.size
                Weighing.most = max(Weighing.most, Weighing.under_way)
            time.sleep(0.02)
            with lock:
                Weighing.under_way -= submission.document.size
                return super().submit(submission, content, begin)

    lock = threading.Lock()
    world = World(Weighing(faults=[ProviderUnavailable("later", retry_after=30)]))
    jobs = [world.receive(PDF + bytes([number]), size=1_000_000) for number in range(8)]
    for job in jobs:
        world.submit(job)
    go_on(world, 4, 1)
    assert {world.row(job).state for job in jobs} == {SubmissionState.PENDING}
    assert Weighing.most == 2_000_000
