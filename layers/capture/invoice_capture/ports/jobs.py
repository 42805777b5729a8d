"""Jobs, their submissions and their invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import CaptureError
from invoice_capture.domain.job import Job
from invoice_capture.domain.submission import Outcome, Submission


class StaleWrite(Exception):
    """The row changed, or appeared, since it was read: read it again and decide anew."""


@dataclass(frozen=True)
class StoredInvoice:
    """A canonical invoice as JSON, with all its lines, and when it was stored."""

    invoice: Mapping[str, Any]
    findings: Sequence[Mapping[str, Any]]
    stored_at: datetime


class JobStore(Protocol):
    def create(self, job: Job) -> bool:
        """Write a new job. False when a job of this id is there already; it stays as it is."""
        ...

    def get(self, job_id: str) -> Job | None: ...

    def get_many(self, job_ids: Sequence[str]) -> Sequence[Job]:
        """The jobs that exist, as they are now, in the order of their ids in the sequence."""
        ...

    def set_document(self, job_id: str, document: DocumentPointer, now: datetime) -> bool:
        """Say where the document of an open job lies now. False when the job has ended."""
        ...

    def claim_fingerprint(self, digest: str, job_id: str, now: datetime) -> str:
        """Claim a document's SHA-256 for a job. Returns the owner: this job, or the earlier one that keeps it.

        A job that ended without an invoice loses its claim to the next one that asks.
        """
        ...

    def release_fingerprint(self, digest: str, job_id: str) -> None:
        """Give a claim up; one that is another job's stays."""
        ...

    def capture(
        self,
        job_id: str,
        submission: int,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
        *,
        summary: Mapping[str, Any],
    ) -> bool:
        """Store the canonical invoice and make the job CAPTURED, both or neither, its announcement being owed.

        False when this was done before: that changes nothing, and owes nothing again. ``summary`` is what the job
        itself keeps of the invoice. Raises JobClosed when the job had ended otherwise.
        """
        ...

    def fail(self, job_id: str, error: CaptureError, now: datetime) -> bool:
        """Make an open job FAILED, its announcement being owed. False when it is not open."""
        ...

    def explain(self, job_id: str, text: str) -> None:
        """Keep the words for a failure that is about to be recorded by its name; nothing for a job that is not open."""
        ...

    def told(self, job_id: str, ended_at: datetime) -> None:
        """The end of that moment has been announced: nothing is owed any more, and retention may begin."""
        ...

    def claim_announcement(self, job_id: str, ended_at: datetime, now: datetime, *, until: datetime) -> bool:
        """Be the only one who announces the end of that moment before ``until``. False when it is told, or claimed."""
        ...

    def tell_later(self, job_id: str, ended_at: datetime) -> None:
        """The end of that moment could not be announced: it is for the sweeper, unless it was told meanwhile."""
        ...

    def invoice(self, job_id: str) -> StoredInvoice | None:
        """The invoice as it was captured."""
        ...

    def confirm(
        self,
        job_id: str,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
        *,
        summary: Mapping[str, Any],
    ) -> bool:
        """Store what a person made of a CAPTURED job's invoice, beside the original. False when it is not CAPTURED.

        ``summary`` takes the place of the one that the job had.
        """
        ...

    def confirmed_invoice(self, job_id: str) -> StoredInvoice | None:
        """The invoice as a person last confirmed it."""
        ...

    def require_action(self, job_id: str, url: str | None, now: datetime) -> bool:
        """Make a SUBMITTED job ACTION_REQUIRED. False when it is that already, or has ended."""
        ...

    def resume(self, job_id: str, now: datetime) -> None:
        """Make an ACTION_REQUIRED job SUBMITTED again; any other job stays as it is."""
        ...

    def remark(self, job_id: str, text: str, now: datetime) -> None:
        """Say on a job what its users should know before it ends; what stands there already changes nothing."""
        ...

    def suspect_double_charge(self, job_id: str, now: datetime) -> None:
        """Mark a job whose document may have been paid for twice."""
        ...

    def clear_double_charge(self, job_id: str, now: datetime) -> None:
        """Take the mark back: the document was paid for once at most."""
        ...

    def overdue(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of jobs past their deadline that are open or untold, the oldest deadline first; may lag behind."""
        ...

    def owed(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of jobs whose end could not be announced at once, the first end first; may lag behind."""
        ...

    def put_off(self, job_id: str, now: datetime, *, until: datetime) -> bool:
        """Have ``overdue`` or ``owed`` not name a job again before ``until``.

        False when neither names it by now: it is done, or somebody else deals with it.
        """
        ...


class SubmissionStore(Protocol):
    def begin(self, submission: Submission) -> bool:
        """Write a new submission and make its job SUBMITTED, both or neither. False when the submission exists.

        Raises JobClosed when the job has ended.
        """
        ...

    def get(self, key: tuple[str, int]) -> Submission | None:
        """The row as it is now, never a stale copy."""
        ...

    def get_many(self, keys: Sequence[tuple[str, int]]) -> Sequence[Submission]:
        """The rows that exist, as they are now, in any order."""
        ...

    def of_job(self, job_id: str) -> Sequence[Submission]:
        """All submissions of a job, in the order of the route."""
        ...

    def save(self, submission: Submission) -> Submission:
        """Write a changed row and return it with its next version. Raises StaleWrite."""
        ...

    def claim_reference(self, submission: Submission) -> Submission | None:
        """Keep the provider's reference for a submission. Returns another job's open one that has it, or None."""
        ...

    def close(
        self,
        key: tuple[str, int],
        task_token: str,
        outcome: Outcome,
        now: datetime,
        *,
        next_check_at: datetime | None = None,
    ) -> bool:
        """Close an open row with its outcome, provided that it has this token, or none yet; the token is erased.

        ``next_check_at`` is when the provider's copy is to be deleted, None when there is none.
        """
        ...

    def due(self, provider: str, until: datetime, limit: int) -> Sequence[tuple[str, int]]:
        """Keys of the submissions to be looked at until then, the most urgent first; may lag behind by moments."""
        ...

    def next_due(self, provider: str, besides: Sequence[tuple[str, int]]) -> datetime | None:
        """When the next submission is to be looked at, leaving out the given ones; may lag behind by moments."""
        ...
