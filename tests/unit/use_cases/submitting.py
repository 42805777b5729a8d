"""What the tests of money and of trouble share: a document on its way, and time that passes."""

from __future__ import annotations

from invoice_capture.domain.errors import ProviderUnavailable, SubmissionInDoubt
from invoice_capture.domain.job import Job
from tests.fakes.world import ServerProvider, World

LOST = SubmissionInDoubt("lost")
DOWN = ProviderUnavailable("down")


def submitted(provider: ServerProvider) -> tuple[World, Job]:
    world = World(provider)
    job = world.receive()
    world.submit(job)
    return world, job


def go_on(world: World, times: int = 1, minutes: float = 1.0) -> None:
    for _ in range(times):
        world.clock.forward(minutes * 60)
        world.turn()


def is_marked(world: World, job: Job) -> bool:
    return world.jobs.jobs[job.job_id].possible_double_charge
