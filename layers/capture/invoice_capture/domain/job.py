"""Jobs: one per document that was dropped or ordered, and the transitions that are legal for them."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from invoice_capture.domain.document import INCOMING, DocumentPointer

E_INVOICE_READER = "embedded"
"""The provider that reads e-invoices where the chosen one does not."""

_LONGEST_ROUTE = 5
# Accounts become part of the names of secrets and of executions.
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}", re.ASCII)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class JobStatus(StrEnum):
    """CREATED waits for its client to start it, CANCELLED was deleted by it; the others speak for themselves."""

    CREATED = "CREATED"
    RECEIVED = "RECEIVED"
    SUBMITTED = "SUBMITTED"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    DUPLICATE = "DUPLICATE"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing happens to the job any more, unless somebody asks for it."""
        return self in _ENDED

    @property
    def is_open(self) -> bool:
        """Whether an execution is to bring the job to an end."""
        return self is not JobStatus.CREATED and not self.is_terminal


_ENDED = frozenset({JobStatus.CAPTURED, JobStatus.FAILED, JobStatus.DUPLICATE, JobStatus.REJECTED, JobStatus.CANCELLED})

WITHOUT_INVOICE = frozenset({JobStatus.FAILED, JobStatus.REJECTED, JobStatus.CANCELLED})
"""Ends that leave the bytes of a document to whoever brings them next. A duplicate never had them."""


LEGAL_TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = MappingProxyType(
    {
        JobStatus.CREATED: frozenset({JobStatus.RECEIVED, JobStatus.CANCELLED}),
        JobStatus.RECEIVED: frozenset(
            {JobStatus.SUBMITTED, JobStatus.DUPLICATE, JobStatus.REJECTED, JobStatus.FAILED, JobStatus.CANCELLED}
        ),
        JobStatus.SUBMITTED: frozenset(
            {
                JobStatus.ACTION_REQUIRED,
                JobStatus.CAPTURED,
                JobStatus.REJECTED,
                JobStatus.FAILED,
                JobStatus.CANCELLED,
            }
        ),
        JobStatus.ACTION_REQUIRED: frozenset(
            {JobStatus.SUBMITTED, JobStatus.CAPTURED, JobStatus.REJECTED, JobStatus.FAILED, JobStatus.CANCELLED}
        ),
        JobStatus.CAPTURED: frozenset({JobStatus.CANCELLED}),
        # Only a person's retry brings an ended job back.
        JobStatus.FAILED: frozenset({JobStatus.RECEIVED, JobStatus.CANCELLED}),
        JobStatus.DUPLICATE: frozenset({JobStatus.RECEIVED, JobStatus.CANCELLED}),
        JobStatus.REJECTED: frozenset({JobStatus.RECEIVED, JobStatus.CANCELLED}),
        JobStatus.CANCELLED: frozenset(),
    }
)


def sources_of(target: JobStatus) -> frozenset[JobStatus]:
    """The statuses from which a job may become ``target``."""
    return frozenset(status for status, targets in LEGAL_TRANSITIONS.items() if target in targets)


@dataclass(frozen=True)
class Order:
    """What a client of the API asked for, as it was given. ``job_number`` is unique among the client's jobs."""

    client: str
    job_number: str
    document_name: str
    document_url: str
    template: str
    document_type: str | None = None
    group: str | None = None
    priority: str = "medium"
    created_by: str | None = None
    metadata: Mapping[str, Any] | None = None

    @property
    def scheme(self) -> str:
        """What its document's URL begins with: ``https``, or ``s3`` for an object of the own bucket."""
        return self.document_url.partition(":")[0].lower()

    @property
    def object_key(self) -> str:
        """The key of the object that its document's URL names; empty for a URL that is not of the own bucket."""
        return unquote(urlsplit(self.document_url).path.removeprefix("/")) if self.scheme == "s3" else ""


