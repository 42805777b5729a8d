"""Runs of the engine that did not come to an end, counted beside their submission."""

from __future__ import annotations

from datetime import timedelta

from invoice_capture.aws.items import extraction_key, removal, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.ports import Clock


class DynamoDBExtractionRuns:
    def __init__(self, table: Table, retention: timedelta, clock: Clock) -> None:
        self._table = table
        self._retention = retention
        self._clock = clock

    def begin(self, key: tuple[str, int]) -> int:
        ttl = removal(self._clock.now(), self._retention)
        return self._table.add(extraction_key(key), {"runs": 1}, ttl)["runs"]

    def end(self, key: tuple[str, int]) -> None:
        # The job may have been erased meanwhile.
        self._table.update(extraction_key(key), "ADD runs :less", "attribute_exists(PK)", to_attributes({":less": -1}))
