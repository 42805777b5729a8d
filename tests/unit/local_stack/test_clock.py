"""Waiting is shortened, work is not."""

from __future__ import annotations

import threading
import time

import pytest

from local_stack.clock import ScaledClock
from tests.waiting import PATIENCE_SECONDS, wait_until


def test_idle_time_runs_faster_by_the_scale() -> None:
    clock = ScaledClock(scale=1000)
    before = clock.elapsed()
    time.sleep(0.05)
    assert clock.elapsed() - before >= 50
    clock.close()


def test_work_takes_what_it_takes_whatever_the_scale() -> None:
    clock = ScaledClock(scale=100_000)
    with clock.work():
        began, before = time.monotonic(), clock.elapsed()
        time.sleep(0.05)
        assert 0.05 <= clock.elapsed() - before <= time.monotonic() - began
    clock.close()


def test_the_time_is_aware_and_goes_on_from_the_start() -> None:
    clock = ScaledClock()
    began, first = time.monotonic(), clock.now()
    clock.advance(3600)
    assert first.tzinfo is not None
    assert 3600 <= (clock.now() - first).total_seconds() <= 3600 + time.monotonic() - began
    clock.close()


def test_a_day_is_waited_for_in_moments() -> None:
    clock = ScaledClock(scale=1_000_000)
    with clock.work():
        before = clock.elapsed()
        clock.sleep(86_400)
        assert clock.elapsed() - before >= 86_400
    clock.close()


def test_a_wait_ends_early_when_its_event_is_set() -> None:
    clock, event = ScaledClock(), threading.Event()
    threading.Timer(0.02, event.set).start()
    with clock.work():
        assert clock.wait(event, 3600) is True
        assert clock.at_work == 1
    assert clock.at_work == 0
    clock.close()


def test_a_wait_that_runs_out_says_so() -> None:
    clock = ScaledClock(scale=1000)
    with clock.work():
        assert clock.wait(threading.Event(), 1) is False
        assert clock.at_work == 1
    clock.close()


@pytest.mark.parametrize("hurry", [lambda clock: clock.advance(7200), lambda clock: setattr(clock, "scale", 1e6)])
def test_a_wait_that_has_begun_follows_a_jump_and_a_new_scale(hurry: object) -> None:
    clock, ended = ScaledClock(), threading.Event()

    def wait() -> None:
        with clock.work():
            clock.sleep(3600)
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    assert not ended.wait(0.05)
    hurry(clock)  # type: ignore[operator]
    assert ended.wait(PATIENCE_SECONDS)
    clock.close()


def test_timers_fire_in_the_order_of_their_time_and_a_bad_one_stops_no_other() -> None:
    clock, fired, done = ScaledClock(scale=1000), [], threading.Event()
    clock.call_later(30, done.set)
    clock.call_later(20, lambda: fired.append("later"))
    clock.call_later(15, lambda: 1 / 0)
    clock.call_later(10, lambda: fired.append("sooner"))
    clock.call_later(12, lambda: fired.append("never")).cancel()
    assert done.wait(PATIENCE_SECONDS)
    assert fired == ["sooner", "later"]
    clock.close()


def test_a_closed_clock_ends_waits_and_begins_none() -> None:
    clock, begun, ended = ScaledClock(), threading.Event(), threading.Event()

    def wait() -> None:
        with clock.work():
            begun.set()
            clock.sleep(3600)
            clock.sleep(3600)
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    begun.wait()
    wait_until(lambda: clock.at_work == 0, "The first wait")
    clock.close()
    assert ended.wait(PATIENCE_SECONDS)
    assert clock.at_work == 0


@pytest.mark.parametrize("scale", [0, -1, float("inf"), float("nan")])
def test_a_scale_that_is_no_pace_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        ScaledClock(scale=scale)
