"""How many jobs there are, counted as they come and go, so that nobody has to count a table that grows.

A counter holds the jobs that are removed at the end of one day; it is removed with them. It is divided into shards, for
two transactions at the same moment cannot change the same item.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.aws.items import Item, end_of_retention, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.domain.job import Job, expires_on

_EVERYBODY = "*"
# Dropped documents arrive from many functions at the same time, a client's orders from few.
_SHARDS_OF_EVERYBODY = 8
_SHARDS_OF_A_CLIENT = 2


def counting(job: Job, retention: timedelta, change: int) -> Iterator[dict[str, Any]]:
    """The writes that belong into the transaction in which a job appears (``change`` 1) or leaves (-1)."""
    number = zlib.crc32(job.job_id.encode())
    scopes = [(_EVERYBODY, _SHARDS_OF_EVERYBODY)]
    if job.client is not None:
        scopes.append((job.client, _SHARDS_OF_A_CLIENT))
    for scope, shards in scopes:
        yield {
            "Update": {
                "Key": _key(scope, f"{expires_on(job.created_at, retention)}#{number % shards}"),
                "UpdateExpression": "SET #ttl = :ttl ADD jobs :change",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": to_attributes(
                    {":ttl": end_of_retention(job.created_at, retention), ":change": change}
                ),
            }
        }


def count(table: Table, client: str | None, now: datetime) -> int:
    """The jobs of a client, or of everybody, that are not past their retention; like an index, moments behind."""
    counters = table.query(
        KeyConditionExpression="PK = :scope AND SK >= :today",
        ExpressionAttributeValues=to_attributes({":scope": _partition(client or _EVERYBODY), ":today": f"{now:%F}"}),
    )
    return sum(int(counter["jobs"]["N"]) for counter in counters)


def _key(scope: str, sort_key: str) -> Item:
    return {"PK": {"S": _partition(scope)}, "SK": {"S": sort_key}}


def _partition(scope: str) -> str:
    return f"COUNTS#{scope}"