@dataclass(frozen=True)
class Job:
    """A document on its way to an invoice. All times are aware UTC.

    ``route`` names the providers in the order they are tried; a question mark after a name says not to wait for that
    provider while it is out of order. ``submission`` counts them from 1. ``retries`` counts how often an ended job was
    started again; each goes through the whole route, and its submissions count on from the last.
    ``order`` is None for a document that was dropped into the bucket. ``summary`` is the head of the captured invoice,
    ``remark`` what its users should know before it ends, ``announcement`` the end that is still to be told.
    """

    job_id: str
    document: DocumentPointer
    route: tuple[str, ...]
    status: JobStatus
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    provider: str | None = None
    submission: int | None = None
    possible_double_charge: bool = False
    duplicate_of: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    order: Order | None = None
    retries: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    confirmed_at: datetime | None = None
    action_url: str | None = None
    remark: str | None = None
    summary: Mapping[str, Any] | None = None
    announcement: str | None = None

    @property
    def is_untold(self) -> bool:
        """Whether it has ended and the announcement of that is still owed."""
        return self.announcement is not None and self.status in _ENDED - {JobStatus.CANCELLED}

    @property
    def client(self) -> str | None:
        """Who ordered it; None for a document that was dropped into the bucket."""
        return None if self.order is None else self.order.client

    @property
    def execution_name(self) -> str:
        """The name of the execution of the present run: asked for twice, it is started once."""
        return f"{self.job_id}-retry-{self.retries}" if self.retries else self.job_id

    @property
    def first_submission(self) -> int:
        """The number of the first submission of the present run."""
        return len(self.route) * self.retries + 1


def expires_on(created_at: datetime, retention: timedelta) -> date:
    """The day at whose end what was created then is removed: jobs of one day leave together, and so can be counted."""
    return (created_at + retention).date()


def new_job_id(now: datetime) -> str:
    """The id of an ordered job: in the form of ``derive_job_id``, with random bits instead of a digest."""
    return _job_id(now, secrets.token_bytes(10))


def derive_job_id(pointer: DocumentPointer, stored_at: datetime) -> str:
    """The id of the job of one object version: 26 characters, sorting by the time the version was stored.

    48 bits of milliseconds and 80 bits of a digest of bucket, key and version, in Crockford's base 32 (the layout of a
    ULID). The same version always gives the same id, so a repeated event finds the job that is already there.
    """
    identity = "\0".join((pointer.bucket, pointer.key, pointer.version_id or ""))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()[:10]
    return _job_id(stored_at, digest)


def _job_id(moment: datetime, bits: bytes) -> str:
    number = int(moment.timestamp() * 1000) << 80 | int.from_bytes(bits, "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -5, -5))


def provider_of(name: str) -> str:
    """The provider behind a name of a route: ``abbyy-us`` is the account ``us`` of ``abbyy``."""
    return name.partition("-")[0]


def is_reader(name: str, providers: frozenset[str]) -> bool:
    """Whether a name is that of a provider, or of an account of one."""
    provider, hyphen, account = name.partition("-")
    has_accounts = provider in providers - {E_INVOICE_READER}
    return name in providers or bool(hyphen and has_accounts and _ACCOUNT.fullmatch(account))


def choose_route(key: str, default_route: tuple[str, ...], providers: frozenset[str]) -> tuple[str, ...] | None:
    """The providers for an uploaded key, or None when the key is no upload.

    ``incoming/<provider>/...`` chooses a provider and ``incoming/<provider>-<account>/...`` one of its accounts; any
    other key below ``incoming/`` takes the default route. Keys that end in a slash are the folders that the S3 console
    makes.
    """
    if not key.startswith(INCOMING) or key.endswith("/"):
        return None
    first, slash, _rest = key.removeprefix(INCOMING).partition("/")
    return (first,) if slash and is_reader(first, providers) else default_route


def route_of_template(template: str, providers: frozenset[str]) -> tuple[str, ...] | None:
    """The route that a template spells out, such as ``abbyy?,embedded``, or None when it is none.

    Raises ValueError for one that is too long, or that would pay a provider twice.
    """
    route = tuple(name.strip() for name in template.split(","))
    names = [name.removesuffix("?") for name in route]
    if not all(is_reader(name, providers) for name in names):
        return None
    if len(names) > _LONGEST_ROUTE:
        raise ValueError(f"a route has at most {_LONGEST_ROUTE} providers")
    if len(set(names)) < len(names):
        raise ValueError("a route has each provider once")
    return route
