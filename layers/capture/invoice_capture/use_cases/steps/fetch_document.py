"""Fetch Document: bring a document into the bucket from the URL of its job's order."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_capture.domain.document import DocumentPointer, require_acceptable_size
from invoice_capture.domain.errors import JobClosed
from invoice_capture.domain.job import Job, Order
from invoice_capture.ports import Clock, DocumentStore, JobStore, Links
from invoice_capture.use_cases.shared.leave_explanation import explained


@dataclass(frozen=True)
class FetchDocument:
    maximum_bytes: int
    documents: DocumentStore
    jobs: JobStore
    links: Links
    clock: Clock

    def __call__(self, job_id: str) -> DocumentPointer:
        """Store the document and return where it lies; what was fetched already is not fetched again.

        What its client uploaded is copied, so that the job has it alone, and a dropped document is used where it lies.
        That the client may use them was checked with the order.

        Raises:
            LinkForbidden, LinkBroken: there is nothing to be had from this URL.
            LinkUnanswered: its server does not answer; worth trying again.
            DocumentMissing, EmptyDocument, DocumentTooLarge
            JobClosed: the job ended meanwhile.
        """
        job = self.jobs.get(job_id)
        if job is None or job.order is None:
            raise JobClosed(f"Job {job_id} is gone.")
        if job.document.is_stored:
            return job.document
        with explained(job_id, self.jobs):
            document = self._fetch(job, job.order)
        if not self.jobs.set_document(job_id, document, self.clock.now()):
            if document.key != job.order.object_key:
                self._take_back(job_id, document)
            raise JobClosed(f"Job {job_id} ended before its document was there.")
        return document

    def _fetch(self, job: Job, order: Order) -> DocumentPointer:
        if order.scheme != "s3":
            with self.links.fetch(order.document_url, job.document.name) as content:
                return self.documents.write(job.document.bucket, job.document.key, content)
        there, _stored_at = self.documents.describe(job.document.bucket, order.object_key, None)
        require_acceptable_size(there, self.maximum_bytes)
        return there if there.key == job.document.key else self.documents.copy(there, job.document.key)

    def _take_back(self, job_id: str, document: DocumentPointer) -> None:
        """Remove what was fetched for a job that has no use for it, and so would never remove it itself."""
        job = self.jobs.get(job_id)
        if job is None or job.document != document:
            self.documents.remove(document)
