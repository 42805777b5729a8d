"""What we serve of a job beyond the contract: corrections, retries, its document, its invoice and its submissions."""

from __future__ import annotations

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from invoice_capture.api.contract_routes import JOB, Answer, JobId, started
from invoice_capture.api.envelopes import as_many_as_fit, success
from invoice_capture.api.inputs import Confirmation
from invoice_capture.api.models import InvoiceAnswer, JobAnswer, StartedAnswer, SubmissionsAnswer
from invoice_capture.api.openapi_examples import (
    COMPLETED,
    JOB_ID,
    MORE_TAG,
    error_responses,
    responses,
    success_example,
)
from invoice_capture.api.presentation import job_object, submission_entry
from invoice_capture.api.services import JobsApiServices, Resolver
from invoice_capture.domain.invoice import Invoice, InvoiceField
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.use_cases.client.find_job import find_job
from invoice_capture.use_cases.client.read_invoice import require_invoice

_MOST_LINES = 1_000_000
_SUBMISSION_EXAMPLE = {
    "number": 1,
    "provider": "abbyy",
    "state": "DONE",
    "attempts": 1,
    "checks": 3,
    "createdAt": "2026-01-27T11:20:01.000Z",
    "submittedAt": "2026-01-27T11:20:02.000Z",
    "finishedAt": "2026-01-27T11:20:13.000Z",
    "possibleDoubleCharge": False,
}


def register(app: Resolver, services: JobsApiServices) -> None:
    """Route what is ours."""
    _register_corrections(app, services)
    _register_readings(app, services)


def _register_corrections(app: Resolver, services: JobsApiServices) -> None:
    @app.post(
        f"{JOB}/confirm",
        summary="Confirm or correct an invoice",
        description="Stores what a person made of the invoice, beside what was read, and tells the provider where it "
        "learns from that. Without values the invoice is right as it was read.",
        tags=[MORE_TAG],
        operation_id="confirmInvoice",
        responses=responses(200, "Stored", JobAnswer, success_example(COMPLETED), 400, 404),
    )
    def confirm_invoice(
        id: JobId,
        given: Annotated[
            Confirmation,
            Body(openapi_examples={"total": {"value": {"values": {"total": "119.00"}}}}),
        ] = Confirmation(),  # noqa: B008
    ) -> Answer:
        principal = app.principal
        services.correct_invoice(id, given.values, principal)
        found = services.read_invoice(id, principal)
        return success(job_object(found.job, found.capture, found.invoice))

    @app.post(
        f"{JOB}/retry",
        summary="Retry a failed job",
        description="Sends the document through the whole route once more; a provider may charge once more.",
        tags=[MORE_TAG],
        operation_id="retryJob",
        responses=responses(
            200, "Started again", StartedAnswer, success_example({"jobId": JOB_ID, "status": "queued"}), 403, 404, 409
        ),
    )
    def retry_job(id: JobId) -> Answer:
        principal = app.principal
        return started(services, services.retry_job(id, principal), principal)


def _register_readings(app: Resolver, services: JobsApiServices) -> None:
    @app.get(
        f"{JOB}/document",
        summary="Get the document",
        description="Redirects to a link to the document that anybody can read for five minutes.",
        tags=[MORE_TAG],
        operation_id="getDocument",
        responses={
            302: {
                "description": "The link",
                "headers": {"Location": {"description": "The link", "schema": {"type": "string", "format": "uri"}}},
                "content": {},
            },
            **error_responses(404),
        },
    )
    def get_document(id: JobId) -> Response[str]:
        link = services.link_document(id, app.principal)
        return Response(302, None, "", headers={"Location": link, "Cache-Control": "no-store"})

    @app.get(
        f"{JOB}/invoice",
        summary="Get the canonical invoice",
        description="Every value with its confidence, its place on the page and its candidates; money as exact "
        "decimal strings. What a person confirmed goes before what was read. Of some thousands of lines an answer has "
        "as many as fit, and says in `nextLine` with which the next one begins.",
        tags=[MORE_TAG],
        operation_id="getInvoice",
        responses=responses(
            200,
            "The invoice",
            InvoiceAnswer,
            success_example(
                {
                    "invoice": Invoice(total=InvoiceField(value="119.00", confidence=0.95, source="text")).to_json(),
                    "findings": [],
                    "confirmed": False,
                    "storedAt": "2026-01-27T11:20:13.400Z",
                }
            ),
            400,
            404,
        ),
    )
    def get_invoice(
        id: JobId,
        from_line: Annotated[
            int,
            Query(
                alias="fromLine",
                ge=0,
                le=_MOST_LINES,
                description="The first line, counted from 0; `nextLine` of an answer that has not all of them",
            ),
        ] = 0,
        version: Annotated[
            Literal["latest", "original"],
            Query(description="`original` is what was read, also when a person confirmed something else"),
        ] = "latest",
    ) -> Answer:
        found = services.read_invoice(id, app.principal, original=version == "original")
        stored = require_invoice(found)
        lines, next_line = as_many_as_fit(stored.invoice["lines"], from_line)
        return success(
            {
                "invoice": {**stored.invoice, "lines": lines},
                "findings": list(stored.findings),
                "confirmed": version == "latest" and found.capture.confirmed_at is not None,
                "storedAt": timestamp(stored.stored_at),
                **({} if next_line is None else {"nextLine": next_line}),
            }
        )

    @app.get(
        f"{JOB}/submissions",
        summary="Get the submissions",
        description="The document at each provider of the route that it was handed to, in order.",
        tags=[MORE_TAG],
        operation_id="getSubmissions",
        responses=responses(200, "The submissions", SubmissionsAnswer, success_example([_SUBMISSION_EXAMPLE]), 404),
    )
    def get_submissions(id: JobId) -> Answer:
        job = find_job(services.jobs, id, app.principal)
        return success([submission_entry(row) for row in services.submissions.of_job(job.job_id)])
