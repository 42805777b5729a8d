"""One suite for what is spent, in memory and on DynamoDB."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from moto.dynamodb.responses import DynamoHandler

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.spending_store import DynamoDBSpendingStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.spending import Spent, Total
from tests.fakes.spending import MemorySpendingStore

MONTH = "2026-11"


class SpendingContract:
    """Subclasses offer the fixture ``spending``."""

    def test_a_month_never_spends_more_than_its_limit(self, spending: Any) -> None:
        assert spending.total(MONTH) == Total(0)
        assert spending.reserve(MONTH, 60, 100) == Total(60)
        assert spending.reserve(MONTH, 41, 100) is None
        assert spending.reserve(MONTH, 40, 100) == Total(100)
        assert spending.reserve(MONTH, 1, 100) is None
        assert spending.reserve("2026-12", 101, 100) is None
        assert spending.reserve(MONTH, 1, 200) == Total(101)
        assert spending.total(MONTH) == Total(101)

    def test_of_many_who_reserve_at_once_none_is_forgotten(self, spending: Any) -> None:
        with ThreadPoolExecutor(8) as pool:
            reserved = list(pool.map(lambda _: spending.reserve(MONTH, 10, 125), range(20)))
        assert sorted(total.micros for total in reserved if total) == list(range(10, 121, 10))

    def test_people_are_told_of_a_limit_by_one(self, spending: Any) -> None:
        spending.reserve(MONTH, 90, 100)
        for claim in (spending.claim_warning, spending.claim_exceeded):
            assert [claim(MONTH, 100) for _ in range(3)] == [True, False, False]
        assert spending.total(MONTH) == Total(90, 100, 100)
        assert spending.claim_warning(MONTH, 200)
        spending.give_back_claims(MONTH, 100)
        assert spending.total(MONTH) == Total(90, 200, 0)
        spending.give_back_claims(MONTH, 100)
        assert spending.claim_exceeded(MONTH, 100)

    def test_what_was_spent_adds_up_by_day_client_and_provider(self, spending: Any) -> None:
        first, second = date(2026, 11, 9), date(2026, 11, 10)
        for spent in [
            Spent(first, "abbyy-us", "acme", 1, 3, 150),
            Spent(first, "abbyy-us", "acme", 1, 2, 100),
            *[Spent(second, "abbyy-us", "acme", 1, 1, 0)] * 2,
            Spent(first, "ocr_job", "acme-2", 1, 1, 7),
            Spent(first, "ocr_job", None, 1, 1, 7),
            Spent(date(2026, 12, 1), "ocr_job", "acme", 1, 1, 7),
        ]:
            spending.add(spent)
        both = {Spent(first, "abbyy-us", "acme", 2, 5, 250), Spent(second, "abbyy-us", "acme", 2, 2, 0)}
        others = {Spent(first, "ocr_job", "acme-2", 1, 1, 7), Spent(first, "ocr_job", None, 1, 1, 7)}
        assert set(spending.of_month(MONTH)) == both | others
        assert set(spending.of_client("acme", MONTH)) == both
        assert list(spending.of_client("acme", MONTH, second)) == [Spent(second, "abbyy-us", "acme", 2, 2, 0)]
        assert list(spending.of_client("nobody", MONTH)) == []


class TestMemorySpending(SpendingContract):
    @pytest.fixture
    def spending(self) -> MemorySpendingStore:
        return MemorySpendingStore()


class TestDynamoDBSpending(SpendingContract):
    @pytest.fixture
    def spending(self, aws: Clients, monkeypatch: pytest.MonkeyPatch) -> DynamoDBSpendingStore:
        # DynamoDB changes an item for one request after the other, moto for all at once.
        lock, call_action = threading.Lock(), DynamoHandler.call_action

        def call_alone(handler: DynamoHandler) -> Any:
            with lock:
                return call_action(handler)

        monkeypatch.setattr(DynamoHandler, "call_action", call_alone)
        return DynamoDBSpendingStore(Table(aws, "table"))
