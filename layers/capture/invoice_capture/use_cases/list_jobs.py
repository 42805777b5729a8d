"""List Jobs: a page of a client's jobs and their number, both exact for every filter.

Without a filter, by the time of creation, a page costs the same however many jobs there are. Filters by ``_id`` and
``jobNumber`` read just the jobs they name. Everything else goes through the client's jobs one by one; a filter by
``createdAt`` narrows that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from invoice_capture.domain.client import Principal
from invoice_capture.domain.conditions import Condition, bounds_of, sort_key, value_at
from invoice_capture.domain.job import Job
from invoice_capture.domain.page_token import FOREIGN, page_token, place_of
from invoice_capture.domain.refusals import InvalidRequest
from invoice_capture.ports import Clock, JobCatalogue, JobStore
from invoice_capture.use_cases.find_job import could_be_id, is_visible

Row = Mapping[str, Any]

CREATED_AT = "createdAt"
_ID = "_id"
_JOB_NUMBER = "jobNumber"
# What one request can read before API Gateway gives up waiting.
_MOST_JOBS_READ = 50_000
_JOBS_PER_READ = 500
_LONGEST_NUMBER = 200


@dataclass(frozen=True)
class Listing:
    """What to list; ``sort`` and the paths of ``conditions`` are names of the rows.

    ``token`` goes on from a page, and replaces ``offset``.
    """

    limit: int = 50
    offset: int = 0
    token: str | None = None
    sort: str = CREATED_AT
    descending: bool = True
    conditions: Sequence[Condition] = ()
    search: str | None = None


@dataclass(frozen=True)
class JobList:
    """Rows of a page, the number of all, and the token of the next page; None when this is the last."""

    rows: Sequence[Row]
    total: int
    next_token: str | None


@dataclass(frozen=True)
class ListJobs:
    """``view`` makes a row of a job and of the job that has its invoice; ``texts`` are what of a row is searched."""

    jobs: JobStore
    catalogue: JobCatalogue
    clock: Clock
    view: Callable[[Job, Job], Row]
    texts: Callable[[Row], Iterator[str]]

    def __call__(self, listing: Listing, principal: Principal) -> JobList:
        """Raises InvalidRequest for a token of another list, and when too many jobs would have to be read."""
        now = self.clock.now()
        client = None if principal.sees_all else principal.client
        if listing.conditions or listing.search or listing.sort != CREATED_AT:
            return self._picked(listing, principal, now)
        try:
            page = self.catalogue.page(
                client,
                now,
                limit=listing.limit,
                offset=listing.offset if listing.token is None else 0,
                token=listing.token,
                descending=listing.descending,
            )
        except ValueError as exc:
            raise InvalidRequest(str(exc), "nextToken") from exc
        rows = list(self._rows(page.job_ids, principal))
        return JobList(rows, self.catalogue.count(client, now), page.next_token)

    def _picked(self, listing: Listing, principal: Principal, now: datetime) -> JobList:
        offset = listing.offset if listing.token is None else _offset_of(listing.token)
        picked = [
            row for row in self._rows(self._candidates(listing, principal, now), principal) if self._fits(row, listing)
        ]
        # By two keys, so that rows of the same value always come in the same order.
        picked.sort(key=lambda row: (row[CREATED_AT], row[_ID]), reverse=listing.descending)
        picked.sort(key=lambda row: sort_key(value_at(row, listing.sort)), reverse=listing.descending)
        end = offset + listing.limit
        return JobList(picked[offset:end], len(picked), page_token({"offset": end}) if end < len(picked) else None)

    def _fits(self, row: Row, listing: Listing) -> bool:
        if not all(condition.holds(row) for condition in listing.conditions):
            return False
        term = (listing.search or "").casefold()
        return not term or any(term in text.casefold() for text in self.texts(row))

    def _candidates(self, listing: Listing, principal: Principal, now: datetime) -> Iterator[str]:
        """Ids of all jobs that may fit."""
        for condition in listing.conditions:
            if condition.operator != "$in":
                continue
            wanted = [value for value in condition.value if isinstance(value, str)]
            if condition.path == _ID:
                yield from dict.fromkeys(filter(could_be_id, wanted))
                return
            if condition.path == _JOB_NUMBER and not principal.sees_all:
                yield from self.catalogue.numbered(principal.client, list(filter(_could_be_number, wanted)))
                return
        since, until = bounds_of(listing.conditions, CREATED_AT)
        token: str | None = None
        read = 0
        while True:
            page = self.catalogue.page(
                None if principal.sees_all else principal.client,
                now,
                limit=_JOBS_PER_READ,
                token=token,
                since=since,
                until=until,
            )
            yield from page.job_ids
            token, read = page.next_token, read + len(page.job_ids)
            if token is None:
                return
            if read >= _MOST_JOBS_READ:
                raise InvalidRequest(
                    f"This list would have to read more than {_MOST_JOBS_READ:,} jobs. Narrow it by createdAt, "
                    'for example with filter={"createdAt": {"$gte": "2026-01-01"}}.',
                    "filter",
                )

    def _rows(self, job_ids: Iterator[str] | Sequence[str], principal: Principal) -> Iterator[Row]:
        waiting = iter(job_ids)
        while some := list(islice(waiting, _JOBS_PER_READ)):
            jobs = [job for job in self.jobs.get_many(some) if is_visible(job, principal)]
            duplicated = list({job.duplicate_of for job in jobs if job.duplicate_of is not None})
            firsts = {
                first.job_id: first
                for first in (self.jobs.get_many(duplicated) if duplicated else ())
                if is_visible(first, principal)
            }
            for job in jobs:
                yield self.view(job, firsts.get(job.duplicate_of or "", job))


def _could_be_number(text: str) -> bool:
    """Whether a job may have this number: longer ones are not taken, and half a surrogate pair is no text."""
    return 0 < len(text) <= _LONGEST_NUMBER and text.encode(errors="ignore").decode() == text


def _offset_of(token: str) -> int:
    try:
        offset = place_of(token)["offset"]
    except (ValueError, TypeError, KeyError) as exc:
        raise InvalidRequest(FOREIGN, "nextToken") from exc
    if not isinstance(offset, int) or offset < 0:
        raise InvalidRequest(FOREIGN, "nextToken")
    return offset
