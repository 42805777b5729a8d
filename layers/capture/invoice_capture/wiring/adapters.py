"""The adapter behind each port, made when it is first asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what only some functions need, and would lengthen the cold start of the others
    from invoice_capture.aws.client_store import DynamoDBClientStore
    from invoice_capture.aws.extraction_runs import DynamoDBExtractionRuns
    from invoice_capture.aws.history_store import LockMode, ObjectHistoryStore
    from invoice_capture.aws.idempotency import DynamoDBIdempotency
    from invoice_capture.aws.key_store import DynamoDBKeyStore
    from invoice_capture.aws.messaging import EventBridgeBus, LambdaInvoker, SQSDeliveryQueue
    from invoice_capture.aws.webhook_store import DynamoDBWebhookStore, SecretEndpoints
    from invoice_capture.links.fetcher import LinkFetcher
    from invoice_capture.links.poster import LinkPoster
    from invoice_capture.providers.embedded.engine import Engine
    from invoice_capture.use_cases.client.list_jobs import Rows

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.document_store import S3DocumentStore
from invoice_capture.aws.executions import StepFunctionsCallbacks, StepFunctionsExecutions
from invoice_capture.aws.job_catalogue import DynamoDBJobCatalogue
from invoice_capture.aws.job_orders import DynamoDBJobOrders
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.messaging import SNSNotifier, SQSQueue
from invoice_capture.aws.provider_state_store import DynamoDBProviderStateStore
from invoice_capture.aws.spending_store import DynamoDBSpendingStore
from invoice_capture.aws.submission_store import DynamoDBSubmissionStore
from invoice_capture.aws.table import Table
from invoice_capture.clock import SystemClock
from invoice_capture.observability import EmfMetrics
from invoice_capture.ports import Clock
from invoice_capture.providers import registry
from invoice_capture.settings import Settings
from invoice_capture.wiring.providers import ProviderFactory

_OCR_THAT_COSTS = "textract"


class Adapters:
    """What steps are made of, under the names that their fields have."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clients = Clients()
        self.clock = clock or SystemClock()
        self.metrics = EmfMetrics()
        self.stopwatch = time.monotonic

    # --- stores ------------------------------------------------------------------------------------------------------

    @cached_property
    def _table(self) -> Table:
        return Table(self._clients, self._settings.text("TABLE_NAME"), self._settings.step)

    @cached_property
    def documents(self) -> S3DocumentStore:
        endpoint = self._settings.optional_text("DOCUMENT_LINKS_ENDPOINT")
        return S3DocumentStore(self._clients, self._settings.bucket, links_endpoint=endpoint)

    @cached_property
    def jobs(self) -> DynamoDBJobStore:
        return DynamoDBJobStore(self._table, self._settings.retention)

    @cached_property
    def orders(self) -> DynamoDBJobOrders:
        return DynamoDBJobOrders(self._table, self._settings.retention)

    @cached_property
    def catalogue(self) -> DynamoDBJobCatalogue:
        return DynamoDBJobCatalogue(self._table, self._settings.retention)

    @cached_property
    def submissions(self) -> DynamoDBSubmissionStore:
        return DynamoDBSubmissionStore(self._table, self._settings.retention)

    @cached_property
    def states(self) -> DynamoDBProviderStateStore:
        return DynamoDBProviderStateStore(self._table)

    @cached_property
    def spending(self) -> DynamoDBSpendingStore:
        return DynamoDBSpendingStore(self._table)

    @cached_property
    def keys(self) -> DynamoDBKeyStore:
        from invoice_capture.aws.key_store import DynamoDBKeyStore

        return DynamoDBKeyStore(self._table)

    @cached_property
    def clients(self) -> DynamoDBClientStore:
        from invoice_capture.aws.client_store import DynamoDBClientStore

        return DynamoDBClientStore(self._table)

    @cached_property
    def webhooks(self) -> DynamoDBWebhookStore:
        from invoice_capture.aws.webhook_store import DynamoDBWebhookStore

        return DynamoDBWebhookStore(self._table)

    @cached_property
    def runs(self) -> DynamoDBExtractionRuns:
        from invoice_capture.aws.extraction_runs import DynamoDBExtractionRuns

        return DynamoDBExtractionRuns(self._table, self._settings.retention, self.clock)

    @cached_property
    def idempotency(self) -> DynamoDBIdempotency:
        from invoice_capture.aws.idempotency import DynamoDBIdempotency

        return DynamoDBIdempotency(self._clients, self._settings.text("TABLE_NAME"))

    @cached_property
    def histories(self) -> ObjectHistoryStore:
        from invoice_capture.aws.history_store import ObjectHistoryStore

        return ObjectHistoryStore(self._clients, self._settings.bucket, self._table, self._lock_mode)

    @property
    def locked_for(self) -> timedelta | None:
        return timedelta(days=self._settings.number("ARCHIVE_LOCK_DAYS")) if self._lock_mode else None

    @property
    def _lock_mode(self) -> LockMode | None:
        modes: Mapping[str, LockMode | None] = {"none": None, "governance": "GOVERNANCE", "compliance": "COMPLIANCE"}
        return modes[self._settings.choice("ARCHIVE_LOCK", modes)]

    # --- messages, executions and other functions --------------------------------------------------------------------

    @cached_property
    def notifier(self) -> SNSNotifier:
        return SNSNotifier(self._clients, self._settings.text("NOTIFICATIONS_TOPIC_ARN"))

    @cached_property
    def callbacks(self) -> StepFunctionsCallbacks:
        return StepFunctionsCallbacks(self._clients)

    @cached_property
    def executions(self) -> StepFunctionsExecutions:
        return StepFunctionsExecutions(
            self._clients,
            capture_invoice=self._settings.optional_text("CAPTURE_INVOICE_STATE_MACHINE_ARN"),
            poll_provider=self._settings.optional_text("POLL_PROVIDER_STATE_MACHINE_ARN"),
            # Another one for each invocation, which Lambda's runtime tells there.
            trace=lambda: os.environ.get("_X_AMZN_TRACE_ID"),
        )

    @cached_property
    def functions(self) -> LambdaInvoker:
        from invoice_capture.aws.messaging import LambdaInvoker

        return LambdaInvoker(self._clients)

    @cached_property
    def uploads_given_up(self) -> SQSQueue:
        return SQSQueue(self._clients, self._settings.text("UPLOAD_DEAD_LETTER_QUEUE_URL"))

    @cached_property
    def extractions(self) -> SQSQueue:
        return SQSQueue(self._clients, self._settings.text("EXTRACTION_QUEUE_URL"))

    @cached_property
    def deliveries(self) -> SQSDeliveryQueue:
        from invoice_capture.aws.messaging import SQSDeliveryQueue

        queue = self._settings.text("DELIVERY_QUEUE_URL")
        return SQSDeliveryQueue(self._clients, queue, self._settings.text("DELIVERY_DEAD_LETTER_QUEUE_URL"))

    @cached_property
    def bus(self) -> EventBridgeBus | None:
        from invoice_capture.aws.messaging import EventBridgeBus

        name = self._settings.optional_text("EVENT_BUS_NAME")
        return EventBridgeBus(self._clients, name) if name else None

    # --- others' servers ---------------------------------------------------------------------------------------------

    @cached_property
    def providers(self) -> ProviderFactory:
        extracts = self._settings.optional_text("EXTRACTION_QUEUE_URL") is not None
        prefix = self._settings.text("PROVIDER_SECRET_PREFIX")
        return ProviderFactory(
            self._clients, prefix, self.documents, self.extractions if extracts else None, self.clock
        )

    @property
    def provider_names(self) -> frozenset[str]:
        return registry.names()

    @cached_property
    def links(self) -> LinkFetcher:
        from invoice_capture.links.fetcher import LinkFetcher

        return LinkFetcher(
            maximum_bytes=self._settings.maximum_bytes,
            allow_http=self._settings.allows_http,
            trusted_origins=self._settings.trusted_origins,
        )

    @cached_property
    def poster(self) -> LinkPoster:
        from invoice_capture.links.poster import LinkPoster

        return LinkPoster(trusted_origins=self._settings.trusted_origins)

    @cached_property
    def endpoints(self) -> SecretEndpoints:
        from invoice_capture.aws.webhook_store import SecretEndpoints

        return SecretEndpoints(self._clients, self._settings.text("WEBHOOK_SECRET_PREFIX"), self.clock)

    # --- the engine, and how jobs are shown --------------------------------------------------------------------------

    @cached_property
    def engine(self) -> Engine:
        from invoice_capture.providers.embedded.engine import engine

        return engine(self._settings.maximum_bytes, self._ocr)

    @property
    def ocr_is_paid(self) -> bool:
        return self._ocr == _OCR_THAT_COSTS

    @property
    def ocr_service(self) -> str:
        """Whose throttle pages wait for."""
        return _OCR_THAT_COSTS

    @property
    def _ocr(self) -> str:
        from invoice_capture.providers.embedded.engine import OCR_READERS

        return self._settings.choice("OCR", OCR_READERS)

    @property
    def rows(self) -> Rows:
        from invoice_capture.api import presentation
        from invoice_capture.api.listable import GLANCED
        from invoice_capture.use_cases.client.list_jobs import Rows

        return Rows(presentation.row, presentation.texts, presentation.glance, GLANCED)
