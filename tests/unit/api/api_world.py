"""The API over the real use cases on the stores in memory; every answer is held to the OpenAPI document."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator
from urllib3 import encode_multipart_formdata

from invoice_capture.api import presentation
from invoice_capture.api.jobs_api import JobsApi, JobsApiServices
from invoice_capture.api.listable import GLANCED
from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.client_limits import ClientLimits
from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.invoice import Invoice, InvoiceField, Line, Party
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.domain.summary import summary_of
from invoice_capture.domain.validation import validate_invoice
from invoice_capture.use_cases.client.list_jobs import Rows
from invoice_capture.wiring import build
from tests.fakes.catalogue import MemoryJobCatalogue, MemoryJobOrders
from tests.fakes.keys import MemoryClientStore
from tests.fakes.spending import MemorySpendingStore
from tests.fakes.stores import BUCKET, MemoryDocumentStore, MemoryJobStore, MemorySubmissionStore
from tests.fakes.world import START, ManualClock, StartedExecutions

DAY = timedelta(days=1)

INVOICE = Invoice(
    invoice_number=InvoiceField(value="2026-001", confidence=0.98),
    issue_date=InvoiceField(value=date(2026, 3, 12), confidence=0.96),
    currency=InvoiceField(value="EUR", confidence=None),
    supplier=Party(
        name=InvoiceField(value="Example Ltd", confidence=0.9),
        vat_number=InvoiceField(value="IE6388047V", confidence=0.8),
    ),
    subtotal=InvoiceField(value=Decimal("100.00"), confidence=1.0),
    tax_total=InvoiceField(value=Decimal("19.00"), confidence=1.0),
    total=InvoiceField(value=Decimal("119.00"), confidence=1.0),
    lines=(
        Line(
            description=InvoiceField(value="Paper", confidence=0.7),
            quantity=InvoiceField(value=Decimal(4), confidence=0.7),
            unit_price=InvoiceField(value=Decimal("25.00"), confidence=0.7),
            subtotal=InvoiceField(value=Decimal("100.00"), confidence=0.7),
        ),
    ),
)
SUMMARY = summary_of(INVOICE.to_json(), [])


def an_order(number: str = "N1", **changes: Any) -> dict[str, Any]:
    """The body of a request that creates a job."""
    return {
        "jobNumber": number,
        "documentName": "invoice.pdf",
        "documentUrl": "https://files.example/invoice.pdf?signature=secret",
        "template": "60f7",
    } | changes


class InvokedLater:
    """Functions that were asked for, with what they were given."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, Mapping[str, Any]]] = []

    def invoke_later(self, function: str, payload: Mapping[str, Any]) -> None:
        self.invoked.append((function, payload))


class RememberedKeys:
    """Idempotency in memory, without concurrency."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}

    def once(
        self, client: str, key: str, payload: Mapping[str, Any], act: Callable[[], dict[str, Any]], context: object
    ) -> dict[str, Any]:
        told = json.dumps(payload, sort_keys=True)
        if (client, key) not in self.answers:
            self.answers[client, key] = (told, act())
        first, answer = self.answers[client, key]
        if first != told:
            raise InvalidRequest("Another payload.", "Idempotency-Key")
        return answer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def data(self) -> Any:
        return self.json["data"]


class ApiWorld:
    bucket = BUCKET
    maximum_bytes = 25 * 1024**2
    deadline = timedelta(hours=72)
    default_route = ("embedded",)
    template_routes: ClassVar = {"receipts": ("extract_api", "embedded")}
    provider_names = frozenset({"embedded", "extract_api", "abbyy"})
    routed_providers = frozenset({"embedded", "extract_api"})
    client_limits = ClientLimits()
    accepts_http_urls = False
    erase_job_function, confirm_invoice_function = "erase-job", "confirm-invoice"
    stopwatch = staticmethod(time.monotonic)
    rows = Rows(presentation.row, presentation.texts, presentation.glance, GLANCED)

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.documents = MemoryDocumentStore()
        self.jobs = MemoryJobStore()
        self.submissions = MemorySubmissionStore(self.jobs)
        self.orders = MemoryJobOrders(self.jobs, self.submissions)
        self.executions = StartedExecutions()
        self.functions = InvokedLater()
        self.clients = MemoryClientStore()
        self.spending = MemorySpendingStore()
        self.catalogue = MemoryJobCatalogue(self.jobs, self.orders, 400 * DAY)
        self.idempotency = RememberedKeys()
        self.api = JobsApi(self.services())

    def services(self) -> JobsApiServices:
        return build(JobsApiServices, self)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send a request, and check that the OpenAPI document knows its answer. ``body`` is JSON unless it is text."""
        answer = answer_of(self.api(event_of(method, path, body, **options), None))
        require_documented(method, path.partition("?")[0], answer)
        return answer

    def create(self, number: str = "N1", client: str = "acme", **changes: Any) -> str:
        """The id of a new job."""
        answer = self.call("POST", "/ocr-invoice-job", an_order(number, **changes), client=client)
        assert answer.status == 201, answer.text
        return str(answer.data["_id"])

    def change(self, job_id: str, **changes: Any) -> Job:
        """What the pipeline does to a job meanwhile."""
        self.jobs.jobs[job_id] = replace(self.jobs.jobs[job_id], **changes)
        return self.jobs.jobs[job_id]

    def store_document(self, job_id: str) -> None:
        pointer = self.documents.put(self.jobs.jobs[job_id].document.key, b"%PDF-1.7 an invoice")
        self.change(job_id, document=pointer)

    def capture(self, job_id: str, invoice: Invoice = INVOICE, seconds: float = 12.5) -> None:
        """A job that was started is handed to its provider, and finished."""
        self.submissions.begin(self.a_submission(self.jobs.jobs[job_id]))
        self.clock.forward(seconds)
        findings = [finding.to_json() for finding in validate_invoice(invoice, self.clock.now().date())]
        content = invoice.to_json()
        summary = summary_of(content, findings)
        self.jobs.capture(job_id, 1, content, findings, self.clock.now(), summary=summary)
        self.jobs.told(job_id, self.clock.now())

    def captured(self, number: str = "N1", client: str = "acme", **changes: Any) -> str:
        """The id of a job that went all the way."""
        job_id = self.create(number, client, **changes)
        self.call("POST", f"/ocr-invoice-job/{job_id}/process", client=client)
        self.store_document(job_id)
        self.capture(job_id)
        return job_id

    def drop(self, key: str = "incoming/a b.pdf") -> str:
        """The id of the job of a document that was dropped into the bucket."""
        job = Job(
            job_id="DROPPED0000000000000000000",
            document=DocumentPointer(BUCKET, key, "v1", 5),
            route=("abbyy?", "embedded"),
            status=JobStatus.RECEIVED,
            created_at=START,
            updated_at=START,
            started_at=START,
            deadline_at=START + DAY,
        )
        self.jobs.create(job)
        return job.job_id

    def a_submission(self, job: Job) -> Submission:
        return Submission(
            job_id=job.job_id,
            number=1,
            provider="embedded",
            state=SubmissionState.PENDING,
            document=job.document,
            kind=DocumentKind.PDF,
            task_token="secret-task-token",
            created_at=self.clock.now(),
            deadline_at=job.deadline_at,
            reference="secret-reference",
            submitted_at=self.clock.now(),
            attempts=1,
        )


