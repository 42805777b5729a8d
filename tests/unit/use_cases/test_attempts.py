"""An attempt begins when the request leaves that may be charged: what ends before it leaves nothing in doubt."""

from __future__ import annotations

import pytest

from invoice_capture.domain.errors import ProviderUnavailable, SubmissionInDoubt
from invoice_capture.domain.submission import SubmissionState
from tests.fakes.world import ServerProvider, World


def test_nothing_is_in_doubt_of_a_document_that_was_not_sent_yet() -> None:
    """Reaching the provider and uploading what costs nothing take longest, so that most functions end there."""

    class Crashing(ServerProvider):
        def submit(self, submission, content, begin):
            if crashes:
                raise crashes.pop()
            return super().submit(submission, content, begin)

    crashes = [MemoryError()]
    world = World(Crashing())
    job = world.receive()
    with pytest.raises(MemoryError):
        world.submit(job)
    world.submit(job)
    assert (world.row(job).state, world.row(job).attempts) == (SubmissionState.PENDING, 1)
    assert not world.jobs.jobs[job.job_id].possible_double_charge


def test_a_provider_that_cannot_be_reached_is_asked_again_without_an_attempt() -> None:
    world = World(ServerProvider(early_faults=[ProviderUnavailable("unreachable")] * 2))
    job = world.receive()
    token = world.submit(job)
    row = world.row(job)
    assert (row.state, row.attempts, row.task_token) == (SubmissionState.QUEUED, 0, token)
    for _ in range(4):
        world.clock.forward(60)
        world.turn()
    assert (world.row(job).state, world.row(job).attempts) == (SubmissionState.PENDING, 1)
    assert world.provider.accepted == [job.job_id]


def test_what_is_in_doubt_is_marked_when_it_leaves_again_and_not_when_the_provider_cannot_be_reached() -> None:
    world = World(ServerProvider(faults=[SubmissionInDoubt("lost")]))
    job = world.receive()
    world.submit(job)
    world.provider.early_faults = [ProviderUnavailable("unreachable")]
    world.clock.forward(60)
    world.turn()
    assert (world.row(job).state, world.row(job).attempts) == (SubmissionState.SUBMITTING, 1)
    assert not world.jobs.jobs[job.job_id].possible_double_charge
    world.clock.forward(600)
    world.turn()
    assert (world.row(job).state, world.row(job).attempts) == (SubmissionState.PENDING, 2)
    assert world.jobs.jobs[job.job_id].possible_double_charge


def test_a_repeat_of_the_state_sends_nothing_that_the_first_run_sends_meanwhile() -> None:
    class Overtaken(ServerProvider):
        def submit(self, submission, content, begin):
            if runs.pop():
                world.submit(job)
            return super().submit(submission, content, begin)

    runs = [False, True]
    world = World(Overtaken())
    job = world.receive()
    token = world.submit(job)
    assert world.provider.accepted == [job.job_id]
    assert world.row(job).tokens[0] == token, "the later one, as far as anybody knows"
    assert len(world.row(job).tokens) == 2
