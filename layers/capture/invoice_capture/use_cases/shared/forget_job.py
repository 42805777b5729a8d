"""Deleting what lies here of a job: because its client asked for it, or because its retention is over."""

from __future__ import annotations

import logging

from invoice_capture.domain.document import client_of_key, fingerprint_of, unique_of_key
from invoice_capture.domain.errors import DocumentMissing
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.ports import DocumentStore, JobStore

_log = logging.getLogger(__name__)


def remove_objects(job: Job, *, documents: DocumentStore, jobs: JobStore) -> None:
    """Delete the document of a CANCELLED job, what it was uploaded as, and the answers of providers, in all versions.

    With them goes the claim to the bytes. What the archive has locked stays, and the lifecycle of the bucket removes it
    when it may. Doing it again deletes what is left.
    """
    if job.document.is_stored and not _is_of_the_first_job(job, jobs):
        # The bytes say which claim it is, so they go last.
        _release_fingerprint(job, documents, jobs)
        if (until := documents.remove(job.document)) is not None:
            _log.info("A document is locked and stays.", extra={"job_id": job.job_id, "until": until.isoformat()})
    if job.order is not None and _is_their_upload(job, job.order.object_key, jobs):
        documents.remove_all(job.document.bucket, job.order.object_key)
    documents.remove_results(job.job_id)


def _is_of_the_first_job(job: Job, jobs: JobStore) -> bool:
    """Whether a duplicate is of the very object that another job was captured from."""
    first = jobs.get(job.duplicate_of) if job.duplicate_of is not None else None
    return first is not None and first.status is not JobStatus.CANCELLED and first.document == job.document


def _release_fingerprint(job: Job, documents: DocumentStore, jobs: JobStore) -> None:
    try:
        content = documents.read(job.document)
    except DocumentMissing:
        return
    jobs.release_fingerprint(fingerprint_of(job.document, content), job.job_id)


def _is_their_upload(job: Job, key: str, jobs: JobStore) -> bool:
    """Whether what an order names was uploaded for it: not dropped, and no document that another job has."""
    if client_of_key(key) != job.client:
        return False
    other = jobs.get(unique_of_key(key))
    return other is None or other.job_id == job.job_id or other.document.key != key
