"""The stream of a table is handed over as Lambda does it: in order, filtered, in halves after a failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local_stack.clock import ScaledClock
from local_stack.hostility import FOREVER, Delivery, Faults
from local_stack.moto_patches import TableCall
from local_stack.sources import StreamSource
from local_stack.stream_source import StreamPump
from tests.waiting import wait_until

_PATTERN = {"dynamodb": {"Keys": {"PK": {"S": [{"prefix": "JOB#"}]}, "SK": {"S": ["JOB"]}}}}


class _World:
    """A pump, and a function that remembers what it was given and fails for what is ``poisoned``."""

    def __init__(self) -> None:
        boto3.client("sqs").create_queue(QueueName="given-up")
        source = StreamSource(
            stream_arn="arn:aws:dynamodb:us-east-1:123456789012:table/jobs/stream/1",
            function_name="record",
            batch_size=4,
            window_seconds=20,
            most_retries=3,
            on_failure_arn="arn:aws:sqs:us-east-1:123456789012:given-up",
            patterns=(_PATTERN,),
        )
        self.clock = ScaledClock(10_000)
        self.faults = Faults()
        self.pump = StreamPump(source, self.clock, self.faults, self._invoke, nullcontext)
        self.batches: list[list[str]] = []
        self.records: list[Any] = []
        self.poisoned: set[str] = set()

    def _invoke(self, _function: str, payload: bytes) -> tuple[bytes, bool]:
        records = json.loads(payload)["Records"]
        names = [record["dynamodb"]["Keys"]["PK"]["S"].removeprefix("JOB#") for record in records]
        self.batches.append(names)
        self.records += records
        return b"null", not self.poisoned.isdisjoint(names)

    def write(self, *names: str, partition: str = "JOB#", before: Any = None) -> None:
        """One request that writes these items."""
        items = tuple({"PK": {"S": f"{partition}{name}"}, "SK": {"S": "JOB"}, "n": {"N": "1"}} for name in names)
        was = (before,) * len(items)
        self.pump.table_called(TableCall("TransactWriteItems", {}, was, items, (), ("PK", "SK"), {}))

    @property
    def given_up(self) -> list[Any]:
        sqs = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName="given-up")["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[_World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        world = _World()
        yield world
        world.pump.stop()
        world.clock.close()


def test_a_batch_is_full_or_its_window_is_over(world: _World) -> None:
    world.write("a", "b", "c", "d", "e")
    wait_until(lambda: len(world.batches) == 2)
    assert world.batches == [["a", "b", "c", "d"], ["e"]]
    record = world.records[0]
    assert (record["eventName"], record["eventSource"]) == ("INSERT", "aws:dynamodb")
    assert record["dynamodb"]["NewImage"]["n"] == {"N": "1"}
    assert "OldImage" not in record["dynamodb"]


def test_only_what_changed_and_fits_is_handed_over(world: _World) -> None:
    unchanged = {"PK": {"S": "JOB#same"}, "SK": {"S": "JOB"}, "n": {"N": "1"}}
    world.write("lease", partition="PROVIDER#")
    world.write("same", before=unchanged)
    world.write("a")
    wait_until(lambda: world.batches == [["a"]])


def test_a_batch_that_fails_comes_again_in_halves_and_what_cannot_be_is_given_up(world: _World) -> None:
    world.poisoned = {"c"}
    world.write("a", "b", "c", "d")
    world.write("e")
    wait_until(lambda: world.batches[-1:] == [["e"]])
    assert world.batches[:3] == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"]]
    # In their order, and what comes after waits for what goes before.
    assert [names for names in world.batches if names != ["c"]] == [
        ["a", "b", "c", "d"],
        ["a", "b"],
        ["c", "d"],
        ["d"],
        ["e"],
    ]
    [told] = world.given_up
    assert told["DDBStreamBatchInfo"]["batchSize"] == 1


def test_a_script_delivers_twice(world: _World) -> None:
    world.faults.add(Delivery(on="dynamodb:stream", copies=2, times=FOREVER))
    world.write("a")
    wait_until(lambda: world.batches == [["a"], ["a"]])


def test_what_is_forgotten_is_not_handed_over(world: _World) -> None:
    world.write("a")
    world.pump.forget()
    world.write("b")
    wait_until(lambda: world.batches == [["b"]])
