"""What asks for an extraction, and what counts its runs, on the real clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from moto import mock_aws

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.extraction_runs import DynamoDBExtractionRuns
from invoice_capture.aws.messaging import SQSQueue
from invoice_capture.aws.table import Table
from invoice_capture.domain.errors import StoreUnavailable
from tests.fakes.provider_states import MemoryExtractionRuns
from tests.fakes.world import START, ManualClock

KEY = ("01KN1W7MG0AYEVZ1JH1T0R8VT6", 1)
RETENTION = timedelta(days=400)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield Clients()


@pytest.fixture
def table(clients: Clients) -> Table:
    clients.dynamodb.create_table(
        TableName="table",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )
    return Table(clients, "table")


@pytest.fixture(params=["table", "memory"])
def runs(request: pytest.FixtureRequest, table: Table) -> DynamoDBExtractionRuns | MemoryExtractionRuns:
    return (
        DynamoDBExtractionRuns(table, RETENTION, ManualClock()) if request.param == "table" else MemoryExtractionRuns()
    )


def test_runs_are_counted_until_they_end(runs: DynamoDBExtractionRuns | MemoryExtractionRuns) -> None:
    assert [runs.begin(KEY) for _ in range(3)] == [1, 2, 3]
    runs.end(KEY)
    assert runs.begin(KEY) == 3
    assert runs.begin((KEY[0], 2)) == 1


def test_a_run_that_ends_after_its_job_was_erased_leaves_nothing(clients: Clients, table: Table) -> None:
    DynamoDBExtractionRuns(table, RETENTION, ManualClock()).end(KEY)
    assert clients.dynamodb.scan(TableName="table")["Items"] == []


def test_a_count_leaves_by_itself(clients: Clients, table: Table) -> None:
    DynamoDBExtractionRuns(table, RETENTION, ManualClock()).begin(KEY)
    [item] = clients.dynamodb.scan(TableName="table")["Items"]
    assert item["PK"] == {"S": f"JOB#{KEY[0]}"}, "it is erased with its job"
    kept_beyond = timedelta(seconds=int(item["ttl"]["N"]) - (START + RETENTION).timestamp())
    # What Remove Jobs could not remove for a week.
    assert timedelta(days=7) <= kept_beyond < timedelta(days=8)


def test_a_message_is_sent_with_its_delay(clients: Clients) -> None:
    url = clients.sqs.create_queue(QueueName="queue")["QueueUrl"]
    queue = SQSQueue(clients, url)
    queue.send({"job_id": KEY[0]})
    queue.send({"job_id": "later"}, 900)
    [message] = clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"]) == {"job_id": KEY[0]}


def test_a_queue_that_does_not_answer_is_worth_trying_again(clients: Clients) -> None:
    def throttle(**_request: object) -> object:
        return SimpleNamespace(status_code=400), {"Error": {"Code": "ThrottlingException", "Message": "no"}}

    clients.sqs.meta.events.register("before-call.sqs.SendMessage", throttle)
    with pytest.raises(StoreUnavailable, match="SQS"):
        SQSQueue(clients, "https://sqs.eu-central-1.amazonaws.com/123456789012/queue").send({})
