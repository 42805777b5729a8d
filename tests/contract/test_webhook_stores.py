"""One suite for what is known of webhooks, in memory and on DynamoDB; and their secrets in Secrets Manager."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.table import Table
from invoice_capture.aws.webhook_store import DynamoDBWebhookStore, SecretEndpoints
from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.webhook import EVERYTHING, Endpoint, Webhook, compose_key
from tests.fakes.webhooks import MemoryEndpoints, MemoryWebhookStore
from tests.fakes.world import ManualClock

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ACME = Webhook("acme", "https://acme.example", "v1", NOW)
KEY, OTHER_KEY = compose_key(bytes(32)), compose_key(bytes(range(32)))


class WebhooksContract:
    """Subclasses offer the fixture ``webhooks``."""

    def test_what_is_put_is_there_until_it_is_removed(self, webhooks: Any) -> None:
        everything = replace(ACME, name=EVERYTHING, events=frozenset({"invoice.failed"}))
        for webhook in (ACME, everything):
            webhooks.put(webhook)
        assert webhooks.get("acme") == ACME
        assert webhooks.all() == [everything, ACME]
        for _ in range(2):
            webhooks.remove("acme")
        assert webhooks.get("acme") is None
        assert webhooks.all() == [everything]

    def test_of_two_notes_at_the_same_time_one_is_taken(self, webhooks: Any) -> None:
        webhooks.put(ACME)
        failed = ACME.breaker.failed(NOW, 60)
        assert webhooks.note(ACME, failed, "it answered HTTP 500", NOW)
        assert not webhooks.note(ACME, ACME.breaker.failed(NOW), "it hangs", NOW)
        present = webhooks.get("acme")
        assert (present.breaker, present.trouble, present.failed_at) == (failed, "it answered HTTP 500", NOW)
        assert webhooks.note(present, failed.succeeded(), None, NOW + timedelta(hours=1))
        mended = webhooks.get("acme")
        assert (mended.breaker, mended.trouble, mended.failed_at) == (failed.succeeded(), "it answered HTTP 500", NOW)

    def test_nothing_is_noted_of_a_webhook_that_is_not_there(self, webhooks: Any) -> None:
        assert not webhooks.note(ACME, ACME.breaker.failed(NOW), "trouble", NOW)
        webhooks.end(ACME, NOW)
        webhooks.tested("acme", NOW)
        assert webhooks.all() == []

    def test_a_webhook_ends_as_the_one_it_was(self, webhooks: Any) -> None:
        webhooks.put(replace(ACME, version="v2"))
        webhooks.end(ACME, NOW)
        assert webhooks.get("acme").gone_at is None
        webhooks.end(replace(ACME, version="v2"), NOW)
        assert webhooks.get("acme").gone_at == NOW

    def test_when_it_was_tested(self, webhooks: Any) -> None:
        webhooks.put(ACME)
        webhooks.tested("acme", NOW)
        assert webhooks.get("acme") == replace(ACME, tested_at=NOW)


class TestMemory(WebhooksContract):
    @pytest.fixture
    def webhooks(self) -> MemoryWebhookStore:
        return MemoryWebhookStore()


class TestDynamoDB(WebhooksContract):
    @pytest.fixture
    def webhooks(self, aws: Clients) -> DynamoDBWebhookStore:
        return DynamoDBWebhookStore(Table(aws, "table"))


class EndpointsContract:
    """Subclasses offer the fixture ``endpoints``."""

    @pytest.mark.parametrize("name", ["acme", EVERYTHING])
    def test_what_is_put_is_what_is_signed_with(self, endpoints: Any, name: str) -> None:
        one = Endpoint("https://acme.example/hook?token=1", KEY)
        webhook = replace(ACME, name=name, version=endpoints.put(name, one))
        assert endpoints.of(webhook) == one
        two = one.with_key(OTHER_KEY, NOW)
        version = endpoints.put(name, two)
        assert version != webhook.version
        # Who knows of the other version takes the other secret, at once.
        assert endpoints.of(replace(webhook, version=version)) == two

    def test_one_that_is_not_there(self, endpoints: Any) -> None:
        for _ in range(2):
            endpoints.remove("acme")
        with pytest.raises(SettingMissing):
            endpoints.of(ACME)


class TestMemoryEndpoints(EndpointsContract):
    @pytest.fixture
    def endpoints(self) -> MemoryEndpoints:
        return MemoryEndpoints()


class TestSecrets(EndpointsContract):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def endpoints(self, aws: Clients, clock: ManualClock) -> SecretEndpoints:
        return SecretEndpoints(aws, "stack/webhooks/", clock)

    def test_what_is_changed_by_hand_is_heard_within_minutes(
        self, endpoints: SecretEndpoints, clock: ManualClock
    ) -> None:
        webhook = replace(ACME, version=endpoints.put("acme", Endpoint("https://acme.example/1", KEY)))
        endpoints.of(webhook)
        changed = f'{{"url": "https://acme.example/2", "key": "{OTHER_KEY}"}}'
        boto3.client("secretsmanager").put_secret_value(SecretId="stack/webhooks/acme", SecretString=changed)
        assert endpoints.of(webhook).url == "https://acme.example/1"
        clock.forward(301)
        assert endpoints.of(webhook) == Endpoint("https://acme.example/2", OTHER_KEY)

    @pytest.mark.parametrize("content", ["whsec_s3cret", "{}", '{"url": "https://a", "key": "s3cret"}', "[]"])
    def test_a_secret_that_is_none(self, endpoints: SecretEndpoints, content: str) -> None:
        boto3.client("secretsmanager").create_secret(Name="stack/webhooks/acme", SecretString=content)
        with pytest.raises(SettingMissing, match="stack/webhooks/acme") as refused:
            endpoints.of(ACME)
        assert "s3cret" not in str(refused.value)
