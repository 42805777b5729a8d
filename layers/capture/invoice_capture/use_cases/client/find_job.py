"""Finding a job for a client: its own, or any where the key sees all."""

from __future__ import annotations

from invoice_capture.domain.api_errors import JobNotFound
from invoice_capture.domain.client import Principal
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.ports import JobStore

_LONGEST_ID = 100


def find_job(jobs: JobStore, job_id: str, principal: Principal) -> Job:
    """The job as it is now. Raises JobNotFound, also for another client's."""
    job = jobs.get(job_id) if could_be_id(job_id) else None
    if job is None or not is_visible(job, principal):
        raise JobNotFound
    return job


def find_capture(jobs: JobStore, job: Job, principal: Principal) -> Job:
    """The job that has, or will have, the invoice: the first one of the same document, where this is a duplicate."""
    first = jobs.get(job.duplicate_of) if job.duplicate_of is not None else None
    return job if first is None or not is_visible(first, principal) else first


def is_visible(job: Job, principal: Principal) -> bool:
    """Whether a client may know of a job. One that is being deleted is gone for everybody."""
    return job.status is not JobStatus.CANCELLED and is_theirs(job, principal)


def is_theirs(job: Job, principal: Principal) -> bool:
    """Whether a job is a client's own, or one that its key sees because it sees all."""
    return principal.sees_all or job.client == principal.client


def could_be_id(text: str) -> bool:
    """Whether to look for a job of this id at all: the store refuses keys that are too long."""
    return 0 < len(text) <= _LONGEST_ID and text.isascii()
