"""An outcome that nobody can be told is kept on its row, by whoever still owns that row, and by nobody else."""

from __future__ import annotations

from invoice_capture.domain.job import Job
from invoice_capture.domain.submission import Outcome, SubmissionState
from invoice_capture.use_cases.shared.resolve_submission import ResolveSubmission
from invoice_capture.wiring import build
from tests.fakes.world import World

OUTCOME = Outcome("paid", "reference", "results/key")


def resolve(world: World, job: Job, token: str, outcome: Outcome = OUTCOME) -> None:
    build(ResolveSubmission, world)((job.job_id, 1), token, outcome)


def test_a_row_that_was_closed_by_another_keeps_what_it_says() -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    resolve(world, job, token)
    closed = world.row(job)
    resolve(world, job, token, Outcome("other", "another reference", "another key"))
    assert world.row(job) == closed


def test_a_row_that_is_gone_is_nobodys_to_close() -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    world.tokens.open.remove(token)
    del world.submissions.rows[job.job_id, 1]
    resolve(world, job, token)
    assert (job.job_id, 1) not in world.submissions.rows


def test_an_outcome_that_nobody_waits_for_is_kept_for_who_asks_next() -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    world.tokens.open.remove(token)
    resolve(world, job, token)
    row = world.row(job)
    assert (row.state, row.task_token, row.result_key) == (SubmissionState.DONE, None, "results/key")
