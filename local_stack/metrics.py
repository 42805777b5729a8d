"""Metrics, as CloudWatch gets them: out of the lines that functions print (EMF), and from SQS about its queues."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TextIO

from local_stack.moto_patches import metrics

_LOG = logging.getLogger(__name__)
# CloudWatch gets to know of queues once a minute; whoever looks at a terminal waits less gladly.
_EVERY_SECONDS = 10.0


class Intake(io.StringIO):
    """A log on its way, whose metrics are taken in."""

    def __init__(self, log: TextIO) -> None:
        super().__init__()
        self._log = log

    def write(self, text: str) -> int:
        if text.startswith("{") and '"CloudWatchMetrics"' in text:
            _take_in(text)
        return self._log.write(text)

    def flush(self) -> None:
        self._log.flush()


def _take_in(text: str) -> None:
    line = json.loads(text)
    at = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(line[name]) for name in names}
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    metrics.take_in(directive["Namespace"], metric["Name"], value, dimensions, at)


class QueueAges:
    """Says how old the oldest message of each queue is, from ``start`` to ``stop``."""

    def __init__(self, queue_arns: Collection[str]) -> None:
        self._names = [arn.rsplit(":", 1)[1] for arn in queue_arns]
        self._stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="queue-ages", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY_SECONDS):
            for name in self._names:
                try:
                    age = metrics.oldest_message_seconds(name)
                except KeyError:
                    _LOG.warning("The queue %s is gone", name)
                else:
                    metrics.take_in("AWS/SQS", "ApproximateAgeOfOldestMessage", age, {"QueueName": name})
