"""A slot at a provider: taken before it is asked, and what its answer says is learnt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from invoice_capture.domain.errors import (
    ProviderUnavailable,
    RateLimited,
    SettingMissing,
    SubmissionInDoubt,
    SubmissionUnknown,
)
from invoice_capture.ports import Capabilities
from invoice_capture.use_cases.shared.provider_throttle import ProviderThrottle, Throttles
from invoice_capture.wiring import build
from tests.fakes.world import ServerProvider, World


def a_throttle(world: World) -> ProviderThrottle:
    return build(Throttles, world).of(world.provider)


def failing_turn(world: World, error: Exception) -> None:
    with pytest.raises(type(error)), a_throttle(world).slot(1):
        raise error


def test_a_turn_that_comes_within_patience_is_waited_for() -> None:
    world = World(ServerProvider(requests_per_second=0.1))
    began = world.clock.now()
    for _ in range(3):
        with a_throttle(world).slot(1):
            pass
    assert world.clock.now() - began == timedelta(seconds=20)


def test_a_turn_that_comes_too_late_is_not_taken_and_asks_nothing() -> None:
    world = World(ServerProvider(requests_per_second=0.1))
    with a_throttle(world).slot(4):
        pass
    before = world.states.load("paid")
    asked = []
    with pytest.raises(ProviderUnavailable, match="not to be asked now"), a_throttle(world).slot(1):
        asked.append(True)
    assert asked == []
    assert world.states.load("paid") == before


def test_five_failures_in_a_row_end_turns_until_one_probe_is_answered() -> None:
    world = World()
    for _ in range(5):
        failing_turn(world, ProviderUnavailable("down"))
    assert world.states.load("paid").breaker.is_open
    with pytest.raises(ProviderUnavailable, match="not to be asked now"), a_throttle(world).slot(1):
        raise AssertionError("asked while out of order")
    world.clock.forward(15)
    with a_throttle(world).slot(1):
        pass
    assert not world.states.load("paid").breaker.is_open
    assert world.metrics.counts["BreakersClosed"] == 1


def test_a_refusal_slows_down_and_counts_no_failure() -> None:
    world = World(ServerProvider(requests_per_second=2))
    failing_turn(world, RateLimited("slowly", retry_after=60))
    state = world.states.load("paid")
    assert (state.breaker.failures, state.bucket.rate_factor) == (0, 0.75)
    with pytest.raises(ProviderUnavailable), a_throttle(world).slot(1):
        raise AssertionError("asked before the provider wants to be")


def test_an_answer_that_says_no_is_no_failure_of_the_provider() -> None:
    world = World()
    for _ in range(9):
        failing_turn(world, SubmissionUnknown("gone already"))
    assert world.states.load("paid").breaker.failures == 0


def test_a_probe_that_is_answered_with_a_refusal_shows_that_the_provider_is_back() -> None:
    world = World()
    for _ in range(5):
        failing_turn(world, ProviderUnavailable("down"))
    world.clock.forward(15)
    failing_turn(world, SubmissionUnknown("gone already"))
    assert not world.states.load("paid").breaker.is_open


@pytest.mark.parametrize("error", [ZeroDivisionError(), SettingMissing("no key"), SubmissionInDoubt("lost")])
def test_what_is_no_answer_does_not_show_that_the_provider_is_back(error: Exception) -> None:
    world = World()
    for _ in range(5):
        failing_turn(world, ProviderUnavailable("down"))
    world.clock.forward(15)
    failing_turn(world, error)
    assert world.states.load("paid").breaker.is_open


def test_a_provider_that_calls_back_is_always_to_be_asked_and_costs_no_read() -> None:
    world = World(ServerProvider(capabilities=Capabilities(pushes_results=True)))
    world.states = None  # type: ignore[assignment]
    with a_throttle(world).slot(1):
        pass
    failing_turn(world, SubmissionUnknown("gone already"))
