"""What the routes are served with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from invoice_capture.domain.client import Principal, Unauthorized
from invoice_capture.ports import JobStore, SubmissionStore
from invoice_capture.use_cases.client.correct_invoice import CorrectInvoice
from invoice_capture.use_cases.client.create_job import CreateJob
from invoice_capture.use_cases.client.link_document import LinkDocument
from invoice_capture.use_cases.client.list_jobs import ListJobs
from invoice_capture.use_cases.client.offer_upload import OfferUpload
from invoice_capture.use_cases.client.process_job import ProcessJob
from invoice_capture.use_cases.client.read_invoice import ReadInvoice
from invoice_capture.use_cases.client.retry_job import RetryJob
from invoice_capture.use_cases.client.update_job import UpdateJob
from invoice_capture.use_cases.client.upload_document import UploadDocument
from invoice_capture.use_cases.client.withdraw_job import WithdrawJob


class Idempotency(Protocol):
    def once(
        self, client: str, key: str, payload: Mapping[str, Any], act: Callable[[], dict[str, Any]], context: object
    ) -> dict[str, Any]:
        """What ``act`` returned when this client first sent this key. Raises InvalidRequest or WrongStatus."""
        ...


@dataclass(frozen=True)
class JobsApiServices:
    """``allowed_origins`` are those whose pages may use the API in a browser."""

    create_job: CreateJob
    update_job: UpdateJob
    upload_document: UploadDocument
    process_job: ProcessJob
    retry_job: RetryJob
    withdraw_job: WithdrawJob
    list_jobs: ListJobs
    read_invoice: ReadInvoice
    correct_invoice: CorrectInvoice
    offer_upload: OfferUpload
    link_document: LinkDocument
    jobs: JobStore
    submissions: SubmissionStore
    idempotency: Idempotency
    allowed_origins: frozenset[str] = frozenset()


class Resolver(APIGatewayRestResolver):
    """The resolver, which knows who sent the request that it answers, and the document that came with it."""

    request_id = "-"
    document = b""
    _principal: Principal | None = None

    def begin(self, principal: Principal | None, request_id: str, document: bytes = b"") -> None:
        """Say whose request comes next; None for what is open to everybody."""
        self._principal, self.request_id, self.document = principal, request_id, document

    @property
    def principal(self) -> Principal:
        """Raises Unauthorized: this request was let through without a key."""
        if self._principal is None:
            raise Unauthorized("The request carries no key.")
        return self._principal

    def methods_at(self, path: str) -> list[str]:
        """The methods that are routed at a path; none where there is nothing."""
        routes = self._static_routes + self._dynamic_routes
        return sorted({route.method for route in routes if route.rule.match(path)})
