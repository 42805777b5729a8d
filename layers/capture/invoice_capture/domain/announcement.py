"""What the world is told when a job ends: composed from its row, so that whoever pays what is owed says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import OF_THE_DOCUMENT
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.timestamps import timestamp

EVENTS: Mapping[JobStatus, str] = MappingProxyType(
    {
        JobStatus.CAPTURED: "invoice.captured",
        JobStatus.FAILED: "invoice.failed",
        JobStatus.REJECTED: "document.rejected",
        JobStatus.DUPLICATE: "document.duplicate",
    }
)
"""What an end is called. A job that was CANCELLED is announced by who erases it, and leaves no row to owe anything."""

TOLD = frozenset({*EVENTS.values(), "invoice.action_required", "job.cancelled", "budget.warning", "budget.exceeded"})
"""Everything that the topic tells."""

_SUBJECTS: Mapping[JobStatus, str] = MappingProxyType(
    {
        JobStatus.CAPTURED: "Invoice captured",
        JobStatus.FAILED: "Invoice capture failed",
        JobStatus.REJECTED: "Document refused",
        JobStatus.DUPLICATE: "Duplicate document",
    }
)
_HEAD = ("invoice_number", "issue_date", "type", "currency", "total", "supplier")


@dataclass(frozen=True)
class Announcement:
    """One end of a job. ``job_id`` and ``ended_at`` say which one it is: a job that is retried may end again."""

    job_id: str
    ended_at: datetime
    subject: str
    message: Mapping[str, Any]

    @property
    def is_for_the_operator(self) -> bool:
        """Whether a job failed although nothing is wrong with its document: somebody has to mend something."""
        failed = self.message["status"] == JobStatus.FAILED.value
        return failed and self.message["error"]["code"] not in OF_THE_DOCUMENT


def announcement_of(job: Job) -> Announcement | None:
    """What is owed of a job; None when it has not ended, or has been told."""
    return announcement_of_end(job) if job.is_untold else None


def announcement_of_end(job: Job) -> Announcement | None:
    """What is told of the end of a job, whether or not it was; None when it has not ended, or was deleted."""
    if job.status not in EVENTS or job.finished_at is None:
        return None
    if job.status is JobStatus.CAPTURED:
        details = _of_invoice(job.provider, job.summary or {})
    elif job.status is JobStatus.DUPLICATE:
        details = {"duplicate_of": job.duplicate_of}
    else:
        details = {"error": {"code": job.error_code, "message": job.error_message}}
    return _announcement(job.job_id, job.status, job.document, job.finished_at, details)


def announcement_of_capture(
    job_id: str, document: DocumentPointer, provider: str, summary: Mapping[str, Any], ended_at: datetime
) -> Announcement:
    """What ``announcement_of`` says of a job that was captured a moment ago, without reading its row again."""
    return _announcement(job_id, JobStatus.CAPTURED, document, ended_at, _of_invoice(provider, summary))


def _of_invoice(provider: str | None, summary: Mapping[str, Any]) -> dict[str, Any]:
    invoice = {name: summary.get(name) for name in _HEAD}
    return {"provider": provider, "invoice": invoice, "findings": list(summary.get("findings", ()))}


def _announcement(
    job_id: str, status: JobStatus, document: DocumentPointer, ended_at: datetime, details: Mapping[str, Any]
) -> Announcement:
    message = {
        "event": EVENTS[status],
        "job_id": job_id,
        "status": status.value,
        "ended_at": timestamp(ended_at),
        "document": document.to_json(),
        **details,
    }
    return Announcement(job_id, ended_at, _SUBJECTS[status], message)
