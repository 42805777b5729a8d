"""The seven operations of the OCR Invoice Job contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic.json_schema import SkipJsonSchema

from invoice_capture.api.envelopes import JSON, success
from invoice_capture.api.inputs import OcrInvoiceJobInput
from invoice_capture.api.listable import FILTERABLE, SORTABLE
from invoice_capture.api.models import (
    DeletedAnswer,
    JobAnswer,
    JobListAnswer,
    ResultsAnswer,
    StartedAnswer,
)
from invoice_capture.api.openapi_examples import (
    COMPLETED,
    CREATED,
    JOB_ID,
    JOBS_TAG,
    ORDER,
    RESULTS,
    responses,
    success_example,
)
from invoice_capture.api.presentation import job_object, results_object, status_of
from invoice_capture.api.services import JobsApiServices, Resolver
from invoice_capture.domain.api_errors import JobNotFound, WrongStatus
from invoice_capture.domain.client import Principal
from invoice_capture.domain.filters import parse_filters, require_field
from invoice_capture.domain.job import Job, Order
from invoice_capture.observability import info
from invoice_capture.use_cases.client.find_job import find_capture, find_job
from invoice_capture.use_cases.client.list_jobs import Listing

JOBS = "/ocr-invoice-job"
JOB = f"{JOBS}/<id>"

JobId = Annotated[str, Path(description="OCR invoice job ID", examples=[JOB_ID])]
Answer = Response[dict[str, Any]]

_KEY = "Idempotency-Key"
IdempotencyKey = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias=_KEY,
        min_length=1,
        max_length=255,
        description="Makes a repeated request answer with the first one's job, for a day. The same key with "
        "another request answers 400, and 409 while the first request is still being answered.",
        examples=["5f0c0e1a-6f0b-4a53-b3a0-0f9f6d3b8e11"],
    ),
]
_STARTED = {"jobId": JOB_ID, "status": "queued"}
_DELETED = "OCR invoice job deleted successfully"


def register(app: Resolver, services: JobsApiServices) -> None:
    """Route the contract's operations."""
    _register_list(app, services)
    _register_create(app, services)
    _register_job(app, services)
    _register_process(app, services)
    _register_results(app, services)


def started(services: JobsApiServices, job: Job, principal: Principal) -> Answer:
    """The answer to what starts a job: how far it is."""
    return success({"jobId": job.job_id, "status": status_of(find_capture(services.jobs, job, principal))})


def order_of(given: OcrInvoiceJobInput, principal: Principal) -> Order:
    return Order(client=principal.client, **given.model_dump())


def once(
    app: Resolver, services: JobsApiServices, key: str | None, payload: Mapping[str, Any], make: Callable[[], Job]
) -> Job:
    """The job that ``make`` makes, or made when this client first sent this Idempotency-Key."""
    if key is None:
        return make()
    # Only the id is kept with the key: what a client orders is deleted with its job.
    answer = services.idempotency.once(
        app.principal.client, key, payload, lambda: {"job_id": make().job_id}, app.lambda_context
    )
    try:
        return find_job(services.jobs, answer["job_id"], app.principal)
    except JobNotFound as exc:
        raise WrongStatus("The job of this Idempotency-Key was deleted. Take a new one.", _KEY) from exc


def _register_list(app: Resolver, services: JobsApiServices) -> None:
    @app.get(
        JOBS,
        summary="Get all OCR invoice jobs",
        description="Your jobs; those of everybody for a key with the scope `all`. Page with `nextToken`: a page costs "
        "the same however deep it is, while `offset` costs by its depth. A filter, a search or another order than by "
        "`createdAt` goes through your jobs, as many as one request may read: `moreToRead` says that there are more. "
        "`total` then counts those found so far, and `nextToken` goes on, also after an empty page. Another order than "
        "by `createdAt` is refused for a list that is longer.",
        tags=[JOBS_TAG],
        operation_id="listJobs",
        responses=responses(
            200,
            "List of OCR invoice jobs retrieved successfully",
            JobListAnswer,
            success_example([dict(CREATED)], total=1),
            400,
        ),
    )
    def list_jobs(
        *,
        limit: Annotated[int, Query(ge=1, le=100, description="Maximum number of records to return")] = 50,
        offset: Annotated[
            int,
            Query(ge=0, le=10_000, description="Number of records to skip for pagination; farther on with `nextToken`"),
        ] = 0,
        sort: Annotated[
            str, Query(description="Field to sort by", json_schema_extra={"enum": list(SORTABLE)})
        ] = "createdAt",
        order: Annotated[Literal["asc", "desc"], Query(description="Sort order")] = "desc",
        filter: Annotated[
            str | SkipJsonSchema[None],
            Query(
                max_length=6_000,
                description="Filter conditions in JSON: fields, those of `sort` or `metadata.` and what you put there, "
                "and the value each has, or `$in` with a list of values, or `$gte` and `$lte` with numbers or dates; "
                "of a list one entry is enough, and null is what is not known",
                examples=['{"status": "completed", "createdAt": {"$gte": "2026-01-01"}}'],
            ),
        ] = None,
        search: Annotated[
            str | SkipJsonSchema[None],
            Query(max_length=200, description="Search term for text fields, in any case", examples=["example ltd"]),
        ] = None,
        next_token: Annotated[
            str | SkipJsonSchema[None],
            Query(alias="nextToken", max_length=4096, description="`nextToken` of the page before; replaces `offset`"),
        ] = None,
    ) -> Answer:
        require_field(sort, SORTABLE, "sort")
        listing = Listing(
            limit=limit,
            offset=offset,
            token=next_token or None,
            sort=sort,
            descending=order == "desc",
            filters=parse_filters(filter, FILTERABLE),
            search=search,
        )
        page = services.list_jobs(listing, app.principal)
        more = page.more_to_read or None
        return success(list(page.rows), total=page.total, nextToken=page.next_token, moreToRead=more)


