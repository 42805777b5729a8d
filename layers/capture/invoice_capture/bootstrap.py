"""The composition root: which adapter stands behind which port.

Everything is built when it is first used and kept for the life of the container; nothing is read at import.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invoice_capture.api.jobs_api import JobsApi
    from invoice_capture.ports import Clock, Provider
    from invoice_capture.use_cases.announce_outcome import AnnounceOutcome
    from invoice_capture.use_cases.authorize_request import AuthorizeRequest
    from invoice_capture.use_cases.check_submissions import CheckSubmissions
    from invoice_capture.use_cases.confirm_invoice import ConfirmInvoice
    from invoice_capture.use_cases.deliver_messages import DeliverMessages
    from invoice_capture.use_cases.erase_job import EraseJob
    from invoice_capture.use_cases.extract_document import ExtractDocument
    from invoice_capture.use_cases.fetch_document import FetchDocument
    from invoice_capture.use_cases.keep_budget import Budget
    from invoice_capture.use_cases.measure_backlog import MeasureBacklog
    from invoice_capture.use_cases.receive_upload import ReceiveUpload
    from invoice_capture.use_cases.record_changes import RecordChanges
    from invoice_capture.use_cases.remove_jobs import RemoveJobs
    from invoice_capture.use_cases.store_invoice import StoreInvoice
    from invoice_capture.use_cases.submit_document import SubmitDocument
    from invoice_capture.use_cases.sweep_jobs import SweepJobs

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.document_store import S3DocumentStore
from invoice_capture.aws.executions import StepFunctionsCallbacks, StepFunctionsExecutions
from invoice_capture.aws.job_catalogue import DynamoDBJobCatalogue
from invoice_capture.aws.job_orders import DynamoDBJobOrders
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.messaging import SNSNotifier, SQSQueue
from invoice_capture.aws.provider_settings import SecretSettings
from invoice_capture.aws.provider_state_store import DynamoDBProviderStateStore
from invoice_capture.aws.spending_store import DynamoDBSpendingStore
from invoice_capture.aws.submission_store import DynamoDBSubmissionStore
from invoice_capture.aws.table import Table
from invoice_capture.clock import SystemClock
from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.job import provider_of
from invoice_capture.observability import EmfMetrics
from invoice_capture.providers import registry
from invoice_capture.providers.base import ProviderContext
from invoice_capture.settings import Settings


class Application:
    """One function's view of the system, from its environment. Also the factory of providers."""

    def __init__(self, environment: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = Settings(environment)
        self._clock = clock or SystemClock()
        self._clients = Clients()
        self._providers: dict[str, tuple[Mapping[str, str], Provider]] = {}
        self._metrics = EmfMetrics()

    # --- the steps ---------------------------------------------------------------------------------------------------

    @cached_property
    def receive_upload(self) -> ReceiveUpload:
        from invoice_capture.use_cases.receive_upload import ReceiveUpload

        return ReceiveUpload(
            default_route=self._settings.names("DEFAULT_ROUTE"),
            providers=self.names(),
            deadline=self._settings.job_deadline,
            documents=self._documents,
            jobs=self._jobs,
            executions=self._executions,
            clock=self._clock,
        )

    @cached_property
    def uploads_given_up(self) -> SQSQueue:
        return SQSQueue(self._clients, self._settings.text("UPLOAD_DEAD_LETTER_QUEUE_URL"))

    @cached_property
    def submit_document(self) -> SubmitDocument:
        from invoice_capture.use_cases.submit_document import SubmitDocument

        return SubmitDocument(
            maximum_bytes=self._settings.maximum_document_bytes,
            documents=self._documents,
            jobs=self._jobs,
            submissions=self._submissions,
            states=self._states,
            providers=self,
            executions=self._executions,
            callbacks=self._callbacks,
            budget=self._budget,
            metrics=self._metrics,
            clock=self._clock,
        )

    @cached_property
    def check_submissions(self) -> CheckSubmissions:
        from invoice_capture.use_cases.check_submissions import CheckSubmissions
        from invoice_capture.use_cases.discard_copies import DiscardCopies
        from invoice_capture.use_cases.look_at_submissions import LookAtSubmissions

        return CheckSubmissions(
            look_at=LookAtSubmissions(
                documents=self._documents,
                jobs=self._jobs,
                submissions=self._submissions,
                states=self._states,
                providers=self,
                callbacks=self._callbacks,
                notifier=SNSNotifier(self._clients, self._settings.text("NOTIFICATIONS_TOPIC_ARN")),
                budget=self._budget,
                metrics=self._metrics,
                clock=self._clock,
                discard=DiscardCopies(self._documents, self._submissions, self._metrics, self._clock),
            ),
            submissions=self._submissions,
            states=self._states,
            clock=self._clock,
        )

    @cached_property
    def store_invoice(self) -> StoreInvoice:
        from invoice_capture.use_cases.store_invoice import StoreInvoice

        return StoreInvoice(
            documents=self._documents,
            jobs=self._jobs,
            providers=self,
            announce=self.announce_outcome,
            clock=self._clock,
        )

    @cached_property
    def announce_outcome(self) -> AnnounceOutcome:
        from invoice_capture.use_cases.announce_outcome import AnnounceOutcome

        return AnnounceOutcome(
            jobs=self._jobs,
            notifier=SNSNotifier(self._clients, self._settings.text("NOTIFICATIONS_TOPIC_ARN")),
            metrics=self._metrics,
            clock=self._clock,
        )

    @cached_property
    def extract_document(self) -> ExtractDocument:
        from invoice_capture.bootstrap_extraction import extract_document

        return extract_document(
            self._settings,
            self._clients,
            self._table,
            documents=self._documents,
            submissions=self._submissions,
            states=self._states,
            callbacks=self._callbacks,
            budget=self._budget,
            metrics=self._metrics,
            clock=self._clock,
        )

    @cached_property
    def sweep_jobs(self) -> SweepJobs:
        from invoice_capture.use_cases.sweep_jobs import SweepJobs

        return SweepJobs(
            jobs=self._jobs,
            submissions=self._submissions,
            states=self._states,
            providers=self,
            executions=self._executions,
            callbacks=self._callbacks,
            announce=self.announce_outcome,
            clock=self._clock,
        )

    @cached_property
    def measure_backlog(self) -> MeasureBacklog:
        from invoice_capture.use_cases.measure_backlog import MeasureBacklog

        return MeasureBacklog(self._jobs, self._clock)

    @cached_property
    def jobs_api(self) -> JobsApi:
        from invoice_capture.bootstrap_api import jobs_api

        return jobs_api(
            self._settings,
            self._clients,
            self._table,
            self.names(),
            documents=self._documents,
            jobs=self._jobs,
            orders=self._orders,
            submissions=self._submissions,
            executions=self._executions,
            clock=self._clock,
        )

    @cached_property
    def fetch_document(self) -> FetchDocument:
        from invoice_capture.links.fetcher import LinkFetcher
        from invoice_capture.use_cases.fetch_document import FetchDocument

        maximum_bytes = self._settings.maximum_document_bytes
        return FetchDocument(
            maximum_bytes=maximum_bytes,
            documents=self._documents,
            jobs=self._jobs,
            links=LinkFetcher(
                maximum_bytes=maximum_bytes,
                allow_http=self._settings.allows_http,
                trusted_origins=self._settings.optional_names("TRUSTED_ORIGINS"),
            ),
            clock=self._clock,
        )

    @cached_property
    def deliver_messages(self) -> DeliverMessages:
        from invoice_capture.bootstrap_messages import deliver_messages

        return deliver_messages(self._settings, self._clients, self._table, self._metrics, self._clock)

    @cached_property
    def erase_job(self) -> EraseJob:
        from invoice_capture.use_cases.erase_job import EraseJob

        return EraseJob(
            documents=self._documents,
            jobs=self._jobs,
            orders=self._orders,
            submissions=self._submissions,
            states=self._states,
            providers=self,
            callbacks=self._callbacks,
            notifier=SNSNotifier(self._clients, self._settings.text("NOTIFICATIONS_TOPIC_ARN")),
            metrics=self._metrics,
            clock=self._clock,
        )

    @cached_property
    def remove_jobs(self) -> RemoveJobs:
        from invoice_capture.use_cases.remove_jobs import RemoveJobs

        return RemoveJobs(self._documents, self._jobs, self._orders, self._submissions, self._catalogue, self._clock)

    @cached_property
    def record_changes(self) -> RecordChanges:
        from invoice_capture.bootstrap_history import record_changes

        return record_changes(self._settings, self._clients, self._table)

    @cached_property
    def confirm_invoice(self) -> ConfirmInvoice:
        from invoice_capture.use_cases.confirm_invoice import ConfirmInvoice

        return ConfirmInvoice(
            documents=self._documents,
            jobs=self._jobs,
            submissions=self._submissions,
            states=self._states,
            providers=self,
            metrics=self._metrics,
            clock=self._clock,
        )

    @cached_property
    def authorize_request(self) -> AuthorizeRequest:
        from invoice_capture.aws.key_store import DynamoDBKeyStore
        from invoice_capture.use_cases.authorize_request import AuthorizeRequest

        return AuthorizeRequest(DynamoDBKeyStore(self._table))

    # --- providers ---------------------------------------------------------------------------------------------------

    def names(self) -> frozenset[str]:
        return registry.names()

    def get(self, name: str) -> Provider:
        if provider_of(name) not in registry.names():
            raise SettingMissing(f"There is no provider {name!r}; there are {', '.join(sorted(registry.names()))}.")
        provider_class = registry.provider_class(name)
        settings = self._secrets.of(name) if provider_class.needs_settings else {}
        known = self._providers.get(name)
        # A changed secret, with new credentials perhaps, makes a new provider.
        if known is None or known[0] != settings:
            known = self._providers[name] = (settings, provider_class(self._provider_context(name, settings)))
        return known[1]

    def forget(self, name: str) -> None:
        self._secrets.forget(name)

    def _provider_context(self, name: str, settings: Mapping[str, str]) -> ProviderContext:
        extractions = self._settings.optional_text("EXTRACTION_QUEUE_URL")
        return ProviderContext(
            name=name,
            secret=self._settings.text("PROVIDER_SECRET_PREFIX") + name,
            settings=settings,
            clock=self._clock,
            documents=self._documents,
            extractions=SQSQueue(self._clients, extractions) if extractions else None,
        )

    @cached_property
    def _secrets(self) -> SecretSettings:
        return SecretSettings(self._clients, self._settings.text("PROVIDER_SECRET_PREFIX"))

    # --- adapters ----------------------------------------------------------------------------------------------------

    @cached_property
    def _table(self) -> Table:
        return Table(self._clients, self._settings.text("TABLE_NAME"), self._settings.step)

    @cached_property
    def _documents(self) -> S3DocumentStore:
        return S3DocumentStore(
            self._clients,
            self._settings.text("DOCUMENTS_BUCKET"),
            links_endpoint=self._settings.optional_text("DOCUMENT_LINKS_ENDPOINT"),
        )

    @cached_property
    def _jobs(self) -> DynamoDBJobStore:
        return DynamoDBJobStore(self._table, self._settings.retention)

    @cached_property
    def _orders(self) -> DynamoDBJobOrders:
        return DynamoDBJobOrders(self._table, self._settings.retention)

    @cached_property
    def _catalogue(self) -> DynamoDBJobCatalogue:
        return DynamoDBJobCatalogue(self._table, self._settings.retention)

    @cached_property
    def _submissions(self) -> DynamoDBSubmissionStore:
        return DynamoDBSubmissionStore(self._table, self._settings.retention)

    @cached_property
    def _states(self) -> DynamoDBProviderStateStore:
        return DynamoDBProviderStateStore(self._table)

    @cached_property
    def _executions(self) -> StepFunctionsExecutions:
        return StepFunctionsExecutions(
            self._clients,
            capture_invoice=self._settings.optional_text("CAPTURE_INVOICE_STATE_MACHINE_ARN"),
            poll_provider=self._settings.optional_text("POLL_PROVIDER_STATE_MACHINE_ARN"),
            # Another one for each invocation, which Lambda's runtime tells there.
            trace=lambda: os.environ.get("_X_AMZN_TRACE_ID"),
        )

    @cached_property
    def _budget(self) -> Budget:
        from invoice_capture.use_cases.keep_budget import Budget

        return Budget(
            prices=self._settings.prices,
            limit=self._settings.monthly_budget,
            spending=DynamoDBSpendingStore(self._table),
            notifier=SNSNotifier(self._clients, self._settings.text("NOTIFICATIONS_TOPIC_ARN")),
            metrics=self._metrics,
            clock=self._clock,
        )

    @cached_property
    def _callbacks(self) -> StepFunctionsCallbacks:
        return StepFunctionsCallbacks(self._clients)


_override: ContextVar[Application | None] = ContextVar("application", default=None)


@contextmanager
def using(application: Application) -> Iterator[None]:
    """Make handlers that are called inside use this application instead of the process's environment."""
    token = _override.set(application)
    try:
        yield
    finally:
        _override.reset(token)


def application() -> Application:
    """The application of this invocation."""
    return _override.get() or _from_environment()


@cache
def _from_environment() -> Application:
    return Application(os.environ)
