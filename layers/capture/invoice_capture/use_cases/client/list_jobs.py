"""List Jobs: a page of a client's jobs and their number.

Without a filter, by the time of creation, a page costs the same however many jobs there are. Filters by ``_id`` and
``jobNumber`` read just the jobs they name. Everything else goes through a stretch of the list, as long as one request
may read: of a client's jobs the heads, which stand in its index, and in full those that a head says too little of. What
is left of the list is gone on with by the token. A list in another order than by ``createdAt`` has to be read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.client import Principal
from invoice_capture.domain.filters import Filter, bounds_of, sort_key, value_at
from invoice_capture.domain.job import Job
from invoice_capture.domain.page_token import FOREIGN, page_token, place_of
from invoice_capture.ports import Clock, Head, JobCatalogue, JobStore
from invoice_capture.use_cases.client.find_job import could_be_id, is_visible

Row = Mapping[str, Any]

CREATED_AT = "createdAt"
_ID = "_id"
_JOB_NUMBER = "jobNumber"
# What one request may read: a job is a read unit, and up to five with all the metadata that it may have; some 15 heads
# are one.
_MOST_JOBS_READ = 2_000
_MOST_HEADS_READ = 20_000
_MOST_SECONDS = 10.0
# Less than DynamoDB answers at once, which is a megabyte.
_HEADS_PER_READ = 2_000
_JOBS_PER_READ = 500
_LONGEST_NUMBER = 200


@dataclass(frozen=True)
class Listing:
    """What to list; ``sort`` and the paths of ``filters`` are names of the rows.

    ``token`` goes on from a page, and replaces ``offset``.
    """

    limit: int = 50
    offset: int = 0
    token: str | None = None
    sort: str = CREATED_AT
    descending: bool = True
    filters: Sequence[Filter] = ()
    search: str | None = None


@dataclass(frozen=True)
class JobList:
    """Rows of a page, the number of all, and the token of the next page; None when this is the last.

    ``more_to_read``: the list goes on beyond what one request may read. ``total`` counts what was found up to there,
    and the next page may have rows even when this one has none.
    """

    rows: Sequence[Row]
    total: int
    next_token: str | None
    more_to_read: bool = False


@dataclass(frozen=True)
class _Place:
    """Where a page begins: ``offset`` rows into the stretch that begins at ``start``, a token of the catalogue.

    ``before`` is how many rows the stretches before have.
    """

    start: str | None = None
    before: int = 0
    offset: int = 0


@dataclass(frozen=True)
class _Stretch:
    """What fits of a part of a list, each as what it is sorted by, the id at the end; and where the rest begins.

    ``rows`` by id are those that need not be read again: not all that were read, for rows may be large.
    """

    fits: Sequence[tuple[Any, ...]]
    rest: str | None = None
    rows: Mapping[str, Row] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """How a job is shown in a list.

    ``view`` makes a row of a job and of the job that has its invoice; ``texts`` are what of a row is searched.
    ``glance`` makes a row of a head, which has the paths ``glanced`` and no others.
    """

    view: Callable[[Job, Job], Row]
    texts: Callable[[Row], Iterator[str]]
    glance: Callable[[Head], Row]
    glanced: frozenset[str]


@dataclass(frozen=True)
class ListJobs:
    """``stopwatch`` tells real seconds."""

    jobs: JobStore
    catalogue: JobCatalogue
    clock: Clock
    stopwatch: Callable[[], float]
    rows: Rows

    def __call__(self, listing: Listing, principal: Principal) -> JobList:
        """Raises InvalidRequest for a token of another list, and when more would have to be read than one may."""
        now = self.clock.now()
        client = None if principal.sees_all else principal.client
        try:
            if listing.filters or listing.search or listing.sort != CREATED_AT:
                return self._picked(listing, principal, now)
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
        place = _Place(offset=listing.offset) if listing.token is None else _place(listing.token)
        if place.start is not None and listing.sort != CREATED_AT:
            raise ValueError(FOREIGN)
        stretch = self._named(listing, principal) or self._stretch(listing, principal, now, place.start)
        # The id is part of the order, so that rows of the same value always come the same way.
        fits = sorted(stretch.fits, reverse=listing.descending)
        end = place.offset + listing.limit
        ids = [fit[-1] for fit in fits[place.offset : end]]
        # What was captured, changed or deleted since its head was written may fit no more.
        read = {row[_ID]: row for row in self._rows([each for each in ids if each not in stretch.rows], principal)}
        known = {**stretch.rows, **read}
        rows = [known[each] for each in ids if each in known and self._fits(known[each], listing)]
        following = None
        if end < len(fits):
            following = _Place(place.start, place.before, end)
        elif stretch.rest is not None:
            following = _Place(stretch.rest, place.before + len(fits), max(0, place.offset - len(fits)))
        return JobList(
            rows,
            place.before + len(fits),
            None if following is None else page_token(vars(following)),
            more_to_read=stretch.rest is not None,
        )

    def _named(self, listing: Listing, principal: Principal) -> _Stretch | None:
        """The jobs that a filter names one by one; None where none does."""
        for each in listing.filters:
            if each.operator != "$in":
                continue
            wanted = [value for value in each.value if isinstance(value, str)]
            if each.path == _ID:
                ids: Sequence[str] = list(dict.fromkeys(filter(could_be_id, wanted)))
            elif each.path == _JOB_NUMBER and not principal.sees_all:
                ids = self.catalogue.numbered(principal.client, list(filter(_could_be_number, wanted)))
            else:
                continue
            rows = {row[_ID]: row for row in self._rows(ids, principal) if self._fits(row, listing)}
            return _Stretch([_order(row, listing) for row in rows.values()], rows=rows)
        return None

    def _stretch(self, listing: Listing, principal: Principal, now: datetime, start: str | None) -> _Stretch:
        began = self.stopwatch()
        since, until = bounds_of(listing.filters, CREATED_AT)
        fits: list[tuple[Any, ...]] = []
        heads_read = jobs_read = 0
        token = start
        while True:
            page = self.catalogue.heads(
                None if principal.sees_all else principal.client,
                now,
                # Of each the job may have to be read.
                limit=min(_HEADS_PER_READ, _MOST_JOBS_READ - jobs_read),
                token=token,
                descending=listing.descending,
                since=since,
                until=until,
            )
            open_questions: list[str] = []
            for head in page.heads:
                verdict = self._judge(head, listing)
                if verdict is None:
                    open_questions.append(head.job_id)
                elif verdict:
                    fits.append(_order(self.rows.glance(head), listing))
            fits += self._read(open_questions, listing, principal)
            heads_read, jobs_read, token = (
                heads_read + len(page.heads),
                jobs_read + len(open_questions),
                page.next_token,
            )
            if token is None:
                return _Stretch(fits)
            is_enough = jobs_read + _JOBS_PER_READ > _MOST_JOBS_READ or heads_read >= _MOST_HEADS_READ
            if is_enough or self.stopwatch() - began > _MOST_SECONDS:
                break
        if listing.sort != CREATED_AT:
            raise InvalidRequest(
                f"This list is too long to be sorted by {listing.sort}. Narrow it by createdAt, for example with "
                'filter={"createdAt": {"$gte": "2026-01-01"}}, or leave sort out and page on with nextToken.',
                "sort",
            )
        return _Stretch(fits, token)

    def _judge(self, head: Head, listing: Listing) -> bool | None:
        """Whether a job fits; None when only the job itself can say, or what the list is sorted by."""
        # A duplicate shows what another job has.
        if head.duplicate_of is not None or not head.is_complete:
            return None
        row = self.rows.glance(head)
        if not all(each.holds(row) for each in listing.filters if each.path in self.rows.glanced):
            return False
        asked = {listing.sort, *(each.path for each in listing.filters)}
        return True if asked <= self.rows.glanced and not listing.search else None

    def _read(self, job_ids: Sequence[str], listing: Listing, principal: Principal) -> Iterator[tuple[Any, ...]]:
        for row in self._rows(job_ids, principal):
            if self._fits(row, listing):
                yield _order(row, listing)

    def _fits(self, row: Row, listing: Listing) -> bool:
        if not all(each.holds(row) for each in listing.filters):
            return False
        term = (listing.search or "").casefold()
        return not term or any(term in text.casefold() for text in self.rows.texts(row))

    def _rows(self, job_ids: Sequence[str], principal: Principal) -> Iterator[Row]:
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
                yield self.rows.view(job, firsts.get(job.duplicate_of or "", job))


def _order(row: Row, listing: Listing) -> tuple[Any, ...]:
    return sort_key(value_at(row, listing.sort)), row[CREATED_AT], row[_ID]


def _could_be_number(text: str) -> bool:
    """Whether a job may have this number: longer ones are not taken, and half a surrogate pair is no text."""
    return 0 < len(text) <= _LONGEST_NUMBER and text.encode(errors="ignore").decode() == text


def _place(token: str) -> _Place:
    """Raises ValueError for a token that is not from a list like this."""
    match place_of(token):
        case {"start": str() | None as start, "before": int(before), "offset": int(offset)} if before >= 0 <= offset:
            return _Place(start, before, offset)
        case _:
            raise ValueError(FOREIGN)
