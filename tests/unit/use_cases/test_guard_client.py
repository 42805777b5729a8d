"""What a client may use, and how much; whose limit it is, when it ends and what to do is in the words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from invoice_capture.domain.api_errors import LimitReached, NotAllowed
from invoice_capture.domain.client import Principal
from invoice_capture.domain.client_limits import ANY_PROVIDER, ClientLimits, parse_limits
from invoice_capture.domain.spending import Spent
from tests.unit.use_cases.client_world import EVIL, OPS, ClientWorld


def test_a_client_may_use_what_the_routes_of_the_stack_name() -> None:
    world = ClientWorld()
    assert world.create("N1", template="paid?,embedded").route == ("paid?", "embedded")
    for number, route in enumerate(["paid-us", "paid?,paid-us", "embedded,paid-us?"]):
        with pytest.raises(NotAllowed, match=r"acme may not use paid-us; it may use embedded, paid\.") as refused:
            world.create(f"R{number}", template=route)
        assert "keys limits acme --providers embedded,paid,paid-us" in str(refused.value)
        assert refused.value.field == "template"
    assert len(world.jobs.jobs) == 1


def test_what_a_client_is_given_takes_the_place_of_that() -> None:
    world = ClientWorld()
    world.clients.set_limits("acme", ClientLimits(frozenset({"paid-us"})))
    assert world.create("N1", template="paid-us").route == ("paid-us",)
    with pytest.raises(NotAllowed, match=r"acme may not use embedded; it may use paid-us\."):
        world.create("N2", template="anything")
    world.clients.set_limits("acme", ClientLimits(frozenset({ANY_PROVIDER})))
    assert world.create("N3", template="paid-eu").route == ("paid-eu",)
    # Another client has nothing of it.
    with pytest.raises(NotAllowed):
        world.create("N4", EVIL, template="paid-us")


def test_a_key_that_sees_everything_may_use_every_provider_unless_it_was_given_some() -> None:
    world = ClientWorld()
    assert world.create("N1", OPS, template="paid-us").route == ("paid-us",)
    world.clients.set_limits(OPS.client, ClientLimits(frozenset({"embedded"})))
    with pytest.raises(NotAllowed):
        world.create("N2", OPS, template="paid-us")


def test_a_changed_order_and_a_started_job_are_held_to_it_as_well() -> None:
    world = ClientWorld()
    job, failed = world.create("N1"), world.failed("N2")
    assert job.order is not None
    with pytest.raises(NotAllowed):
        world.update(job, replace(job.order, template="paid-us"))
    world.clients.set_limits("acme", ClientLimits(frozenset({"embedded"})))
    for act in (lambda: world.process(job), lambda: world.retry(failed)):
        with pytest.raises(NotAllowed):
            act()
    assert len(world.executions.captures) == 1


@pytest.mark.parametrize(
    ("limits", "what", "ends_at", "hours"),
    [
        (ClientLimits(documents_a_day=2), "2 documents a day", "2026-04-01 00:00", 12),
        (ClientLimits(documents_a_month=2), "2 documents a month", "2026-04-01 00:00", 12),
    ],
)
def test_so_many_documents_are_started_and_no_more(limits: ClientLimits, what: str, ends_at: str, hours: int) -> None:
    world = ClientWorld()
    world.clients.set_limits("acme", limits)
    jobs = [world.create(f"N{number}") for number in range(3)]
    for job in jobs[:2]:
        world.process(job)
    # Asking how far it is starts nothing.
    world.process(jobs[0])
    with pytest.raises(LimitReached, match=f"acme may have {what}, and had them. Go on at {ends_at} UTC") as refused:
        world.process(jobs[2])
    assert refused.value.retry_after == hours * 3600 + 1
    assert len(world.executions.captures) == 2
    world.clock.forward(hours * 3600)
    world.process(jobs[2])
    assert len(world.executions.captures) == 3


def test_a_retry_is_a_document_as_well() -> None:
    world = ClientWorld()
    world.clients.set_limits("acme", ClientLimits(documents_a_day=1))
    failed = world.failed("N1")
    with pytest.raises(LimitReached):
        world.retry(failed)


@pytest.mark.parametrize(
    ("limits", "what"),
    [(ClientLimits(pages_a_day=5), "5 pages at providers a day"), (ClientLimits(pages_a_month=5), "a month")],
)
def test_pages_that_providers_were_given_count(limits: ClientLimits, what: str) -> None:
    world = ClientWorld()
    world.clients.set_limits("acme", limits)
    today = world.clock.now().date()
    world.spending.add(Spent(today, "paid", "acme", 1, 4, 0))
    world.spending.add(Spent(today - timedelta(days=31), "paid", "acme", 1, 100, 0))
    world.spending.add(Spent(today, "paid", "acme-evil", 1, 100, 0))
    world.process(world.create("N1"))
    world.spending.add(Spent(today, "paid", "acme", 1, 1, 0))
    with pytest.raises(LimitReached, match=what):
        world.process(world.create("N2"))


def test_uploads_are_bounded() -> None:
    world = ClientWorld()
    world.clients.set_limits("acme", ClientLimits(documents_a_day=2))
    for _ in range(2):
        world.offer("a.pdf")
    with pytest.raises(LimitReached, match="2 uploads a day"):
        world.offer("a.pdf")
    world.offer("a.pdf", Principal("other", frozenset()))


def test_without_limits_nothing_is_counted() -> None:
    world = ClientWorld()
    world.process(world.create("N1"))
    assert not world.clients.used


def test_limits_are_written_as_a_parameter() -> None:
    written = " documents/day=200, pages/month=5000,documents/month=3,pages/day=0 "
    assert parse_limits(written) == ClientLimits(None, 200, 3, 0, 5000)
    assert parse_limits("") == ClientLimits()
    for wrong in ("documents=1", "documents/week=1", "pages/day=-1", "x", "pages/day=1;pages/month=2"):
        with pytest.raises(ValueError, match="is no limit"):
            parse_limits(wrong)
