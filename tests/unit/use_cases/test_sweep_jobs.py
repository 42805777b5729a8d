"""The safety net: it does nothing in a healthy system, and never leaves a job stuck."""

from __future__ import annotations

from invoice_capture.domain.errors import JobDeadlineExceeded
from invoice_capture.ports import Capabilities
from invoice_capture.use_cases.sweep_jobs import Swept
from tests.fakes.world import OnlyProviders, ServerProvider, World


def test_a_healthy_system_gives_it_nothing_to_do() -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    world.turn()
    assert world.sweep() == Swept()
    world.clock.forward(16)
    assert world.sweep() == Swept()


def test_a_missing_loop_is_restarted() -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    world.states.release_lease("paid", world.loops[0])
    world.clock.forward(3600)
    assert world.sweep() == Swept(loops_restarted=1)
    world.finish(job)
    world.turn()
    assert world.row(job).reference in str(list(world.tokens.outcomes.values()))
    assert world.sweep() == Swept()


def test_a_missing_loop_of_an_account_is_found_too() -> None:
    world = World(ServerProvider(name="paid-us"))
    world.providers = OnlyProviders({"paid-us": world.provider}, known=frozenset({"paid"}))
    job = world.receive()
    world.submit(job)
    world.states.release_lease("paid-us", world.loops[0])
    world.clock.forward(3600)
    assert world.sweep() == Swept(loops_restarted=1)


def test_a_provider_that_should_have_called_back_gets_a_loop_at_last() -> None:
    world = World(ServerProvider(capabilities=Capabilities(calls_back=True), typical_latency_seconds=900))
    job = world.receive()
    world.submit(job)
    assert world.loops == []
    world.clock.forward(600)
    assert world.sweep() == Swept()
    world.clock.forward(900)
    assert world.sweep() == Swept(loops_restarted=1)


def test_a_job_past_its_deadline_is_ended_through_its_open_token() -> None:
    world = World()
    job = world.receive()
    token = world.submit(job)
    world.clock.forward(73 * 3600)
    assert world.sweep().jobs_expired == 1
    assert isinstance(world.tokens.outcomes[token], JobDeadlineExceeded)


def test_a_job_whose_execution_is_gone_is_ended_by_a_fresh_one() -> None:
    world = World()
    job = world.receive()
    world.clock.forward(73 * 3600)
    assert world.sweep().jobs_expired == 1
    assert list(world.executions.captures) == [f"{job.job_id}-deadline"]
    token = world.submit(job)
    assert isinstance(world.tokens.outcomes[token], JobDeadlineExceeded)
