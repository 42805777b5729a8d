"""Upload Document: store a document that came with its order, and take that order as a job that runs at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from urllib.parse import quote

from invoice_capture.domain.api_errors import InvalidRequest, TooLarge
from invoice_capture.domain.client import Principal
from invoice_capture.domain.document import DocumentPointer, client_key, inspect, require_acceptable_size
from invoice_capture.domain.errors import DocumentTooLarge, EmptyDocument, UnsupportedFormat
from invoice_capture.domain.job import Job, JobStatus, Order, new_job_id
from invoice_capture.ports import Clock, DocumentStore, JobCatalogue, JobOrders, NumberTaken
from invoice_capture.use_cases.client.create_job import refuse_number
from invoice_capture.use_cases.client.prepare_order import PrepareOrder

_FIELD = "file"


@dataclass(frozen=True)
class UploadDocument:
    prepare: PrepareOrder
    deadline: timedelta
    maximum_bytes: int
    documents: DocumentStore
    catalogue: JobCatalogue
    orders: JobOrders
    clock: Clock

    def __call__(self, order: Order, content: bytes, principal: Principal) -> Job:
        """The new job, RECEIVED, for Process Job to start.

        The order needs no URL, and no number: without one it takes the job's id.

        Raises:
            InvalidRequest: the number is taken, or the document is nothing that an invoice is sent as.
            TooLarge
            NotAllowed: the client may not use a provider of the route.
            LimitReached
        """
        now = self.clock.now()
        job_id = new_job_id(now)
        key = client_key(order.client, job_id, order.document_name)
        self._require_invoice(DocumentPointer(self.prepare.bucket, key, None, len(content)), content)
        # Asked before anything is stored, and again by the write, which is what decides.
        if order.job_number and self.catalogue.numbered(principal.client, [order.job_number]):
            raise refuse_number(order)
        route = self.prepare.route(order, principal)
        self.prepare.guard.take_document(order.client)
        job = Job(
            job_id=job_id,
            document=self.documents.write(self.prepare.bucket, key, BytesIO(content)),
            route=route,
            status=JobStatus.RECEIVED,
            created_at=now,
            updated_at=now,
            started_at=now,
            deadline_at=now + self.deadline,
            order=replace(
                order,
                job_number=order.job_number or job_id,
                document_url=f"s3://{self.prepare.bucket}/{quote(key)}",
            ),
        )
        try:
            self.orders.place(job)
        except NumberTaken as exc:
            raise refuse_number(order) from exc
        return job

    def _require_invoice(self, document: DocumentPointer, content: bytes) -> None:
        try:
            require_acceptable_size(document, self.maximum_bytes)
            inspect(document.name, content)
        except (EmptyDocument, UnsupportedFormat) as exc:
            raise InvalidRequest(str(exc), _FIELD) from exc
        except DocumentTooLarge as exc:
            raise TooLarge(str(exc), _FIELD) from exc