def _register_create(app: Resolver, services: JobsApiServices) -> None:
    @app.post(
        JOBS,
        summary="Create a new OCR invoice job",
        description="Nothing is fetched, read or paid before the job is started with POST /{id}/process.",
        tags=[JOBS_TAG],
        operation_id="createJob",
        responses=responses(
            201, "OCR invoice job created successfully", JobAnswer, success_example(CREATED), 400, 403, 409
        ),
    )
    def create_job(
        given: Annotated[OcrInvoiceJobInput, Body(openapi_examples={"order": {"value": dict(ORDER)}})],
        idempotency_key: IdempotencyKey = None,
    ) -> Answer:
        principal = app.principal
        order = order_of(given, principal)
        job = once(app, services, idempotency_key, given.model_dump(), lambda: services.create_job(order, principal))
        info("Job created.", job_id=job.job_id)
        capture = find_capture(services.jobs, job, principal)
        return success(job_object(job, capture, None), 201)


def _register_job(app: Resolver, services: JobsApiServices) -> None:
    @app.get(
        JOB,
        summary="Get OCR invoice job by ID",
        description="The job with all that was read of its document.",
        tags=[JOBS_TAG],
        operation_id="getJob",
        responses=responses(200, "OCR invoice job retrieved successfully", JobAnswer, success_example(COMPLETED), 404),
    )
    def get_job(id: JobId) -> Answer:
        found = services.read_invoice(id, app.principal)
        return success(job_object(found.job, found.capture, found.invoice))

    @app.put(
        JOB,
        summary="Update OCR invoice job",
        description="Replaces the order of a job that was not started yet.",
        tags=[JOBS_TAG],
        operation_id="updateJob",
        responses=responses(
            200, "OCR invoice job updated successfully", JobAnswer, success_example(CREATED), 400, 403, 404
        ),
    )
    def update_job(
        id: JobId,
        given: Annotated[OcrInvoiceJobInput, Body(openapi_examples={"order": {"value": dict(ORDER)}})],
    ) -> Answer:
        job = services.update_job(id, order_of(given, app.principal), app.principal)
        return success(job_object(job, job, None))

    @app.delete(
        JOB,
        summary="Delete OCR invoice job",
        description="Cancels the job if it runs, and deletes its document, its results and the provider's copy.",
        tags=[JOBS_TAG],
        operation_id="deleteJob",
        responses=responses(
            200, "OCR invoice job deleted successfully", DeletedAnswer, {"success": True, "message": _DELETED}, 404
        ),
    )
    def delete_job(id: JobId) -> Answer:
        services.withdraw_job(id, app.principal)
        return Response(200, JSON, {"success": True, "message": _DELETED})


def _register_process(app: Resolver, services: JobsApiServices) -> None:
    @app.post(
        f"{JOB}/process",
        summary="Process OCR invoice job",
        description="Starts the job. One that was started before answers with its present status.",
        tags=[JOBS_TAG],
        operation_id="processJob",
        responses=responses(
            200, "OCR invoice job processing started", StartedAnswer, success_example(_STARTED), 403, 404
        ),
    )
    def process_job(id: JobId) -> Answer:
        principal = app.principal
        return started(services, services.process_job(id, principal), principal)


def _register_results(app: Resolver, services: JobsApiServices) -> None:
    @app.get(
        f"{JOB}/results",
        summary="Get OCR results",
        description="What was read; empty objects until the job is completed, so look at its `status` first.",
        tags=[JOBS_TAG],
        operation_id="getResults",
        responses=responses(200, "OCR results retrieved successfully", ResultsAnswer, success_example(RESULTS), 404),
    )
    def get_results(id: JobId) -> Answer:
        found = services.read_invoice(id, app.principal)
        return success(results_object(found.capture, found.invoice))
