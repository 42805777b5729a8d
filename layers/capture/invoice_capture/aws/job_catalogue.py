"""Lists of jobs, from the indexes of the table.

A client's jobs are one partition of ``client-index``; everybody's are eight partitions of ``created-index``, which are
merged by the time of creation. Both indexes carry keys only. ``listing-index`` has a client's jobs as well, each with
what lists are filtered by most: its status, its group and what it keeps of its invoice.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from invoice_capture.aws import job_counts
from invoice_capture.aws.items import Item, from_attributes, moment, number_key, to_attributes
from invoice_capture.aws.job_items import CREATED_SHARDS, created_partition
from invoice_capture.aws.table import Table
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.page_token import FOREIGN, page_token, place_of
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.ports import Head, HeadPage, Page

_AFTER_ALL = "~"
_SINCE_EVER = timestamp(datetime.min.replace(tzinfo=UTC))
_EXPIRED_AT_ONCE = 50
_JOB = re.compile(r"JOB#[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class _Partition:
    """A part of an index, and the key after which it is read on; nothing of an exhausted one is left to read."""

    index: str
    attribute: str
    value: str
    after: Item | None = None
    is_exhausted: bool = False


class DynamoDBJobCatalogue:
    def __init__(self, table: Table, retention: timedelta) -> None:
        self._table = table
        self._retention = retention

    def count(self, client: str | None, now: datetime) -> int:
        return job_counts.count(self._table, client, now)

    def page(
        self,
        client: str | None,
        now: datetime,
        *,
        limit: int,
        offset: int = 0,
        token: str | None = None,
        descending: bool = True,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Page:
        items, next_token = self._part(
            _partitions(client), now, limit, offset=offset, token=token, descending=descending, since=since, until=until
        )
        return Page([_job_id(item) for item in items], next_token)

    def heads(
        self,
        client: str | None,
        now: datetime,
        *,
        limit: int,
        token: str | None = None,
        descending: bool = True,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> HeadPage:
        partitions = _partitions(None) if client is None else [_Partition("listing-index", "client", client)]
        items, next_token = self._part(
            partitions, now, limit, token=token, descending=descending, since=since, until=until
        )
        return HeadPage([_head(item) for item in items], next_token)

    def _part(
        self,
        partitions: list[_Partition],
        now: datetime,
        limit: int,
        *,
        offset: int = 0,
        token: str | None,
        descending: bool,
        since: datetime | None,
        until: datetime | None,
    ) -> tuple[list[Item], str | None]:
        """Entries of an index, and where the next ones begin."""
        # What is past its retention may still be there for a while.
        oldest = _oldest(now, self._retention)
        since = max(oldest, since or oldest)
        # DynamoDB calls an interval that ends before it begins an error.
        if until is not None and until < since:
            return [], None
        between = (timestamp(since), _AFTER_ALL if until is None else timestamp(until))
        if token is not None:
            partitions = _within(_resumed(partitions, token), between, descending)
        # Read in portions of what is probably needed from each partition.
        portion = (offset + limit) // max(1, len(partitions)) + 1 + (len(partitions) > 1) * 10
        entries = heapq.merge(
            *(
                self._entries(place, partition, between, descending, portion)
                for place, partition in enumerate(partitions)
                if not partition.is_exhausted
            ),
            key=lambda entry: entry[0],
            reverse=descending,
        )
        found: list[Item] = []
        for number, (_, place, item) in enumerate(entries):
            if number == offset + limit:
                return found, _token(partitions)
            partitions[place] = replace(partitions[place], after=_key_of(partitions[place], item))
            if number >= offset:
                found.append(item)
        return found, None

    def past_retention(self, now: datetime) -> Iterator[str]:
        until = timestamp(_oldest(now, self._retention))
        entries = heapq.merge(
            *(
                self._entries(place, partition, (_SINCE_EVER, until), descending=False, portion=_EXPIRED_AT_ONCE)
                for place, partition in enumerate(_partitions(None))
            ),
            key=lambda entry: entry[0],
        )
        for created_at, _, item in entries:
            # A day that has begun is kept to its end.
            if created_at < until:
                yield item["PK"]["S"].removeprefix("JOB#")

    def numbered(self, client: str, job_numbers: Sequence[str]) -> Sequence[str]:
        items = self._table.get_many([number_key(client, number) for number in dict.fromkeys(job_numbers)])
        return [item["job_id"]["S"] for item in items]

    def _entries(
        self,
        place: int,
        partition: _Partition,
        between: tuple[str, str],
        descending: bool,
        portion: int,
    ) -> Iterator[tuple[str, int, Item]]:
        """Time of creation, place of the partition, and keys of its jobs."""
        since, until = between
        arguments: dict[str, Any] = {"ExclusiveStartKey": partition.after} if partition.after else {}
        items = self._table.query(
            portion=portion,
            IndexName=partition.index,
            KeyConditionExpression=f"{partition.attribute} = :partition AND created_at BETWEEN :since AND :until",
            ExpressionAttributeValues=to_attributes(
                {
                    ":partition": partition.value,
                    ":since": since,
                    ":until": until,
                }
            ),
            ScanIndexForward=not descending,
            **arguments,
        )
        for item in items:
            yield item["created_at"]["S"], place, item


def _oldest(now: datetime, retention: timedelta) -> datetime:
    """The first moment of creation whose retention is not over."""
    return datetime.combine(now, time(), UTC) - retention


def _partitions(client: str | None) -> list[_Partition]:
    if client is not None:
        return [_Partition("client-index", "client", client)]
    return [_Partition("created-index", "created_shard", created_partition(shard)) for shard in range(CREATED_SHARDS)]


def _token(partitions: Sequence[_Partition]) -> str:
    """Where every partition was left: of each, the time and the id of the last job that was taken."""
    places = [
        None if partition.after is None else [partition.after["created_at"]["S"], partition.after["PK"]["S"]]
        for partition in partitions
    ]
    return page_token(places)


def _resumed(partitions: list[_Partition], token: str) -> list[_Partition]:
    """The partitions from where a token left them. Raises ValueError."""
    try:
        places = place_of(token)
        return [
            replace(partition, after=None if place is None else _start_key(partition, *place))
            for partition, place in zip(partitions, places, strict=True)
        ]
    except (ValueError, TypeError) as exc:
        raise ValueError(FOREIGN) from exc


def _start_key(partition: _Partition, created_at: str, job: str) -> Item:
    """Raises ValueError or TypeError for what no job has: DynamoDB is asked about nothing that it would refuse."""
    if timestamp(datetime.fromisoformat(created_at)) != created_at or not _JOB.fullmatch(job):
        raise ValueError(f"{created_at}, {job} is no key")
    return to_attributes({"PK": job, "SK": "JOB", partition.attribute: partition.value, "created_at": created_at})


def _key_of(partition: _Partition, entry: Item) -> Item:
    return {name: entry[name] for name in ("PK", "SK", partition.attribute, "created_at")}


def _within(partitions: list[_Partition], between: tuple[str, str], descending: bool) -> list[_Partition]:
    """Partitions that begin inside of what is asked for, as DynamoDB demands.

    The oldest jobs may have passed their retention since a token was made, and a filter may be another one now.
    """
    return [
        partition
        if partition.after is None or between[0] <= (created_at := partition.after["created_at"]["S"]) <= between[1]
        # Read on from there, either everything is still to come or nothing.
        else replace(partition, after=None, is_exhausted=(created_at < between[0]) == descending)
        for partition in partitions
    ]


def _job_id(entry: Item) -> str:
    return str(entry["PK"]["S"]).removeprefix("JOB#")


def _head(entry: Item) -> Head:
    values = from_attributes(entry)
    return Head(
        job_id=_job_id(entry),
        created_at=moment(values["created_at"]),
        is_complete="group" in values,
        status=JobStatus(values["status"]) if "status" in values else None,
        group=values.get("group") or None,
        duplicate_of=values.get("duplicate_of"),
        summary=json.loads(values["summary"]) if "summary" in values else None,
    )
