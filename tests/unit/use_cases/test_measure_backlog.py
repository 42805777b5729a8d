"""What waits: the oldest open job, whatever became of the others, and announcements that are owed."""

from __future__ import annotations

from invoice_capture.use_cases.steps.measure_backlog import Backlog, MeasureBacklog
from tests.fakes.world import World


def measured(world: World) -> Backlog:
    return MeasureBacklog(world.jobs, world.clock)()


def test_without_jobs_nothing_waits() -> None:
    assert measured(World()) == Backlog(0, 0)


def test_the_oldest_open_job_counts_since_it_began() -> None:
    world = World()
    world.submit(world.receive())
    world.clock.forward(3600)
    world.submit(world.receive(b"%PDF another"))
    world.clock.forward(60)
    assert measured(world) == Backlog(3660, 0)
