"""What functions are given their events from: queues, and the stream of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MAPPING = "AWS::Lambda::EventSourceMapping"
_OF_A_STREAM = "arn:aws:dynamodb:"


@dataclass(frozen=True)
class EventSource:
    """A queue whose messages are handed to a function in batches."""

    queue_arn: str
    function_name: str
    batch_size: int
    concurrency: int
    reports_item_failures: bool


@dataclass(frozen=True)
class StreamSource:
    """The stream of a table, whose changes are handed to a function in batches.

    ``patterns`` are those of which a change must fit one. ``window_seconds`` is how long a batch is waited for.
    """

    stream_arn: str
    function_name: str
    batch_size: int
    window_seconds: float
    most_retries: int
    on_failure_arn: str
    patterns: tuple[Mapping[str, Any], ...]


def read_event_sources(resolved: Mapping[str, Any]) -> Iterator[EventSource]:
    for properties in _mappings(resolved, of_streams=False):
        yield EventSource(
            queue_arn=properties["EventSourceArn"],
            function_name=properties["FunctionName"],
            batch_size=int(properties.get("BatchSize", 10)),
            concurrency=int(properties.get("ScalingConfig", {}).get("MaximumConcurrency", 10)),
            reports_item_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
        )


def read_streams(resolved: Mapping[str, Any]) -> Iterator[StreamSource]:
    for properties in _mappings(resolved, of_streams=True):
        filters = properties.get("FilterCriteria", {}).get("Filters", ())
        yield StreamSource(
            stream_arn=properties["EventSourceArn"],
            function_name=properties["FunctionName"],
            batch_size=int(properties.get("BatchSize", 100)),
            window_seconds=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
            most_retries=int(properties["MaximumRetryAttempts"]),
            on_failure_arn=properties["DestinationConfig"]["OnFailure"]["Destination"],
            patterns=tuple(json.loads(entry["Pattern"]) for entry in filters),
        )


def _mappings(resolved: Mapping[str, Any], *, of_streams: bool) -> Iterator[Mapping[str, Any]]:
    for resource in resolved.values():
        if resource["Type"] == _MAPPING:
            properties = resource["Properties"]
            if properties["EventSourceArn"].startswith(_OF_A_STREAM) == of_streams:
                yield properties
