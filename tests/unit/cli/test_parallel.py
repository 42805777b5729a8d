"""Several things at a time, and the end of all of them."""

from __future__ import annotations

import threading
import time

import pytest

from invoice_capture_cli.parallel import Parallel


def test_results_come_in_order_when_that_is_wanted() -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number

    assert list(Parallel(slow_at_first, range(50)).in_order()) == list(range(50))
    assert sorted(Parallel(slow_at_first, range(50)).results()) == list(range(50))
    assert list(Parallel(slow_at_first, []).results()) == list(Parallel(slow_at_first, []).in_order()) == []


def test_no_more_run_than_there_are_threads() -> None:
    lock = threading.Lock()
    running = most = 0

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1

    list(Parallel(work, range(40), threads=3).results())
    assert most == 3


def test_a_failure_ends_it() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 5:
            raise ValueError("five")
        time.sleep(0.002)
        done.append(number)

    with pytest.raises(ValueError, match="five"):
        list(Parallel(work, range(1000)).results())
    assert len(done) < 900


def test_stopping_begins_nothing_more_and_gives_what_was_under_way() -> None:
    go = threading.Event()

    def work(number: int) -> int:
        go.wait(5)
        return number

    parallel = Parallel(work, range(100), threads=4)
    threading.Timer(0.05, go.set).start()
    assert sorted(parallel.stop(5)) == [0, 1, 2, 3]


def test_stopping_does_not_wait_for_what_hangs() -> None:
    hanging = threading.Event()
    parallel = Parallel(lambda _: hanging.wait(30), range(2))
    began = time.monotonic()
    assert list(parallel.stop(0.1)) == []
    assert time.monotonic() - began < 2
    hanging.set()
