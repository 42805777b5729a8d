"""One suite for orders and catalogue in memory and on DynamoDB; and what lists cost there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.items import job_key
from invoice_capture.aws.job_catalogue import DynamoDBJobCatalogue
from invoice_capture.aws.job_orders import DynamoDBJobOrders
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.submission_store import DynamoDBSubmissionStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.page_token import page_token
from tests.contract.catalogue_contract import (
    NOW,
    RETENTION,
    CatalogueContract,
    OrdersContract,
    an_ordered_job,
)
from tests.contract.in_memory import InMemory
from tests.fakes.catalogue import MemoryJobCatalogue, MemoryJobOrders
from tests.fakes.stores import MemoryJobStore, MemorySubmissionStore


class _InMemory(InMemory):
    @pytest.fixture
    def orders(self, jobs: MemoryJobStore, submissions: MemorySubmissionStore) -> MemoryJobOrders:
        return MemoryJobOrders(jobs, submissions)

    @pytest.fixture
    def catalogue(self, jobs: MemoryJobStore, orders: MemoryJobOrders) -> MemoryJobCatalogue:
        return MemoryJobCatalogue(jobs, orders, RETENTION)

    @pytest.fixture
    def fail(self, jobs: MemoryJobStore) -> Callable[[str], None]:
        def fail(job_id: str) -> None:
            failed = replace(jobs.jobs[job_id], status=JobStatus.FAILED, error_code="CaptureFailed", finished_at=NOW)
            failed = replace(failed, announcement="invoice.failed")
            jobs.jobs[job_id] = failed

        return fail


class TestMemoryOrders(_InMemory, OrdersContract):
    pass


class TestMemoryCatalogue(_InMemory, CatalogueContract):
    pass


class _OnDynamoDB:
    @pytest.fixture
    def jobs(self, aws: Clients) -> DynamoDBJobStore:
        return DynamoDBJobStore(Table(aws, "table"), RETENTION)

    @pytest.fixture
    def submissions(self, aws: Clients) -> DynamoDBSubmissionStore:
        return DynamoDBSubmissionStore(Table(aws, "table"), RETENTION)

    @pytest.fixture
    def orders(self, aws: Clients) -> DynamoDBJobOrders:
        return DynamoDBJobOrders(Table(aws, "table"), RETENTION)

    @pytest.fixture
    def catalogue(self, aws: Clients) -> DynamoDBJobCatalogue:
        return DynamoDBJobCatalogue(Table(aws, "table"), RETENTION)

    @pytest.fixture
    def fail(self, aws: Clients) -> Callable[[str], None]:
        """What the state Record Failure writes."""

        def fail(job_id: str) -> None:
            aws.dynamodb.update_item(
                TableName="table",
                Key=job_key(job_id),
                UpdateExpression="SET #status = :failed, error_code = :code, finished_at = :now, "
                "closed_by = :execution, announcement = :announcement",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":failed": {"S": "FAILED"},
                    ":code": {"S": "CaptureFailed"},
                    ":now": {"S": "2026-03-31T12:00:00.000Z"},
                    ":execution": {"S": job_id},
                    ":announcement": {"S": "invoice.failed"},
                },
            )

        return fail


class TestDynamoDBOrders(_OnDynamoDB, OrdersContract):
    def test_an_erased_job_leaves_nothing(self, jobs: Any, orders: Any, aws: Clients) -> None:
        orders.place(an_ordered_job("A"))
        orders.withdraw(jobs.get("A"), NOW)
        orders.erase(jobs.get("A"), [])
        left = aws.dynamodb.scan(TableName="table")["Items"]
        assert {item["PK"]["S"].partition("#")[0] for item in left} <= {"COUNTS"}


class TestDynamoDBCatalogue(_OnDynamoDB, CatalogueContract):
    @pytest.mark.parametrize("client", ["acme", None])
    def test_a_page_costs_the_same_however_many_jobs_there_are(
        self, jobs: Any, orders: Any, catalogue: Any, aws: Clients, client: str | None
    ) -> None:
        calls: Counter[str] = Counter()
        events = aws.dynamodb.meta.events
        events.register("before-call.dynamodb", lambda model, **_: calls.update([model.name]))
        costs = []
        created = 0
        for size in (20, 60):
            while created < size:
                orders.place(an_ordered_job(f"A{created:04}", minutes=created))
                created += 1
            calls.clear()
            page = catalogue.page(client, NOW, limit=10)
            assert len(page.job_ids) == 10
            assert catalogue.count(client, NOW) == size
            costs.append(dict(calls))
        assert costs[0] == costs[1]

    @pytest.mark.parametrize(
        ("created_at", "job"),
        [
            ("2026-03-31T12:00:00.000Z", "JOB#" + "A" * 2100),
            ("2026-03-31T12:00:00.000Z", "KEYS"),
            ("2026-03-31T12:00:00.000Z", "JOB#A B"),
            ("2026-03-31T12:00:00.000Z", ""),
            ("2026-03-31T12:00:00Z", "JOB#A"),
            ("2026-03-31", "JOB#A"),
            ("2026-03-31T12:00:00.000Z~", "JOB#A"),
            (7, "JOB#A"),
            ("2026-03-31T12:00:00.000Z", {"S": "JOB#A"}),
        ],
    )
    @pytest.mark.parametrize("client", ["acme", None])
    def test_a_forged_token_is_refused_before_dynamodb_sees_it(
        self, orders: Any, catalogue: Any, aws: Clients, client: str | None, created_at: Any, job: Any
    ) -> None:
        orders.place(an_ordered_job("A"))
        asked: list[str] = []
        aws.dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: asked.append(model.name))
        token = page_token([[created_at, job]] * (1 if client else 8))
        with pytest.raises(ValueError, match="nextToken"):
            catalogue.page(client, NOW, limit=5, token=token)
        assert asked == []

    @pytest.mark.parametrize("client", ["acme", None])
    def test_a_token_of_another_time_begins_within_what_is_asked_for(
        self, orders: Any, catalogue: Any, aws: Clients, client: str | None
    ) -> None:
        """DynamoDB refuses to begin elsewhere: retention goes on between two pages, and filters may change."""
        for number in range(6):
            orders.place(an_ordered_job(f"A{number}", minutes=number))
        begins: list[str] = []

        def note(params: Any, **_: Any) -> None:
            body = json.loads(params["body"])
            begins.extend(key["created_at"]["S"] for key in [body.get("ExclusiveStartKey")] if key)

        aws.dynamodb.meta.events.register("before-call.dynamodb.Query", note)

        def ids(token: str, descending: bool, **narrow: Any) -> list[str]:
            return list(catalogue.page(client, NOW, limit=9, token=token, descending=descending, **narrow).job_ids)

        def token_of(created_at: str) -> str:
            return page_token([[created_at, "JOB#A"]] * (1 if client else 8))

        whole = [f"A{number}" for number in range(6)]
        for before in (token_of("1999-01-01T00:00:00.000Z"), token_of("0001-01-01T00:00:00.000Z")):
            assert ids(before, True) == []
            assert ids(before, False) == whole
        late = token_of("2099-01-01T00:00:00.000Z")
        narrow = {"since": NOW + timedelta(minutes=2), "until": NOW + timedelta(minutes=3)}
        assert (ids(late, True, **narrow), ids(late, False, **narrow)) == (["A3", "A2"], [])
        assert begins == []

    def test_a_transaction_that_another_one_holds_up_is_tried_again(self, orders: Any, aws: Clients) -> None:
        refusals = iter([True, True, False])

        def refuse(**_: Any) -> Any:
            from botocore.awsrequest import AWSResponse

            if next(refusals):
                body = {
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "message": "Transaction cancelled",
                    "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
                }
                return AWSResponse("http://x", 400, {}, None), body | {
                    "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"}
                }
            return None

        aws.dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", refuse)
        orders.place(an_ordered_job("A"))
        assert next(refusals, "used up") == "used up"
