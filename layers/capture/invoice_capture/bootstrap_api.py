"""The composition root of the API: what its routes are served with."""

from __future__ import annotations

import time

from invoice_capture.api import presentation
from invoice_capture.api.jobs_api import JobsApi
from invoice_capture.api.listable import GLANCED
from invoice_capture.api.services import JobsApiServices
from invoice_capture.aws.client_store import DynamoDBClientStore
from invoice_capture.aws.clients import Clients
from invoice_capture.aws.idempotency import DynamoDBIdempotency
from invoice_capture.aws.job_catalogue import DynamoDBJobCatalogue
from invoice_capture.aws.messaging import LambdaInvoker
from invoice_capture.aws.spending_store import DynamoDBSpendingStore
from invoice_capture.aws.table import Table
from invoice_capture.ports import Clock, DocumentStore, Executions, JobOrders, JobStore, SubmissionStore
from invoice_capture.settings import Settings
from invoice_capture.use_cases.correct_invoice import CorrectInvoice
from invoice_capture.use_cases.create_job import CreateJob
from invoice_capture.use_cases.guard_client import GuardClient
from invoice_capture.use_cases.link_document import LinkDocument
from invoice_capture.use_cases.list_jobs import ListJobs
from invoice_capture.use_cases.offer_upload import OfferUpload
from invoice_capture.use_cases.prepare_order import PrepareOrder
from invoice_capture.use_cases.process_job import ProcessJob
from invoice_capture.use_cases.read_invoice import ReadInvoice
from invoice_capture.use_cases.retry_job import RetryJob
from invoice_capture.use_cases.update_job import UpdateJob
from invoice_capture.use_cases.upload_document import UploadDocument
from invoice_capture.use_cases.withdraw_job import WithdrawJob


def jobs_api(
    settings: Settings,
    clients: Clients,
    table: Table,
    providers: frozenset[str],
    *,
    documents: DocumentStore,
    jobs: JobStore,
    orders: JobOrders,
    submissions: SubmissionStore,
    executions: Executions,
    clock: Clock,
) -> JobsApi:
    """The API on these stores; ``providers`` are the names that an order may choose."""
    deadline, most = settings.job_deadline, settings.maximum_document_bytes
    bucket, functions = settings.text("DOCUMENTS_BUCKET"), LambdaInvoker(clients)
    catalogue = DynamoDBJobCatalogue(table, settings.retention)
    default_route, template_routes = settings.names("DEFAULT_ROUTE"), settings.routes("TEMPLATE_ROUTES")
    routed = {name.removesuffix("?") for route in (default_route, *template_routes.values()) for name in route}
    clients_store, spending = DynamoDBClientStore(table), DynamoDBSpendingStore(table)
    guard = GuardClient(frozenset(routed), settings.client_limits, clients_store, spending, clock)
    prepare = PrepareOrder(
        bucket=bucket,
        default_route=default_route,
        template_routes=template_routes,
        providers=providers,
        allows_http=settings.allows_http or bool(settings.optional_names("TRUSTED_ORIGINS")),
        guard=guard,
    )
    services = JobsApiServices(
        create_job=CreateJob(prepare, deadline, orders, clock),
        update_job=UpdateJob(prepare, jobs, orders, clock),
        upload_document=UploadDocument(prepare, deadline, most, documents, catalogue, orders, clock),
        process_job=ProcessJob(deadline, guard, jobs, orders, executions, clock),
        retry_job=RetryJob(deadline, guard, jobs, orders, executions, clock),
        withdraw_job=WithdrawJob(settings.text("ERASE_JOB_FUNCTION"), jobs, orders, functions, clock),
        list_jobs=ListJobs(
            jobs=jobs,
            catalogue=catalogue,
            clock=clock,
            stopwatch=time.monotonic,
            view=presentation.row,
            texts=presentation.texts,
            glance=presentation.glance,
            glanced=GLANCED,
        ),
        read_invoice=ReadInvoice(jobs),
        correct_invoice=CorrectInvoice(settings.text("CONFIRM_INVOICE_FUNCTION"), jobs, functions, clock),
        offer_upload=OfferUpload(bucket, most, guard, documents, clock),
        link_document=LinkDocument(documents, jobs),
        jobs=jobs,
        submissions=submissions,
        idempotency=DynamoDBIdempotency(clients, settings.text("TABLE_NAME")),
        allowed_origins=settings.optional_names("ALLOWED_ORIGINS"),
    )
    return JobsApi(services)
