"""How a document comes here: in one request with its order, or, when it is too large for that, by a form of S3."""

from __future__ import annotations

import hashlib
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from invoice_capture.api.contract_routes import JOBS, Answer, IdempotencyKey, once
from invoice_capture.api.envelopes import success
from invoice_capture.api.forms import FORM, MOST_FORM_BYTES
from invoice_capture.api.inputs import DocumentInput, UploadInput
from invoice_capture.api.models import JobAnswer, UploadAnswer
from invoice_capture.api.openapi_examples import JOB_ID, MORE_TAG, QUEUED, responses, success_example
from invoice_capture.api.presentation import FORMATS, format_of, job_object
from invoice_capture.api.services import JobsApiServices, Resolver
from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.job import Order
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.observability import info
from invoice_capture.use_cases.client.find_job import find_capture

DOCUMENTS = f"{JOBS}/documents"

_MEDIA_TYPES = {
    "pdf": DocumentKind.PDF,
    "png": DocumentKind.PNG,
    "jpg": DocumentKind.JPEG,
    "jpeg": DocumentKind.JPEG,
    "tiff": DocumentKind.TIFF,
    "bmp": DocumentKind.BMP,
    "xml": DocumentKind.E_INVOICE,
}
_UPLOAD_EXAMPLE = {
    "url": "https://documents.s3.eu-central-1.amazonaws.com/",
    "fields": {"key": f"uploads/acme/{JOB_ID}/invoice_2026_001.pdf", "Content-Type": "application/pdf"},
    "documentUrl": f"s3://documents/uploads/acme/{JOB_ID}/invoice_2026_001.pdf",
    "maximumBytes": 26214400,
    "expiresAt": "2026-01-27T11:35:00.000Z",
}
_FORM_EXAMPLE = {"file": "(the bytes of the document)", "group": "march"}


def register(app: Resolver, services: JobsApiServices) -> None:
    """Route what documents come by."""
    _register_document(app, services)
    _register_offer(app, services)


def _register_document(app: Resolver, services: JobsApiServices) -> None:
    @app.post(
        DOCUMENTS,
        summary="Upload a document and start its job",
        description="One request with the document and, where you like, fields of an order: the job is created and "
        f"started. It carries up to {MOST_FORM_BYTES * 10 // 1024**2 / 10} MB; POST /uploads takes larger documents.",
        tags=[MORE_TAG],
        operation_id="uploadDocument",
        responses=responses(201, "The job, started", JobAnswer, success_example(QUEUED), 400, 403, 409),
    )
    def upload_document(
        given: Annotated[DocumentInput, Body(media_type=FORM, openapi_examples={"form": {"value": _FORM_EXAMPLE}})],
        idempotency_key: IdempotencyKey = None,
    ) -> Answer:
        principal, content = app.principal, app.document
        fields = given.model_dump(exclude={"file"}) | {
            "job_number": given.job_number or "",
            "document_name": given.document_name or given.file,
        }
        order = Order(client=principal.client, document_url="", **fields)
        payload = fields | {"sha256": hashlib.sha256(content).hexdigest()}
        job = once(app, services, idempotency_key, payload, lambda: services.upload_document(order, content, principal))
        # Also for a repeated request: whoever took the first one may have died before this.
        job = services.process_job(job.job_id, principal)
        info("Document uploaded.", job_id=job.job_id)
        return success(job_object(job, find_capture(services.jobs, job, principal), None), 201)


def _register_offer(app: Resolver, services: JobsApiServices) -> None:
    @app.post(
        "/uploads",
        summary="Offer an upload",
        description="Answers with a form for one document: POST its `fields`, and then the file as `file`, as "
        "multipart/form-data to `url` before `expiresAt`. Then create a job with the `documentUrl`, and start it "
        "within a day: after that the upload is removed.",
        tags=[MORE_TAG],
        operation_id="offerUpload",
        responses=responses(201, "The form", UploadAnswer, success_example(_UPLOAD_EXAMPLE), 400),
    )
    def offer_upload(
        given: Annotated[
            UploadInput,
            Body(openapi_examples={"upload": {"value": {"documentName": "invoice_2026_001.pdf"}}}),
        ],
    ) -> Answer:
        kind = given.document_type or format_of(given.document_name)
        if kind is None:
            raise InvalidRequest(
                "The name's extension does not say what the document is: give documentType, "
                f"one of {', '.join(sorted(set(FORMATS.values())))}.",
                "documentType",
            )
        offered = services.offer_upload(given.document_name, _MEDIA_TYPES[kind].value, app.principal)
        return success(
            {
                "url": offered.form.url,
                "fields": dict(offered.form.fields),
                "documentUrl": offered.document_url,
                "maximumBytes": offered.maximum_bytes,
                "expiresAt": timestamp(offered.expires_at),
            },
            201,
        )
