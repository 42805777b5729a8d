"""Who is told by HTTP and on the bus, how often, for how long, and that nobody waits for another."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from invoice_capture.domain.errors import LinkForbidden, LinkUnanswered, StoreUnavailable
from invoice_capture.domain.webhook import (
    EVENT_BUS,
    EVERYTHING,
    GIVEN_UP_AFTER,
    OLD_KEY_SIGNS_FOR,
    TEST,
    Delivery,
    Endpoint,
    Webhook,
    compose_key,
)
from invoice_capture.ports import Answer
from invoice_capture.use_cases.steps.deliver_messages import DeliverMessages, Queued
from tests.fakes.webhooks import MemoryBus, MemoryEndpoints, MemoryQueue, MemoryWebhookStore, Receivers
from tests.fakes.world import START, Counted, ManualClock
from tests.verifying import verified

OF_ACME: dict[str, Any] = {
    "event": "invoice.captured",
    "job_id": "job",
    "status": "CAPTURED",
    "ended_at": "2026-03-31T11:59:58.000Z",
    "document": {"bucket": "b", "key": "documents/acme/job/ä.pdf", "version_id": None, "size": 1},
}
DROPPED = OF_ACME | {"document": OF_ACME["document"] | {"key": "incoming/acme/a.pdf"}}
KEY, OTHER_KEY = compose_key(bytes(32)), compose_key(bytes(range(32)))


class World:
    def __init__(self, *, has_bus: bool = True) -> None:
        self.clock = ManualClock()
        self.webhooks, self.endpoints = MemoryWebhookStore(), MemoryEndpoints()
        self.receivers, self.queue, self.bus, self.metrics = Receivers(), MemoryQueue(), MemoryBus(), Counted()
        self.deliver = DeliverMessages(
            webhooks=self.webhooks,
            endpoints=self.endpoints,
            poster=self.receivers,
            bus=self.bus if has_bus else None,
            deliveries=self.queue,
            metrics=self.metrics,
            clock=self.clock,
            chance=lambda: 0.0,
        )

    def add(self, name: str, **fields: Any) -> str:
        """A webhook; returns its URL."""
        url = f"https://{'all' if name == EVERYTHING else name}.example/hook?token=s3cret"
        version = self.endpoints.put(name, Endpoint(url, KEY))
        self.webhooks.put(Webhook(name, url.partition("/hook")[0], version, START, **fields))
        return url

    def told(self, message: dict[str, Any]) -> list[Delivery]:
        """The deliveries that a message of the topic becomes."""
        assert self.deliver(Queued(message, "receipt"))
        added, self.queue.added = self.queue.added, []
        return added

    def attempt(self, delivery: Delivery) -> timedelta | None:
        """How long the delivery is left after an attempt; None when it is dealt with."""
        is_done = self.deliver(Queued(delivery, "receipt"))
        pause = self.queue.pauses.pop("receipt", None)
        assert is_done is (pause is None)
        return pause


@pytest.fixture
def world() -> World:
    return World()


def test_a_message_goes_to_its_client_to_whoever_wants_everything_and_to_the_bus(world: World) -> None:
    for name in ("acme", "another", EVERYTHING):
        world.add(name)
    assert [delivery.to for delivery in world.told(OF_ACME)] == ["acme", EVERYTHING, EVENT_BUS]
    assert [delivery.to for delivery in world.told(DROPPED)] == [EVERYTHING, EVENT_BUS]
    assert [delivery.to for delivery in world.told({"event": "budget.warning"})] == [EVERYTHING, EVENT_BUS]


def test_nobody_is_told_where_nobody_listens() -> None:
    world = World(has_bus=False)
    world.add("another")
    assert world.told(OF_ACME) == []


def test_a_webhook_is_told_of_the_events_that_it_wants(world: World) -> None:
    world.add("acme", events=frozenset({"invoice.failed"}))
    assert [delivery.to for delivery in world.told(OF_ACME)] == [EVENT_BUS]
    assert [delivery.to for delivery in world.told(OF_ACME | {"event": "invoice.failed"})] == ["acme", EVENT_BUS]


def test_a_request_can_be_verified_by_anybodys_library(world: World) -> None:
    url = world.add("acme")
    [delivery, _] = world.told(OF_ACME)
    assert world.attempt(delivery) is None
    [posted] = world.receivers.posted
    assert posted.url == url
    told = verified(KEY, posted.body, posted.headers, world.clock.now())
    assert told == {"type": "invoice.captured", "timestamp": OF_ACME["ended_at"], "data": OF_ACME}


def test_after_a_change_of_keys_both_sign_for_a_day(world: World) -> None:
    world.add("acme")
    endpoint = world.endpoints.endpoints["acme"].with_key(OTHER_KEY, world.clock.now())
    world.endpoints.endpoints["acme"] = endpoint
    [delivery, _] = world.told(OF_ACME)
    world.attempt(delivery)
    world.clock.time += OLD_KEY_SIGNS_FOR
    world.attempt(replace(delivery, since=world.clock.now()))
    both, one = world.receivers.posted
    for key in (KEY, OTHER_KEY):
        verified(key, both.body, both.headers, START)
    verified(OTHER_KEY, one.body, one.headers, world.clock.now())
    assert len(one.headers["webhook-signature"].split()) == 1


def test_a_message_has_one_id_however_often_it_is_sent_and_two_have_two(world: World) -> None:
    world.add("acme")
    [first, on_the_bus] = world.told(OF_ACME)
    [again, _] = world.told(OF_ACME)
    [another, _] = world.told(OF_ACME | {"ended_at": "2026-03-31T11:59:59.000Z"})
    assert first.message_id == again.message_id == on_the_bus.message_id != another.message_id


@pytest.mark.parametrize("said", [500, 302, 404, 429, LinkUnanswered("it did not answer"), LinkForbidden("private")])
def test_whatever_is_no_success_is_tried_for_a_day_and_then_put_aside(world: World, said: Any) -> None:
    url = world.add("acme")
    [delivery, _] = world.told(OF_ACME)
    world.receivers.says[url] = said
    pauses = []
    while (pause := world.attempt(delivery)) is not None:
        pauses.append(pause)
        world.clock.time += pause
    assert world.clock.now() - START == GIVEN_UP_AFTER
    assert (pauses[0], max(pauses)) == (timedelta(seconds=5), timedelta(hours=6))
    assert 8 <= len(world.receivers.posted) <= 16
    assert world.queue.given_up == [delivery]
    assert world.metrics.counts["DeliveriesGivenUp"] == 1


def test_every_attempt_has_the_time_at_which_it_is_made(world: World) -> None:
    url = world.add("acme")
    [delivery, _] = world.told(OF_ACME)
    world.receivers.says[url] = 503
    pause = world.attempt(delivery)
    assert pause is not None
    world.clock.time += pause
    world.receivers.says[url] = 200
    assert world.attempt(delivery) is None
    first, second = world.receivers.posted
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    verified(KEY, second.body, second.headers, world.clock.now())
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 5


def test_a_receiver_that_asks_for_time_gets_it_for_all_of_its_messages(world: World) -> None:
    url = world.add("acme")
    [one, _], [two, _] = world.told(OF_ACME), world.told(OF_ACME | {"job_id": "other"})
    world.receivers.says[url] = Answer(429, timedelta(minutes=2))
    assert world.attempt(one) == timedelta(minutes=2)
    assert world.attempt(two) == timedelta(minutes=2)
    assert len(world.receivers.posted) == 1


def test_a_receiver_that_is_down_is_left_alone_and_holds_up_nobody(world: World) -> None:
    down, up = world.add("acme"), world.add("another")
    world.receivers.says[down] = LinkUnanswered("it did not answer within 15 seconds")
    many = [world.told(OF_ACME | {"job_id": str(number)})[0] for number in range(100)]
    for delivery in many:
        assert world.attempt(delivery) is not None
    # One request waits for its limit of time; of a hundred, five did.
    assert [posted.url for posted in world.receivers.posted] == [down] * 5
    document = OF_ACME["document"] | {"key": "documents/another/job/a.pdf"}
    [delivery, _] = world.told(OF_ACME | {"document": document})
    assert world.attempt(delivery) is None
    assert world.receivers.posted[-1].url == up
    webhook = world.webhooks.webhooks["acme"]
    assert (webhook.trouble, webhook.failed_at) == ("it did not answer within 15 seconds", START)


def test_one_message_probes_and_the_first_success_lets_all_through(world: World) -> None:
    url = world.add("acme")
    world.receivers.says[url] = 500
    many = [world.told(OF_ACME | {"job_id": str(number)})[0] for number in range(8)]
    for delivery in many:
        world.attempt(delivery)
    world.clock.forward(60)
    world.attempt(many[0])
    assert world.attempt(many[1]) is not None
    assert len(world.receivers.posted) == 6
    world.receivers.says[url] = 200
    world.clock.forward(600)
    assert [world.attempt(delivery) for delivery in many] == [None] * 8
    assert world.webhooks.webhooks["acme"].breaker.failures == 0


def test_who_fails_at_the_same_time_all_count(world: World) -> None:
    url = world.add("acme")
    world.receivers.says[url] = 500
    stale = world.webhooks.webhooks["acme"]
    deliveries = [world.told(OF_ACME | {"job_id": str(number)})[0] for number in range(2)]
    world.attempt(deliveries[0])
    get, world.webhooks.get = world.webhooks.get, lambda _name: stale  # type: ignore[method-assign]
    original_note = world.webhooks.note

    def note(*arguments: Any) -> bool:
        world.webhooks.get = get  # type: ignore[method-assign]
        return original_note(*arguments)

    world.webhooks.note = note  # type: ignore[method-assign]
    world.attempt(deliveries[1])
    assert world.webhooks.webhooks["acme"].breaker.failures == 2


def test_410_ends_a_webhook_until_it_is_set_again(world: World) -> None:
    url = world.add("acme")
    [delivery, _], [late, _] = world.told(OF_ACME), world.told(OF_ACME)
    world.receivers.says[url] = 410
    assert world.attempt(delivery) is None
    assert world.webhooks.webhooks["acme"].gone_at == START
    assert world.attempt(late) is None
    assert [delivery.to for delivery in world.told(OF_ACME)] == [EVENT_BUS]
    assert len(world.receivers.posted) == world.metrics.counts["WebhooksGone"] == 1
    assert world.queue.given_up == []


def test_a_webhook_that_was_set_again_meanwhile_is_not_ended(world: World) -> None:
    url = world.add("acme")
    [delivery, _] = world.told(OF_ACME)
    world.receivers.says[url] = 410
    set_again = replace(world.webhooks.webhooks["acme"], version="another")
    stale = world.webhooks.get("acme")
    world.webhooks.put(set_again)
    world.webhooks.get = lambda _name: stale  # type: ignore[method-assign]
    assert world.attempt(delivery) is None
    assert world.webhooks.webhooks["acme"].gone_at is None


def test_what_was_addressed_to_a_webhook_that_was_taken_away_is_dropped(world: World) -> None:
    world.add("acme")
    [delivery, _] = world.told(OF_ACME)
    world.webhooks.remove("acme")
    assert world.attempt(delivery) is None
    assert world.receivers.posted == world.queue.given_up == []


def test_a_secret_that_is_not_there_is_a_trouble_like_any_other(world: World) -> None:
    world.add("acme")
    [delivery, _] = world.told(OF_ACME)
    world.endpoints.remove("acme")
    assert world.attempt(delivery) == timedelta(seconds=5)
    assert world.webhooks.webhooks["acme"].trouble == "its secret is not there"


def test_the_bus_is_told_the_same_with_its_id(world: World) -> None:
    [delivery] = world.told(OF_ACME)
    assert world.attempt(delivery) is None
    assert world.bus.events == [("invoice.captured", OF_ACME | {"message_id": delivery.message_id})]


def test_what_the_bus_does_not_take_is_put_again_and_given_up_after_a_day(world: World) -> None:
    [delivery] = world.told(OF_ACME)
    world.bus.faults = [StoreUnavailable("EventBridge did not take an event (ThrottlingException).")] * 2
    assert world.attempt(delivery) == timedelta(seconds=5)
    world.clock.time += GIVEN_UP_AFTER
    assert world.attempt(delivery) is None
    assert world.queue.given_up == [delivery]


def test_a_test_is_sent_once_whatever_was_before(world: World) -> None:
    url = world.add("acme", events=frozenset({"invoice.failed"}))
    world.receivers.says[url] = 500
    test = Delivery("acme", START, {"event": TEST, "webhook": "acme", "sent_at": "now"})
    for _ in range(6):
        assert world.attempt(test) is None
    assert len(world.receivers.posted) == 6
    assert world.webhooks.webhooks["acme"].tested_at is None
    world.receivers.says[url] = 200
    assert world.attempt(test) is None
    assert world.webhooks.webhooks["acme"].tested_at == START
    assert json.loads(world.receivers.posted[-1].body)["type"] == TEST


def test_logs_say_nothing_of_documents_urls_and_keys(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    url = world.add("acme")
    for said in (200, 500, 410):
        [delivery, *_] = world.told(OF_ACME)
        world.receivers.says[url] = said
        world.attempt(delivery)
    written = " ".join(str(vars(record)) for record in caplog.records)
    assert len(caplog.records) == 3
    for secret in ("ä.pdf", "s3cret", "acme.example", KEY):
        assert secret not in written
