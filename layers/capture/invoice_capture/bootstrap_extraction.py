"""The composition root of what runs the engine."""

from __future__ import annotations

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.extraction_runs import DynamoDBExtractionRuns
from invoice_capture.aws.messaging import SQSQueue
from invoice_capture.aws.table import Table
from invoice_capture.ports import Callbacks, Clock, DocumentStore, Metrics, ProviderStateStore, SubmissionStore
from invoice_capture.providers.embedded.engine import OCR_READERS, engine
from invoice_capture.settings import Settings
from invoice_capture.use_cases.extract_document import ExtractDocument
from invoice_capture.use_cases.keep_budget import Budget
from invoice_capture.use_cases.pace_pages import OcrPace


def extract_document(
    settings: Settings,
    clients: Clients,
    table: Table,
    *,
    documents: DocumentStore,
    submissions: SubmissionStore,
    states: ProviderStateStore,
    callbacks: Callbacks,
    budget: Budget,
    metrics: Metrics,
    clock: Clock,
) -> ExtractDocument:
    ocr = settings.choice("OCR", OCR_READERS)
    pages_per_second = settings.number("TEXTRACT_PAGES_PER_SECOND")
    return ExtractDocument(
        engine=engine(settings.maximum_document_bytes, ocr),
        is_paid=ocr == "textract",
        ocr=OcrPace("textract", pages_per_second, states, budget, metrics, clock),
        queue=SQSQueue(clients, settings.text("EXTRACTION_QUEUE_URL")),
        metrics=metrics,
        runs=DynamoDBExtractionRuns(table, settings.retention, clock),
        documents=documents,
        submissions=submissions,
        callbacks=callbacks,
        clock=clock,
    )
