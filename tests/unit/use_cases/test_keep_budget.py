"""What a month may cost: counted before the billable request, and never exceeded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from invoice_capture.domain.errors import (
    JobDeadlineExceeded,
    NoCredit,
    ProviderUnavailable,
    RateLimited,
    SubmissionInDoubt,
)
from invoice_capture.domain.job import Job
from invoice_capture.domain.spending import MICROS, Price, Spent
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import Capabilities
from tests.fakes.world import START, ServerProvider, World

TEN_CENTS = MICROS // 10


def a_world(limit: float | None = None, **provider: object) -> World:
    """A document costs ten cents; ``limit`` is in dollars a month."""
    world = World(ServerProvider(**provider))  # type: ignore[arg-type]
    world.prices = {"paid": Price(document=TEN_CENTS)}
    world.monthly_budget = None if limit is None else int(limit * MICROS)
    return world


def new(world: World) -> Job:
    return world.receive(content=b"%PDF-1.7 /Type /Page " + str(len(world.documents.objects)).encode() * 40)


def submitted(world: World, count: int, *, skip_if_unavailable: bool = False) -> list[tuple[Job, str]]:
    jobs = [new(world) for _ in range(count)]
    return [(job, world.submit(job, skip_if_unavailable=skip_if_unavailable)) for job in jobs]


def told(world: World) -> list[tuple[object, object]]:
    return [(message["event"], message["spent"]) for message in world.messages.published]


def spent(world: World) -> int:
    return sum(entry.micros for entry in world.spending.spent.values())


def test_what_is_submitted_is_counted_by_day_provider_and_client() -> None:
    world = a_world()
    world.prices = {"paid": Price(document=1000, page=10)}
    job = world.receive(content=b"%PDF-1.7 " + b"1 0 obj << /Type /Page >> endobj " * 3)
    world.submit(job)
    assert list(world.spending.spent.values()) == [Spent(START.date(), "paid", None, 1, 3, 1030)]


def test_a_provider_without_a_price_is_counted_and_never_stopped() -> None:
    world = a_world(limit=0.05)
    world.prices = {}
    submitted(world, 3)
    [entry] = world.spending.spent.values()
    assert (entry.documents, entry.pages, entry.micros) == (3, 3, 0)
    assert len(world.provider.accepted) == 3


def test_when_it_is_used_up_documents_wait_and_go_on_when_it_is_raised() -> None:
    world = a_world(limit=0.25)
    jobs = [job for job, _ in submitted(world, 4)]
    assert len(world.provider.accepted) == 2
    assert spent(world) == 2 * TEN_CENTS
    assert [world.row(job).state for job in jobs[2:]] == [SubmissionState.QUEUED] * 2
    waiting = world.jobs.get(jobs[2].job_id)
    assert waiting is not None
    assert "budget of the month was used up" in str(waiting.remark)
    world.clock.forward(3601)
    world.turn()
    assert len(world.provider.accepted) == 2, "there is no more budget than before"
    world.monthly_budget = MICROS
    world.clock.forward(3601)
    world.turn(number=2)
    assert sorted(world.provider.accepted) == sorted(job.job_id for job in jobs)
    assert spent(world) == 4 * TEN_CENTS


def test_a_new_month_has_a_new_budget() -> None:
    world = a_world(limit=0.1)
    world.clock.time = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    (_, _), (job, _) = submitted(world, 2)
    assert world.row(job).next_check_at == datetime(2027, 1, 1, tzinfo=UTC)
    world.clock.forward(1801)
    world.turn()
    assert len(world.provider.accepted) == 2
    assert {entry.day for entry in world.spending.spent.values()} == {date(2026, 12, 31), date(2027, 1, 1)}


def test_a_route_that_hands_over_does_so() -> None:
    world = a_world(limit=0.1)
    (_, _), (job, token) = submitted(world, 2, skip_if_unavailable=True)
    outcome = world.tokens.outcomes[token]
    assert isinstance(outcome, ProviderUnavailable)
    assert "budget" in str(outcome)
    assert world.provider.accepted.count(job.job_id) == 0


def test_what_waited_for_its_turn_hands_over_as_well() -> None:
    world = a_world(limit=0.1, requests_per_second=0.1)
    (_, _), (job, token) = submitted(world, 2, skip_if_unavailable=True)
    assert world.row(job).state is SubmissionState.QUEUED
    world.clock.forward(11)
    world.turn()
    assert isinstance(world.tokens.outcomes[token], ProviderUnavailable)
    assert world.provider.accepted.count(job.job_id) == 0


def test_what_costs_nothing_goes_on() -> None:
    world = a_world(limit=0.05, capabilities=Capabilities(is_paid=False))
    submitted(world, 2)
    assert len(world.provider.accepted) == 2
    assert world.spending.spent == {}


def test_a_document_that_waits_for_a_budget_ends_at_its_deadline() -> None:
    world = a_world(limit=0.05)
    [(job, token)] = submitted(world, 1)
    world.clock.time = job.deadline_at + timedelta(seconds=1)
    world.turn()
    assert isinstance(world.tokens.outcomes[token], JobDeadlineExceeded)
    assert world.provider.accepted == []


@pytest.mark.parametrize("fault", [RateLimited("slow"), ProviderUnavailable("down")])
def test_what_was_certainly_not_taken_is_counted_once(fault: ProviderUnavailable) -> None:
    world = a_world(limit=0.1, faults=[fault, fault])
    [(job, _)] = submitted(world, 1)
    for number in (1, 2, 3):
        world.clock.forward(60)
        world.turn(number=number)
    assert world.provider.accepted == [job.job_id]
    assert spent(world) == TEN_CENTS


def test_what_may_have_been_taken_and_is_sent_again_is_counted_twice() -> None:
    world = a_world(limit=1.0, faults=[SubmissionInDoubt("lost")], capabilities=Capabilities())
    submitted(world, 1)
    world.clock.forward(60)
    world.turn()
    assert len(world.provider.accepted) == 2
    assert spent(world) == 2 * TEN_CENTS


def test_nothing_is_sent_a_second_time_without_a_budget() -> None:
    world = a_world(limit=0.1, faults=[SubmissionInDoubt("lost")], capabilities=Capabilities())
    [(job, _)] = submitted(world, 1)
    world.clock.forward(60)
    world.turn()
    assert len(world.provider.accepted) == 1
    assert world.row(job).state is SubmissionState.SUBMITTING
    present = world.jobs.get(job.job_id)
    assert present is not None
    assert not present.possible_double_charge


def test_what_is_refused_for_good_stays_counted() -> None:
    world = a_world(limit=1.0, faults=[NoCredit("empty")])
    submitted(world, 1)
    assert spent(world) == TEN_CENTS


def test_people_are_told_once_when_it_is_nearly_used_up_and_when_it_is() -> None:
    world = a_world(limit=1.0)
    submitted(world, 7)
    assert told(world) == []
    submitted(world, 2)
    assert told(world) == [("budget.warning", "0.80")]
    submitted(world, 4)
    assert told(world) == [("budget.warning", "0.80"), ("budget.exceeded", "1.00")]
    assert world.messages.published[-1] == {
        "subject": "Budget used up",
        "event": "budget.exceeded",
        "month": f"{START:%Y-%m}",
        "spent": "1.00",
        "limit": "1.00",
        "currency": "USD",
        "percent": 100,
    }


def test_a_limit_that_no_document_fits_below_is_told_as_well() -> None:
    world = a_world(limit=0.95)
    submitted(world, 10)
    assert told(world) == [("budget.warning", "0.80"), ("budget.exceeded", "0.90")]


def test_a_limit_that_was_raised_is_told_of_anew() -> None:
    world = a_world(limit=0.1)
    submitted(world, 2)
    world.monthly_budget = int(0.2 * MICROS)
    submitted(world, 1)
    assert [event for event, _ in told(world)] == ["budget.warning", "budget.exceeded"] * 2


def test_who_could_not_be_told_is_told_by_the_next_document() -> None:
    world = a_world(limit=0.1)
    world.messages.faults = [ConnectionError("no topic")] * 2
    [(job, _)] = submitted(world, 1)
    assert world.provider.accepted == [job.job_id]
    assert told(world) == []
    submitted(world, 1)
    assert told(world) == [("budget.exceeded", "0.10")]


def test_the_metric_says_how_much_is_used() -> None:
    world = a_world(limit=1.0)
    submitted(world, 2)
    assert world.metrics.counts["BudgetUsed"] == 10 + 20
