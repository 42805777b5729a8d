"""Pages at an OCR service: evenly, at the rate that all readers share, and a document as a whole or not at all."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from invoice_capture.domain.spending import Price, Spent
from invoice_capture.use_cases.shared.page_throttle import OcrThrottle, PageSlots
from invoice_capture.wiring import build
from tests.fakes.world import START, World

RUN = timedelta(seconds=280)


def pages(world: World, rate: float = 1.0, run: timedelta = RUN) -> PageSlots:
    """The slots of a document that is read from now on; nine tenths of the quota are used."""
    throttle = build(OcrThrottle, SimpleNamespace(ocr_pages_per_second=rate / 0.9), world)
    return throttle.until(world.clock.now() + run, "acme")


def elapsed(world: World) -> float:
    return (world.clock.now() - START).total_seconds()


def test_documents_share_the_rate() -> None:
    world = World()
    assert pages(world).take(3)
    assert elapsed(world) == 0
    assert pages(world).take(2)
    assert elapsed(world) == 3
    assert pages(world).take(1)
    assert elapsed(world) == 5


def test_the_pages_of_a_document_go_evenly() -> None:
    world = World()
    slots = pages(world, rate=0.5)
    assert slots.take(3)
    sent_at = []
    for _ in range(3):
        slots.before_page()
        sent_at.append(elapsed(world))
    assert sent_at == [0, 2, 4]


def test_a_page_that_was_drawn_slowly_is_not_followed_by_a_burst() -> None:
    world = World()
    slots = pages(world)
    slots.take(3)
    slots.before_page()
    world.clock.forward(9)
    slots.before_page()
    slots.before_page()
    assert elapsed(world) == 10


def test_a_document_whose_last_page_would_be_too_late_takes_no_turn() -> None:
    world = World()
    assert pages(world).take(250)
    late = pages(world)
    assert not late.take(31)
    assert late.try_again_at == START + timedelta(seconds=250)
    assert elapsed(world) == 0
    assert pages(world).take(29), "it left the slots to others"
    assert elapsed(world) == 250


def test_a_throttled_page_slows_everybody_down_and_takes_another_turn() -> None:
    world = World()
    slots = pages(world)
    slots.take(1)
    assert pages(world).take(9)
    began = elapsed(world)
    assert slots.again(1, throttled=True)
    assert elapsed(world) - began == pytest.approx(9)
    assert world.metrics.counts["RequestsRefused"] == 1
    assert world.states.load("textract").bucket.rate_factor == pytest.approx(0.75, abs=0.02)
    assert slots.again(2, throttled=True)
    assert elapsed(world) - began >= 10


def test_a_throttled_page_without_a_turn_in_time_goes_without_one() -> None:
    """Or all pages of its document would be paid for again."""
    world = World()
    slots = pages(world)
    slots.take(1)
    assert pages(world, run=timedelta(hours=1)).take(2000)
    began = elapsed(world)
    assert slots.again(1, throttled=True)
    assert slots.again(2, throttled=True)
    assert elapsed(world) - began == 1 + 2


def test_a_page_is_given_up_when_its_run_ends_before_it_may_be_sent_again() -> None:
    world = World()
    slots = pages(world, run=timedelta(seconds=10))
    slots.take(1)
    assert pages(world, run=timedelta(hours=1)).take(2000)
    world.clock.time = START
    asked = 0
    while slots.again(asked + 1, throttled=True):
        asked += 1
    assert (asked, elapsed(world)) == (3, 7)
    assert slots.try_again_at == START + timedelta(seconds=7 + 8)


def test_a_service_that_is_out_of_order_is_left_alone_until_it_is_back() -> None:
    world = World()
    slots = pages(world, run=timedelta(seconds=60))
    slots.take(1)
    asked = 0
    while slots.again(asked + 1, throttled=False):
        asked += 1
    assert world.metrics.counts["BreakersOpened"] == 1
    later = pages(world)
    assert not later.take(1)
    assert later.try_again_at is not None
    world.clock.forward((later.try_again_at - world.clock.now()).total_seconds())
    probe = pages(world)
    assert probe.take(1)
    probe.answered()
    assert world.metrics.counts["BreakersClosed"] == 1
    assert pages(world).take(1)


def test_who_sends_no_page_reads_and_writes_nothing() -> None:
    world = World()

    def asked(*_arguments: object) -> None:
        raise AssertionError("the state is not needed")

    world.states.load = asked  # type: ignore[assignment, method-assign]
    slots = pages(world)
    assert slots.seconds_left == RUN.total_seconds()
    slots.answered()


def test_pages_that_cannot_be_paid_for_are_not_read() -> None:
    world = World()
    world.prices, world.monthly_budget = {"textract": Price(page=1_500)}, 10_000
    assert pages(world).take(6)
    late = pages(world)
    assert not late.take(1)
    assert late.try_again_at == world.clock.now() + timedelta(hours=1)
    [entry] = world.spending.spent.values()
    assert entry == Spent(START.date(), "textract", "acme", 1, 6, 9_000)