def event_of(
    method: str,
    path: str,
    body: Any = None,
    *,
    client: str | None = "acme",
    scopes: str = "",
    headers: Mapping[str, str] | None = None,
    is_base64: bool = False,
    context: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The event that API Gateway makes of a request."""
    path, _, query = path.partition("?")
    values = dict(parse_qsl(query, keep_blank_values=True))
    sent = {"Host": "localhost:3030", "X-Forwarded-Proto": "http", "Content-Type": "application/json"}
    sent |= headers or {}
    authorizer = {} if client is None else {"authorizer": {"client": client, "scopes": scopes, "keyId": "k1"}}
    text = None if body is None else body if isinstance(body, str) else json.dumps(body)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": values or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in values.items()} or None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "requestId": "request-1",
            "stage": "v1",
            "path": path,
            "httpMethod": method,
            **authorizer,
            **(context or {}),
        },
        "body": text,
        "isBase64Encoded": is_base64,
    }


def form_request(fields: Any, content_type: str | None = None) -> dict[str, Any]:
    """What ``ApiWorld.call`` needs to send a form as API Gateway hands it on; ``fields`` are those of urllib3."""
    body, usual = encode_multipart_formdata(fields)
    return {
        "body": base64.b64encode(body).decode(),
        "is_base64": True,
        "headers": {"Content-Type": content_type or usual},
    }


def answer_of(given: Mapping[str, Any]) -> Answer:
    headers = {name: values[0] for name, values in given["multiValueHeaders"].items()}
    return Answer(given["statusCode"], headers, given["body"])


@cache
def document() -> dict[str, Any]:
    """The API's OpenAPI document."""
    api = ApiWorld().api
    told: dict[str, Any] = json.loads(answer_of(api(event_of("GET", "/openapi.json", client=None), None)).text)
    return told


def operation(method: str, path: str) -> dict[str, Any] | None:
    """What the document says of an operation, or None."""
    parts = path.strip("/").split("/")
    # A name goes before a parameter.
    for template, operations in sorted(document()["paths"].items(), key=lambda entry: "{id}" in entry[0]):
        names = template.strip("/").split("/")
        fits = len(names) == len(parts) and all(name in ("{id}", part) for name, part in zip(names, parts, strict=True))
        if fits and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    return None


def require_documented(method: str, path: str, answer: Answer) -> None:
    """Raises AssertionError for a status or a body that the document does not have."""
    described = operation(method, path)
    if described is None:
        assert answer.status in (200, 204, 302, 401, 404, 405, 413)
        return
    assert str(answer.status) in described["responses"], f"{method} {path} answered {answer.status}: {answer.text}"
    content = described["responses"][str(answer.status)].get("content")
    if content is None:
        assert answer.text == ""
        return
    assert answer.headers["Content-Type"] == "application/json"
    _validator(content["application/json"]["schema"]["$ref"]).validate(answer.json)


@cache
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": reference, "components": document()["components"]})
