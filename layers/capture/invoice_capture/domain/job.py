"""Jobs: one per uploaded document version, and the transitions that are legal for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from invoice_capture.domain.document import DocumentPointer

E_INVOICE_READER = "embedded"
"""The provider that reads e-invoices where the chosen one does not."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class JobStatus(StrEnum):
    RECEIVED = "RECEIVED"
    SUBMITTED = "SUBMITTED"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    DUPLICATE = "DUPLICATE"
    REJECTED = "REJECTED"

    @property
    def is_terminal(self) -> bool:
        return not LEGAL_TRANSITIONS[self]


LEGAL_TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = MappingProxyType(
    {
        JobStatus.RECEIVED: frozenset({JobStatus.SUBMITTED, JobStatus.DUPLICATE, JobStatus.REJECTED, JobStatus.FAILED}),
        JobStatus.SUBMITTED: frozenset(
            {JobStatus.ACTION_REQUIRED, JobStatus.CAPTURED, JobStatus.REJECTED, JobStatus.FAILED}
        ),
        JobStatus.ACTION_REQUIRED: frozenset(
            {JobStatus.SUBMITTED, JobStatus.CAPTURED, JobStatus.REJECTED, JobStatus.FAILED}
        ),
        JobStatus.CAPTURED: frozenset(),
        JobStatus.FAILED: frozenset(),
        JobStatus.DUPLICATE: frozenset(),
        JobStatus.REJECTED: frozenset(),
    }
)


def sources_of(target: JobStatus) -> frozenset[JobStatus]:
    """The statuses from which a job may become ``target``."""
    return frozenset(status for status, targets in LEGAL_TRANSITIONS.items() if target in targets)


@dataclass(frozen=True)
class Job:
    """A document on its way to an invoice. All times are aware UTC.

    ``route`` names the providers in the order they are tried; a question mark after a name says not to wait for that
    provider while it is out of order. ``submission`` counts them from 1.
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


def derive_job_id(pointer: DocumentPointer, stored_at: datetime) -> str:
    """The id of the job of one object version: 26 characters, sorting by the time the version was stored.

    48 bits of milliseconds and 80 bits of a digest of bucket, key and version, in Crockford's base 32 (the layout of a
    ULID). The same version always gives the same id, so a repeated event finds the job that is already there.
    """
    identity = "\0".join((pointer.bucket, pointer.key, pointer.version_id or ""))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()[:10]
    number = int(stored_at.timestamp() * 1000) << 80 | int.from_bytes(digest, "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -5, -5))


def provider_of(name: str) -> str:
    """The provider behind a name of a route: ``abbyy-us`` is the account ``us`` of ``abbyy``."""
    return name.partition("-")[0]


def choose_route(key: str, default_route: tuple[str, ...], providers: frozenset[str]) -> tuple[str, ...] | None:
    """The providers for an uploaded key, or None when the key is no upload.

    ``incoming/<provider>/...`` chooses a provider and ``incoming/<provider>-<account>/...`` one of its accounts; any
    other key below ``incoming/`` takes the default route. Keys that end in a slash are the folders that the S3 console
    makes.
    """
    if not key.startswith("incoming/") or key.endswith("/"):
        return None
    first, slash, _rest = key.removeprefix("incoming/").partition("/")
    is_account = provider_of(first) in providers - {E_INVOICE_READER}
    return (first,) if slash and (first in providers or is_account) else default_route
