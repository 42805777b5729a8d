"""Link Document: a link to a job's document, for a person's browser or a program."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_capture.domain.client import Principal
from invoice_capture.domain.refusals import NothingThere
from invoice_capture.ports import DocumentStore, JobStore
from invoice_capture.use_cases.find_job import find_job

_OPEN_FOR_SECONDS = 300


@dataclass(frozen=True)
class LinkDocument:
    documents: DocumentStore
    jobs: JobStore

    def __call__(self, job_id: str, principal: Principal) -> str:
        """An URL that anybody can read for five minutes. Raises JobNotFound or NothingThere."""
        job = find_job(self.jobs, job_id, principal)
        if not job.document.is_stored:
            raise NothingThere(f"The document of job {job_id} is not stored here: it was not fetched yet.")
        return self.documents.link(job.document, _OPEN_FOR_SECONDS)
