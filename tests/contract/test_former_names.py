"""What 0.1.0 wrote under other names is read for one release: attributes of rows, and the inputs of executions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from invoice_capture import events
from invoice_capture.aws.clients import Clients
from invoice_capture.aws.items import provider_key, submission_key
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.provider_state_store import DynamoDBProviderStateStore
from invoice_capture.aws.submission_store import DynamoDBSubmissionStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.throttle import RateBucket
from tests.contract.store_contracts import NOW, a_job, a_row

RETENTION = timedelta(days=400)


def test_a_row_is_read_and_written_on(aws: Clients) -> None:
    table = Table(aws, "table")
    submissions = DynamoDBSubmissionStore(table, RETENTION)
    DynamoDBJobStore(table, RETENTION).create(a_job())
    row = replace(a_row(), polls=3, polled_at=NOW, unclear_polls=2, skip_if_unavailable=True)
    submissions.begin(row)
    renamed = {
        "polls": "checks",
        "polled_at": "checked_at",
        "unclear_polls": "unclear_checks",
        "skip_if_unavailable": "moves_on",
    }
    item = aws.dynamodb.get_item(TableName="table", Key=submission_key(row.key))["Item"]
    aws.dynamodb.put_item(TableName="table", Item={renamed.get(name, name): value for name, value in item.items()})
    assert submissions.get(row.key) == row
    saved = submissions.save(replace(row, polls=4, polled_at=NOW + timedelta(seconds=5), unclear_polls=0))
    assert submissions.get(row.key) == saved


def test_the_rate_of_a_provider_stays(aws: Clients) -> None:
    states = DynamoDBProviderStateStore(Table(aws, "table"))
    bucket = RateBucket(next_slot_at=NOW, rate_factor=0.75, updated_at=NOW, slowed_at=NOW, version=1)
    states.swap_bucket("paid", bucket)
    renamed = {"next_slot_at": "next_turn_at", "rate_factor": "share"}
    item = aws.dynamodb.get_item(TableName="table", Key=provider_key("paid", "RATE"))["Item"]
    aws.dynamodb.put_item(TableName="table", Item={renamed.get(name, name): value for name, value in item.items()})
    assert states.load("paid").bucket == bucket
    assert states.swap_bucket("paid", replace(bucket, version=2))


def test_an_execution_goes_on() -> None:
    event = json.loads(Path("events/submit_document.json").read_text())
    for skips in (True, False):
        former = {name: value for name, value in event.items() if name != "skip_if_unavailable"} | {"moves_on": skips}
        assert events.submit_request(former).skip_if_unavailable is skips
        assert events.submit_request(event | {"skip_if_unavailable": skips}).skip_if_unavailable is skips
