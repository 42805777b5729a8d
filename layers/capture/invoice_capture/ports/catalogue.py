"""The jobs as the API's clients see them: ordering, listing, starting again, deleting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus, Order
from invoice_capture.domain.submission import Submission


class NumberTaken(Exception):
    """The client has another job of this number."""


class JobOrders(Protocol):
    """Writes of the API; each is one transaction, all or nothing."""

    def place(self, job: Job) -> None:
        """Write a job with an order. Raises NumberTaken."""
        ...

    def change(self, job: Job, order: Order, document: DocumentPointer, route: tuple[str, ...], now: datetime) -> bool:
        """Replace the order of a job that was read as CREATED. False when it is that no more. Raises NumberTaken."""
        ...

    def start(self, job: Job) -> bool:
        """Write the RECEIVED successor of a job that was CREATED, or had ended and is to be tried again.

        False when the job changed meanwhile. What the former run left (errors, times) is forgotten.
        """
        ...

    def withdraw(self, job: Job, now: datetime) -> bool:
        """Make a job CANCELLED and take it out of lists, counts and job numbers. False when it changed meanwhile."""
        ...

    def expire(self, job: Job, now: datetime) -> bool:
        """Make a job past its retention CANCELLED, to be found as ``past_retention`` until it is erased.

        False when it changed meanwhile, or its end is still to be told.
        """
        ...

    def erase(self, job: Job, submissions: Sequence[Submission]) -> None:
        """Delete every item about a CANCELLED job; the job itself goes last, and what is gone already is fine."""
        ...


@dataclass(frozen=True)
class Page:
    """Ids of jobs in the order of the list. ``next_token`` is None at its end."""

    job_ids: Sequence[str]
    next_token: str | None


@dataclass(frozen=True)
class Head:
    """What a list's index has of a job.

    Not ``is_complete`` is one of which it has the id and the time only, or that an earlier release wrote. ``summary``
    is what the job keeps of its invoice.
    """

    job_id: str
    created_at: datetime
    is_complete: bool = False
    status: JobStatus | None = None
    group: str | None = None
    duplicate_of: str | None = None
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class HeadPage:
    """Heads in the order of the list. ``next_token`` is None at its end."""

    heads: Sequence[Head]
    next_token: str | None


class JobCatalogue(Protocol):
    """Which jobs there are, by the time of their creation. ``client`` None stands for everybody's, dropped ones too.

    Jobs past their retention are left out, whether they were removed already or not. Reading may lag behind by moments.
    """

    def count(self, client: str | None, now: datetime) -> int:
        """How many jobs there are; costs the same however many there are."""
        ...

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
        """A part of the list; ``since`` and ``until`` are inclusive. Costs by ``offset`` and ``limit`` only.

        Raises ValueError for a token that is not from this list.
        """
        ...

    def past_retention(self, now: datetime) -> Iterator[str]:
        """The ids of jobs whose retention is over, in portions that are read when they are needed, the oldest first."""
        ...

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
        """A part of the list as ``page`` has it; a client's heads are complete, some fifteen for a read unit.

        Raises ValueError for a token that is not from this list.
        """
        ...

    def numbered(self, client: str, job_numbers: Sequence[str]) -> Sequence[str]:
        """The ids of a client's jobs with these numbers, as far as there are some; always up to date."""
        ...
