"""CloudWatch's metrics: what functions print is taken in, and percentiles are known."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Statistics, cloudwatch_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

_statistic = Statistics.get_statistics_for_type


def patches() -> Iterator[tuple[Any, str, Any]]:
    # moto answers None for a percentile.
    yield Statistics, "get_statistics_for_type", _statistic_of


def take_in(namespace: str, name: str, value: float, dimensions: Mapping[str, str], at: datetime | None = None) -> None:
    """Add a value to a metric, in nobody's name: what functions print costs them no request."""
    datum = {
        "MetricName": name,
        "Value": value,
        "Dimensions": [{"Name": key, "Value": content} for key, content in dimensions.items()],
        # Without a zone, as moto compares them.
        "Timestamp": (at or datetime.now(UTC)).replace(tzinfo=None),
    }
    _of_region(cloudwatch_backends).put_metric_data(namespace, [datum])


def oldest_message_seconds(queue_name: str) -> float:
    """How long the oldest message that was not deleted has been in a queue, received or not; 0 for none."""
    messages = list(_of_region(sqs_backends).queues[queue_name]._messages)
    sent = [float(message.sent_timestamp) / 1000 for message in messages]
    return max(0.0, time.time() - min(sent)) if sent else 0.0


def _of_region(backends: Any) -> Any:
    return backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]]


def _statistic_of(statistics: Statistics, stat: str) -> Any:
    if not stat.startswith("p"):
        return _statistic(statistics, stat)
    values = sorted(statistics.metric_single_values_list)
    return values[max(0, math.ceil(len(values) * float(stat[1:]) / 100) - 1)] if values else None
