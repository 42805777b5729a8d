"""Runs of the engine that did not come to an end, counted beside their submission."""

from __future__ import annotations

from datetime import timedelta

from invoice_capture.aws.items import extraction_key, removal
from invoice_capture.aws.table import Table
from invoice_capture.ports import Clock


class DynamoDBExtractionRuns:
    def __init__(self, table: Table, retention: timedelta, clock: Clock) -> None:
        self._table = table
        self._retention = retention
        self._clock = clock

    def begin(self, key: tuple[str, int]) -> int:
        return self._count(key, 1)

    def end(self, key: tuple[str, int]) -> None:
        self._count(key, -1)

    def _count(self, key: tuple[str, int], runs: int) -> int:
        ttl = removal(self._clock.now(), self._retention)
        return self._table.add(extraction_key(key), {"runs": runs}, ttl)["runs"]
