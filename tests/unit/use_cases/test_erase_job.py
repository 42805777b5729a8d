"""Erasing: nothing more is paid for a deleted job, and in the end nothing of it is left anywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invoice_capture.domain.errors import (
    JobCancelled,
    JobClosed,
    OperationUnsupported,
    ProviderUnavailable,
    StoreUnavailable,
    SubmissionInDoubt,
)
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import Capabilities
from tests.fakes.world import PDF, OnlyProviders
from tests.unit.use_cases.client_world import OPS, URL, ClientWorld, ReadingProvider


def running(world: ClientWorld, number: str = "N1") -> tuple[Job, str]:
    job = world.create(number)
    world.process(job)
    return job, world.run(job)


def assert_nothing_left(world: ClientWorld, job: Job) -> None:
    assert job.job_id not in world.jobs.jobs
    assert world.rows_of(job) == []
    assert (world.jobs.invoice(job.job_id), world.jobs.confirmed_invoice(job.job_id)) == (None, None)
    assert [key for key in world.documents.results if job.job_id in key] == []
    assert [key for key, _version in world.documents.objects if key == job.document.key] == []


def test_everything_of_a_captured_job_is_erased_here_and_at_its_provider() -> None:
    world = ClientWorld(ReadingProvider(keeps_copies=True))
    job = world.captured()
    world.correct(job, {"total": "101.00"})
    other = world.captured("N2", document_url=_served(world, PDF + b"2"))
    world.withdraw(job)
    world.erase(job, was_open=False)
    assert_nothing_left(world, job)
    assert world.provider.discarded == [f"paid-{job.job_id}"]
    assert [message["event"] for message in world.messages.published] == ["invoice.captured"] * 2
    assert world.now(other).status is JobStatus.CAPTURED
    assert world.documents.read(other.document) == PDF + b"2"
    assert world.jobs.invoice(other.job_id) is not None


def test_a_provider_is_given_its_own_answer_which_names_what_else_it_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ClientWorld(ReadingProvider(keeps_copies=True))
    job = world.captured()
    [row] = world.submissions.of_job(job.job_id)
    answer = world.documents.read_result(row.result_key or "")
    given: list[tuple[str, bytes]] = []
    monkeypatch.setattr(world.provider, "discard", lambda reference, raw: given.append((reference, raw)))
    world.withdraw(job)
    world.erase(job, was_open=False)
    assert answer
    assert given == [(row.reference, answer)]


def test_a_running_job_wakes_its_execution_and_is_announced_once() -> None:
    world = ClientWorld()
    job, token = running(world)
    world.withdraw(job)
    world.erase(job)
    assert isinstance(world.tokens.outcomes[token], JobCancelled)
    assert_nothing_left(world, job)
    assert world.provider.discarded == [f"paid-{job.job_id}"]
    [message] = world.messages.published
    assert (message["event"], message["job_id"], message["status"]) == ("job.cancelled", job.job_id, "CANCELLED")
    # The event comes twice, as events do.
    world.erase(job)
    assert len(world.messages.published) == 1
    world.clock.forward(3600)
    world.turn()
    assert len(world.provider.accepted) == 1


def test_a_job_that_was_never_started_leaves_nothing_and_asks_nobody() -> None:
    world = ClientWorld()
    job = world.create()
    world.withdraw(job)
    world.erase(job, was_open=False)
    assert_nothing_left(world, job)
    assert (world.links.fetched, world.provider.discarded, world.messages.published) == ([], [], [])


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.CANCELLED])
def test_a_job_that_was_not_withdrawn_is_not_erased(status: JobStatus) -> None:
    world = ClientWorld()
    job, token = running(world)
    world.jobs.jobs[job.job_id] = replace(world.now(job), status=status)
    world.erase(job)
    assert world.now(job).status is status
    assert token in world.tokens.open
    assert world.documents.read(world.now(job).document) == PDF


def test_a_dropped_document_is_erased_as_well() -> None:
    world = ClientWorld()
    job = world.receive()
    token = world.submit(job)
    world.withdraw(job, OPS)
    world.erase(job)
    assert isinstance(world.tokens.outcomes[token], JobCancelled)
    assert_nothing_left(world, job)


def test_while_the_provider_is_down_the_erasure_fails_and_ends_complete_later() -> None:
    world = ClientWorld()
    job, token = running(world)
    world.withdraw(job)
    world.provider.discard_faults = [ProviderUnavailable("down")] * 2
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            world.erase(job)
        world.clock.forward(60)
    assert isinstance(world.tokens.outcomes[token], JobCancelled)
    assert world.messages.published == []
    world.erase(job)
    assert_nothing_left(world, job)
    assert world.provider.discarded == [f"paid-{job.job_id}"]
    assert len(world.messages.published) == 1
    assert world.metrics.counts["CopiesLeft"] == 0


@pytest.mark.parametrize("broken", ["remove", "remove_results", "publish", "erase"])
def test_a_store_that_is_down_at_any_step_leaves_an_erasure_to_be_repeated(broken: str) -> None:
    world = ClientWorld()
    job, _token = running(world)
    world.withdraw(job)
    part = {"remove": world.documents, "remove_results": world.documents, "publish": world.messages}.get(
        broken, world.orders
    )

    def down(*_arguments: object) -> None:
        raise StoreUnavailable("It did not answer.")

    setattr(part, broken, down)
    with pytest.raises(StoreUnavailable):
        world.erase(job)
    delattr(part, broken)
    assert world.now(job).status is JobStatus.CANCELLED
    world.erase(job)
    assert_nothing_left(world, job)


def test_what_a_provider_does_not_give_up_is_counted_and_keeps_nothing_else() -> None:
    world = ClientWorld()
    job, _token = running(world)
    world.withdraw(job)
    world.provider.discard_faults = [OperationUnsupported("no such operation")]
    world.erase(job)
    assert world.metrics.counts["CopiesLeft"] == 1
    assert_nothing_left(world, job)


def test_a_provider_that_was_taken_out_of_the_settings_keeps_nothing_else_back() -> None:
    world = ClientWorld()
    job, _token = running(world)
    world.withdraw(job)
    world.providers = OnlyProviders({})
    world.erase(job)
    assert world.metrics.counts["CopiesLeft"] == 1
    assert_nothing_left(world, job)


def test_a_provider_that_keeps_no_copies_is_not_asked() -> None:
    world = ClientWorld(ReadingProvider(capabilities=Capabilities()))
    job = world.captured()
    world.withdraw(job)
    world.erase(job, was_open=False)
    assert world.provider.discarded == []
    assert world.metrics.counts["CopiesLeft"] == 0


def test_all_providers_of_all_runs_give_up_their_copies() -> None:
    world = ClientWorld()
    job = world.failed()
    world.retry(job)
    world.run(job)
    world.withdraw(job)
    world.erase(job)
    assert len(world.provider.discarded) == 2


# --- in the middle of handing over -----------------------------------------------------------------------------------


def test_a_queued_submission_of_a_deleted_job_is_never_sent() -> None:
    """The erasure breaks off at another provider; the loop must not pay for what nobody wants any more."""
    world = ClientWorld()
    world.provider.faults = [ProviderUnavailable("down")]
    job, _token = running(world)
    [row] = world.rows_of(job)
    assert row.state is SubmissionState.QUEUED
    accepted_elsewhere = replace(row, number=2, reference="paid-elsewhere", task_token=None, next_check_at=None)
    world.submissions.rows[job.job_id, 2] = accepted_elsewhere
    world.withdraw(job)
    world.provider.discard_faults = [ProviderUnavailable("down")]
    with pytest.raises(ProviderUnavailable):
        world.erase(job)
    for _ in range(3):
        world.clock.forward(600)
        world.turn()
    assert world.provider.accepted == []
    world.erase(job)
    assert_nothing_left(world, job)


def lost(world: ClientWorld) -> Job:
    world.provider.faults = [SubmissionInDoubt("lost")]
    job, _token = running(world)
    assert world.rows_of(job)[0].state is SubmissionState.SUBMITTING
    world.withdraw(job)
    return job


def test_a_copy_whose_answer_was_lost_is_looked_up_and_deleted() -> None:
    world = ClientWorld(ReadingProvider(capabilities=Capabilities(deletes_copies=True, finds_submissions=True)))
    job = lost(world)
    world.provider.discard_faults = [ProviderUnavailable("down")]
    with pytest.raises(ProviderUnavailable):
        world.erase(job)
    world.erase(job)
    assert world.provider.discarded == [f"paid-{job.job_id}"]
    assert world.metrics.counts["CopiesLeft"] == 0
    assert_nothing_left(world, job)


def test_a_copy_that_never_came_to_be_is_not_deleted() -> None:
    world = ClientWorld(ReadingProvider(capabilities=Capabilities(deletes_copies=True, finds_submissions=True)))
    job = lost(world)
    world.provider.accepted.clear()
    world.erase(job)
    assert world.provider.discarded == []
    assert world.metrics.counts["CopiesLeft"] == 0
    assert_nothing_left(world, job)


def test_a_copy_whose_answer_was_lost_for_ever_is_counted() -> None:
    world = ClientWorld()
    job = lost(world)
    world.erase(job)
    assert world.metrics.counts["CopiesLeft"] == 1
    assert_nothing_left(world, job)


def test_what_a_provider_refused_left_no_copy() -> None:
    from invoice_capture.domain.errors import NoCredit

    world = ClientWorld()
    world.provider.faults = [NoCredit("empty")]
    job, _token = running(world)
    world.withdraw(job)
    world.erase(job, was_open=False)
    assert world.metrics.counts["CopiesLeft"] == 0
    assert_nothing_left(world, job)


def test_a_provider_that_answers_after_the_deletion_brings_nothing_back() -> None:
    class Slow(ReadingProvider):
        def submit(self, submission, content, begin):
            reference = super().submit(submission, content, begin)
            world.withdraw(job)
            world.erase(job)
            return reference

    world = ClientWorld(Slow())
    job = world.create()
    world.process(job)
    token = world.run(job)
    assert isinstance(world.tokens.outcomes[token], JobCancelled)
    assert_nothing_left(world, job)
    world.clock.forward(600)
    assert world.sweep().jobs_expired == 0


def test_a_job_that_is_deleted_while_its_provider_is_reached_is_not_sent() -> None:
    class Far(ReadingProvider):
        def submit(self, submission, content, begin):
            world.withdraw(job)
            world.erase(job)
            return super().submit(submission, content, begin)

    world = ClientWorld(Far())
    job = world.create()
    world.process(job)
    token = world.run(job)
    assert isinstance(world.tokens.outcomes[token], JobClosed)
    assert world.provider.accepted == []
    assert_nothing_left(world, job)


def test_an_answer_to_a_deleted_job_is_not_stored() -> None:
    world = ClientWorld()
    job, token = running(world)
    world.withdraw(job)
    with pytest.raises(JobClosed):
        world.complete(job, token)
    world.erase(job)
    assert_nothing_left(world, job)


def test_a_job_that_is_deleted_while_its_document_is_fetched_leaves_no_document() -> None:
    world = ClientWorld()
    job = world.create()
    world.process(job)
    fetch = world.links.fetch

    def slow(url: str, name: str):
        world.withdraw(job)
        world.erase(job)
        return fetch(url, name)

    world.links.fetch = slow
    with pytest.raises(JobClosed):
        world.run(job)
    assert world.links.fetched == [URL]
    assert_nothing_left(world, job)
    assert world.documents.objects == {}


# --- documents that several jobs point to ----------------------------------------------------------------------------


def _served(world: ClientWorld, content: bytes) -> str:
    url = f"{URL}?{len(world.links.served)}"
    world.links.served[url] = content
    return url
