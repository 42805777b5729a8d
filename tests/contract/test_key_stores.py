"""One suite for the key store in memory and the one on DynamoDB; and what a request costs there."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.key_store import DynamoDBKeyStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.api_key import compose
from invoice_capture.domain.client import Unauthorized
from invoice_capture.use_cases.steps.authorize_request import AuthorizationRequest, AuthorizeRequest
from tests.contract.key_store_contract import NOW, KeysContract, a_key
from tests.fakes.keys import MemoryKeyStore

KEY_ID, TEXT = compose(bytes(range(40)))


class TestMemoryKeys(KeysContract):
    @pytest.fixture
    def keys(self) -> MemoryKeyStore:
        return MemoryKeyStore()


class TestDynamoDBKeys(KeysContract):
    @pytest.fixture
    def clients(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        with mock_aws():
            boto3.client("dynamodb").create_table(
                TableName="table",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
                KeySchema=[
                    {"AttributeName": "PK", "KeyType": "HASH"},
                    {"AttributeName": "SK", "KeyType": "RANGE"},
                ],
            )
            yield Clients()

    @pytest.fixture
    def keys(self, clients: Clients) -> DynamoDBKeyStore:
        return DynamoDBKeyStore(Table(clients, "table"))

    @pytest.fixture
    def calls(self, clients: Clients) -> list[str]:
        """The requests that are sent to DynamoDB from here on, by operation."""
        sent: list[str] = []
        clients.dynamodb.meta.events.register(
            "before-call.dynamodb", lambda model, **_rest: sent.append(model.name), unique_id="count"
        )
        return sent

    @pytest.mark.parametrize(
        ("text", "requests"),
        [
            (TEXT, ["GetItem"]),
            (TEXT[:-3] + "AAA", ["GetItem"]),
            (TEXT.replace(KEY_ID, "aaaaaaaaaaaa"), ["GetItem"]),
            (TEXT.upper(), []),
            (KEY_ID, []),
            ("", []),
            ("*", []),
        ],
    )
    def test_a_key_that_opens_nothing_costs_one_item_or_nothing(
        self, keys: DynamoDBKeyStore, calls: list[str], text: str, requests: list[str]
    ) -> None:
        for number in range(30):
            keys.add(a_key(f"{KEY_ID[:10]}{number:02d}".translate(str.maketrans("0189", "abcd"))))
        keys.add(a_key(KEY_ID))
        calls.clear()
        with pytest.raises(Unauthorized):
            AuthorizeRequest(keys)(AuthorizationRequest({"api-key": text}, "arn/stage/GET/x"))
        assert calls == requests

    def test_listing_costs_queries_and_no_scan(self, keys: DynamoDBKeyStore, calls: list[str]) -> None:
        keys.add(a_key())
        calls.clear()
        assert len(keys.all()) == 1
        assert calls == ["Query"]

    def test_the_text_of_a_key_is_nowhere_in_the_table(self, keys: DynamoDBKeyStore, clients: Clients) -> None:
        keys.add(a_key(KEY_ID, TEXT))
        keys.revoke(KEY_ID, NOW)
        stored = str(clients.dynamodb.scan(TableName="table")["Items"])
        assert KEY_ID in stored
        assert TEXT not in stored
        assert TEXT.removeprefix(f"ick_{KEY_ID}_") not in stored
