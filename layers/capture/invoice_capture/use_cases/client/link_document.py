"""Link Document: a link to a job's document, for a person's browser or a program."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from invoice_capture.domain.api_errors import NothingThere
from invoice_capture.domain.client import Principal
from invoice_capture.domain.document import BYTES_TO_RECOGNISE, DocumentKind, media_type
from invoice_capture.domain.errors import DocumentMissing
from invoice_capture.domain.job import Job
from invoice_capture.ports import DocumentStore, JobStore, Shown
from invoice_capture.use_cases.client.find_job import find_job

_OPEN_FOR_SECONDS = 300
# Longer ones would make an address longer than some programs take.
_LONGEST_NAME_BYTES = 200
# XML may bring programs for a browser along, and of what is not known nobody knows.
_OPENED = frozenset(DocumentKind) - {DocumentKind.E_INVOICE}


@dataclass(frozen=True)
class LinkDocument:
    documents: DocumentStore
    jobs: JobStore

    def __call__(self, job_id: str, principal: Principal) -> str:
        """A URL that anybody can read for five minutes, as what its bytes are. Raises JobNotFound or NothingThere."""
        job = find_job(self.jobs, job_id, principal)
        if not job.document.is_stored:
            raise NothingThere(f"The document of job {job_id} is not stored here: it was not fetched yet.")
        try:
            kind = media_type(self.documents.beginning(job.document, BYTES_TO_RECOGNISE))
        except DocumentMissing as exc:
            raise NothingThere(f"The document of job {job_id} is not stored here any more.") from exc
        return self.documents.link(job.document, _OPEN_FOR_SECONDS, Shown(kind, _disposition(job, kind)))


def _disposition(job: Job, kind: str) -> str:
    """RFC 6266: shown in a browser or kept as a file, under the name that people call the document."""
    name = job.document.name if job.order is None else job.order.document_name
    encoded = quote(name.encode("utf-8", "replace")[:_LONGEST_NAME_BYTES].decode(errors="ignore"), safe="")
    return f"{'inline' if kind in _OPENED else 'attachment'}; filename*=UTF-8''{encoded}"
