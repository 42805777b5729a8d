"""Orders and the catalogue in memory, on the jobs of the memory store and held to the same suite as on DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus, Order, expires_on, sources_of
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Head, HeadPage, NumberTaken, Page
from tests.fakes.stores import MemoryJobStore, MemorySubmissionStore


class MemoryJobOrders:
    def __init__(self, jobs: MemoryJobStore, submissions: MemorySubmissionStore | None = None) -> None:
        self._jobs = jobs
        self._submissions = submissions
        self.numbers: dict[tuple[str, str], str] = {}
        # Jobs that were made CANCELLED because their retention was over; they stay where they are found.
        self.expired: set[str] = set()

    def place(self, job: Job) -> None:
        if job.order is None:
            raise ValueError(f"Job {job.job_id} has no order.")
        self._take_number(job.job_id, job.order)
        self._jobs.jobs[job.job_id] = job

    def change(self, job: Job, order: Order, document: DocumentPointer, route: tuple[str, ...], now: datetime) -> bool:
        present = self._jobs.jobs.get(job.job_id)
        if job.order is None or present is None:
            return False
        if present.status is not JobStatus.CREATED or present.order != job.order:
            return False
        if order.job_number != job.order.job_number:
            self._take_number(job.job_id, order)
            del self.numbers[job.order.client, job.order.job_number]
        self._jobs.jobs[job.job_id] = replace(present, order=order, document=document, route=route, updated_at=now)
        return True

    def start(self, job: Job) -> bool:
        present = self._jobs.jobs.get(job.job_id)
        sources = sources_of(JobStatus.RECEIVED) - {JobStatus.CREATED} if job.retries else {JobStatus.CREATED}
        if present is None or present.status not in sources or (job.retries and present.retries != job.retries - 1):
            return False
        self._jobs.jobs[job.job_id] = replace(
            present,
            status=job.status,
            updated_at=job.updated_at,
            deadline_at=job.deadline_at,
            started_at=job.started_at,
            retries=job.retries,
            finished_at=None,
            error_code=None,
            error_message=None,
            duplicate_of=None,
            action_url=None,
            announcement=None,
        )
        self._jobs.due.pop(job.job_id, None)
        return True

    def withdraw(self, job: Job, now: datetime) -> bool:
        present = self._jobs.jobs.get(job.job_id)
        if present is None or present.status is not job.status or job.status is JobStatus.CANCELLED:
            return False
        if present.order != job.order:
            return False
        self._jobs.jobs[job.job_id] = replace(present, status=JobStatus.CANCELLED, updated_at=now, finished_at=now)
        if present.order is not None:
            self.numbers.pop((present.order.client, present.order.job_number), None)
        return True

    def expire(self, job: Job, now: datetime) -> bool:
        present = self._jobs.jobs.get(job.job_id)
        if present is None or present.status is not job.status or present.is_untold:
            return False
        self._jobs.jobs[job.job_id] = replace(present, status=JobStatus.CANCELLED, updated_at=now, finished_at=now)
        self.expired.add(job.job_id)
        return True

    def erase(self, job: Job, submissions: Sequence[Submission]) -> None:
        job_id = job.job_id
        if job.order is not None and self.numbers.get((job.order.client, job.order.job_number)) == job_id:
            del self.numbers[job.order.client, job.order.job_number]
        self._jobs.jobs.pop(job_id, None)
        for name in ("INVOICE", "CONFIRMED"):
            self._jobs.stored.pop((job_id, name), None)
        if self._submissions is not None:
            for row in submissions:
                if self._submissions.references.get((row.provider, row.reference or "")) == row.key:
                    del self._submissions.references[row.provider, row.reference or ""]
            for key in [key for key in self._submissions.rows if key[0] == job_id]:
                del self._submissions.rows[key]

    def _take_number(self, job_id: str, order: Order) -> None:
        if self.numbers.setdefault((order.client, order.job_number), job_id) != job_id:
            raise NumberTaken(order.job_number)


class MemoryJobCatalogue:
    def __init__(self, jobs: MemoryJobStore, orders: MemoryJobOrders, retention: timedelta) -> None:
        self._jobs = jobs
        self._orders = orders
        self._retention = retention

    def count(self, client: str | None, now: datetime) -> int:
        return len(self._listed(self._jobs.jobs.values(), client, now))

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
        listed = sorted(
            self._listed(self._jobs.jobs.indexed, client, now),
            key=lambda job: (job.created_at, job.job_id),
            reverse=descending,
        )
        listed = [
            job
            for job in listed
            if (since is None or job.created_at >= since) and (until is None or job.created_at <= until)
        ]
        if token is not None:
            last = _last_of(token)
            after = [place for place, job in enumerate(listed) if job.job_id == last]
            listed = listed[after[0] + 1 :] if after else []
        page = [job.job_id for job in listed[offset : offset + limit]]
        has_more = len(listed) > offset + limit
        return Page(page, json.dumps({"last": page[-1]}) if has_more and page else None)

    def past_retention(self, now: datetime) -> Iterator[str]:
        old = [
            job
            for job in self._jobs.jobs.indexed
            if expires_on(job.created_at, self._retention) < now.date()
            and (job.status is not JobStatus.CANCELLED or job.job_id in self._orders.expired)
        ]
        yield from (job.job_id for job in sorted(old, key=lambda job: job.created_at))

    def heads(self, client: str | None, now: datetime, **part: Any) -> HeadPage:
        page = self.page(client, now, **part)
        indexed = {job.job_id: job for job in self._jobs.jobs.indexed}
        heads = [_head(indexed[job_id], is_complete=client is not None) for job_id in page.job_ids]
        return HeadPage(heads, page.next_token)

    def numbered(self, client: str, job_numbers: Sequence[str]) -> Sequence[str]:
        numbers = dict.fromkeys(job_numbers)
        return [self._orders.numbers[client, number] for number in numbers if (client, number) in self._orders.numbers]

    def _listed(self, jobs: Iterable[Job], client: str | None, now: datetime) -> list[Job]:
        return [
            job
            for job in jobs
            if job.status is not JobStatus.CANCELLED
            and client in (None, job.client)
            and expires_on(job.created_at, self._retention) >= now.date()
        ]


def _head(job: Job, *, is_complete: bool) -> Head:
    if not is_complete:
        return Head(job.job_id, job.created_at)
    group = None if job.order is None else job.order.group
    return Head(job.job_id, job.created_at, True, job.status, group, job.duplicate_of, job.summary)


def _last_of(token: str) -> str:
    try:
        return str(json.loads(token)["last"])
    except (ValueError, TypeError, KeyError) as exc:
        raise ValueError("This nextToken is not from this list.") from exc
