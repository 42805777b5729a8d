"""Offer Upload: a form with which a client stores a document of its own, for a job to be ordered afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from invoice_capture.domain.client import Principal
from invoice_capture.domain.document import UPLOADS, client_key
from invoice_capture.domain.job import new_job_id
from invoice_capture.ports import Clock, DocumentStore, UploadForm
from invoice_capture.use_cases.client.guard_client import GuardClient

_OPEN_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class OfferedUpload:
    """``document_url`` is what to order the job with, once the document is there."""

    form: UploadForm
    document_url: str
    maximum_bytes: int
    expires_at: datetime


@dataclass(frozen=True)
class OfferUpload:
    bucket: str
    maximum_bytes: int
    guard: GuardClient
    documents: DocumentStore
    clock: Clock

    def __call__(self, document_name: str, media_type: str, principal: Principal) -> OfferedUpload:
        """The form takes one document of this type and of at most ``maximum_bytes``, for a quarter of an hour.

        What is uploaded is kept for a day, unless a job of it was started by then. Raises LimitReached.
        """
        self.guard.take_upload(principal.client)
        now = self.clock.now()
        key = client_key(principal.client, new_job_id(now), document_name, UPLOADS)
        form = self.documents.offer_upload(key, media_type, self.maximum_bytes, int(_OPEN_FOR.total_seconds()))
        return OfferedUpload(form, f"s3://{self.bucket}/{quote(key)}", self.maximum_bytes, now + _OPEN_FOR)
