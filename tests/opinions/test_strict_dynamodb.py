"""The stores of DynamoDB under their contracts, against a DynamoDB that refuses what AWS refuses and moto lets pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.items import job_key
from invoice_capture.aws.table import ConditionFailed, Table
from tests.contract import test_catalogues, test_endings, test_key_stores, test_stores, test_webhook_stores
from tests.contract.store_contracts import a_job, a_row


class TestJobsAndSubmissions(test_stores.TestDynamoDBJobsAndSubmissions):
    def test_a_key_that_is_too_long_is_refused(self, jobs: Any) -> None:
        jobs.create(a_job("J" * 2044))
        with pytest.raises(ClientError, match="2048 bytes"):
            jobs.create(a_job("J" * 2045))

    def test_an_item_that_is_too_large_is_refused(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        with pytest.raises(ClientError, match="exceeded the maximum"):
            submissions.begin(replace(a_row(), task_token="t" * 400 * 1024))


class TestProviderStates(test_stores.TestDynamoDBProviderStates):
    pass


class TestEndings(test_endings.TestDynamoDBEndings):
    pass


class TestOrders(test_catalogues.TestDynamoDBOrders):
    pass


class TestCatalogue(test_catalogues.TestDynamoDBCatalogue):
    pass


class TestWebhooks(test_webhook_stores.TestDynamoDB):
    pass


class TestKeys(test_key_stores.TestDynamoDBKeys):
    @pytest.fixture
    def clients(self, aws: Clients) -> Clients:
        return aws


class TestWhatIsRefused:
    @pytest.fixture
    def table(self, aws: Clients) -> Table:
        return Table(aws, "table")

    @pytest.mark.parametrize("start", [job_key("J2"), {"PK": {"S": "JOB#J1"}, "SK": {"S": "A"}}])
    def test_a_page_that_begins_where_the_query_does_not_look(self, table: Table, start: Any) -> None:
        query = table.query(
            KeyConditionExpression="PK = :job AND begins_with(SK, :job)",
            ExpressionAttributeValues={":job": {"S": "JOB#J1"}},
            ExclusiveStartKey=start,
        )
        with pytest.raises(ClientError, match="starting key"):
            list(query)

    def test_a_transaction_leaves_nothing_when_one_of_its_conditions_fails(self, table: Table) -> None:
        table.write({**job_key("J2"), "text": {"S": "before"}})
        with pytest.raises(ConditionFailed) as refused:
            table.transact(
                [
                    {"Put": {"Item": job_key("J1")}},
                    {"Update": {"Key": job_key("J2"), "UpdateExpression": "REMOVE #text", **_NAMED}},
                    {"ConditionCheck": {"Key": job_key("J3"), "ConditionExpression": "attribute_exists(PK)"}},
                ]
            )
        assert refused.value.places == [2]
        assert table.get(job_key("J1")) is None
        assert table.get(job_key("J2")) == {**job_key("J2"), "text": {"S": "before"}}

    def test_an_expression_that_is_wrong_in_a_transaction(self, table: Table) -> None:
        with pytest.raises(ClientError, match="reserved keyword"):
            table.transact([{"Put": {"Item": job_key("J1"), "ConditionExpression": "attribute_exists(status)"}}])


_NAMED = {"ExpressionAttributeNames": {"#text": "text"}}
