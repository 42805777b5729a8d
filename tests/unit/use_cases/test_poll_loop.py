"""Keeping a loop alive: it is left alone when it looks in time, and taken over when it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from invoice_capture.domain.errors import RateLimited
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import Lease
from invoice_capture.use_cases.polling.poll_loop import LEASE_MARGIN, TICK, PollLoops
from invoice_capture.wiring import build
from tests.fakes.world import PDF, ServerProvider, World

MOMENT = timedelta(milliseconds=1)


def starts_one(world: World, due_in: timedelta, wakes_in: timedelta, expires_in: timedelta) -> bool:
    """Whether a loop is started for work that is due then, beside a lease with these times."""
    now = world.clock.now()
    assert world.states.take_lease("paid", Lease("old", now + wakes_in, now + expires_in), None)
    started = build(PollLoops, world).ensure("paid", now + due_in)
    assert started == bool(world.loops)
    return started


@pytest.mark.parametrize(
    ("due_in", "wakes_in", "expires_in", "is_started"),
    [
        # A loop that wakes within a tick of the moment is in time; what is overdue is due now.
        (timedelta(0), TICK, timedelta(hours=1), False),
        (timedelta(0), TICK + MOMENT, timedelta(hours=1), True),
        (timedelta(minutes=5), timedelta(minutes=5) + TICK, timedelta(hours=1), False),
        (timedelta(minutes=5), timedelta(minutes=5) + TICK + MOMENT, timedelta(hours=1), True),
        (timedelta(minutes=-5), TICK, timedelta(hours=1), False),
        (timedelta(minutes=-5), TICK + MOMENT, timedelta(hours=1), True),
        # A lease that has run out is nobody's, however soon its owner was to wake.
        (timedelta(0), timedelta(0), timedelta(0), True),
        (timedelta(0), timedelta(0), MOMENT, False),
    ],
)
def test_a_loop_is_started_when_none_looks_in_time(
    due_in: timedelta, wakes_in: timedelta, expires_in: timedelta, is_started: bool
) -> None:
    assert starts_one(World(), due_in, wakes_in, expires_in) is is_started


def test_the_first_loop_has_a_lease_that_outlives_its_turn() -> None:
    world = World()
    now = world.clock.now()
    assert build(PollLoops, world).ensure("paid", now)
    [owner] = world.loops
    assert owner.startswith("paid-")
    assert world.states.load("paid").lease == Lease(owner, now, now + timedelta(minutes=7))


def test_a_lease_that_somebody_else_takes_first_starts_nothing() -> None:
    world = World()
    take = world.states.take_lease

    def lose(provider: str, lease: Lease, instead_of: Lease | None) -> bool:
        take(provider, Lease("faster", lease.wakes_at, lease.expires_at), instead_of)
        return take(provider, lease, instead_of)

    world.states.take_lease = lose  # type: ignore[method-assign]
    started = build(PollLoops, world).ensure("paid", world.clock.now())
    assert not started
    assert world.loops == []


def test_what_waits_for_its_turn_was_never_sent() -> None:
    world = World(ServerProvider(faults=[RateLimited("slower", 60)], requests_per_second=1))
    world.submit(world.receive())
    late = world.receive(PDF + b"late")
    token = world.submit(late, skip_if_unavailable=True)
    assert token in world.tokens.open, "a mere limit lets nobody move on"
    assert (world.row(late).state, world.row(late).attempts) == (SubmissionState.QUEUED, 0)


def test_a_loop_at_work_is_asked_to_look_in_time() -> None:
    world = World()
    now = world.clock.now()
    due_at = now + timedelta(seconds=20)
    assert not starts_one(world, timedelta(seconds=20), timedelta(0), LEASE_MARGIN)
    assert world.states.load("paid").lease == Lease("old", now, now + LEASE_MARGIN, wanted_at=due_at)


def test_a_loop_that_is_wanted_meanwhile_sleeps_no_longer_than_that() -> None:
    """What is added between a turn's last look and its sleep would wait for whatever else is due."""
    world = World(ServerProvider())
    world.submit(world.receive())
    next_due = world.submissions.next_due

    def add_one_unseen(provider: str, besides: object) -> object:
        seen = next_due(provider, ())
        world.submissions.next_due = next_due  # type: ignore[method-assign]
        world.submit(world.receive(PDF + b"late"))
        return None if seen is None else seen + timedelta(minutes=15)

    world.submissions.next_due = add_one_unseen  # type: ignore[method-assign]
    assert world.turn().wait_seconds <= 20
