"""Several things at a time, and the end of all of them."""

from __future__ import annotations

import threading
import time

import pytest

from invoice_capture_cli.parallel import Parallel
from tests.waiting import PATIENCE_SECONDS


def test_results_come_in_order_when_that_is_wanted() -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number

    assert list(Parallel(slow_at_first, range(50)).in_order()) == list(range(50))
    assert sorted(Parallel(slow_at_first, range(50)).results()) == list(range(50))
    assert list(Parallel(slow_at_first, []).results()) == list(Parallel(slow_at_first, []).in_order()) == []


def test_no_more_run_than_there_are_threads() -> None:
    lock, all_at_work = threading.Lock(), threading.Barrier(3)
    running = most = 0

    def work(number: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if number < 3:
            all_at_work.wait(PATIENCE_SECONDS)
        with lock:
            running -= 1

    list(Parallel(work, range(40), threads=3).results())
    assert most == 3


def test_a_failure_ends_it() -> None:
    done: list[int] = []
    ended = threading.Event()

    def work(number: int) -> None:
        if number == 5:
            raise ValueError("five")
        if number > 5:
            ended.wait(PATIENCE_SECONDS)
        done.append(number)

    parallel = Parallel(work, range(1000), threads=4)
    with pytest.raises(ValueError, match="five"):
        list(parallel.results())
    ended.set()
    list(parallel.stop(PATIENCE_SECONDS))
    # The first five, and what the four threads had in hand.
    assert len(done) <= 5 + 4


def test_stopping_begins_nothing_more_and_gives_what_was_under_way() -> None:
    all_at_work, go = threading.Barrier(5), threading.Event()

    def work(number: int) -> int:
        all_at_work.wait(PATIENCE_SECONDS)
        go.wait(PATIENCE_SECONDS)
        return number

    parallel = Parallel(work, range(100), threads=4)
    all_at_work.wait(PATIENCE_SECONDS)
    threading.Timer(0.05, go.set).start()
    assert sorted(parallel.stop(PATIENCE_SECONDS)) == [0, 1, 2, 3]


def test_stopping_does_not_wait_for_what_hangs() -> None:
    hanging = threading.Event()
    parallel = Parallel(lambda _: hanging.wait(), range(2))
    try:
        assert list(parallel.stop(0.1)) == []
    finally:
        hanging.set()
