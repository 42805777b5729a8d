"""Every status that our OpenAPI document names for an operation, brought about on purpose.

What is right, wrong, unknown or in the wrong status is asked of a stack that captured something. Too many requests are
sent to one that allows a single one. At last the table is taken away, which nobody can answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from invoice_capture.aws.client_store import DynamoDBClientStore
from invoice_capture.aws.clients import Clients
from invoice_capture.aws.table import Table
from invoice_capture.domain.client_limits import ClientLimits
from local_stack.serve import CLIENT, make_key
from local_stack.stack import LocalStack
from tools.stage import SAMPLES

_SAMPLE = SAMPLES / "peppol_ubl_belgium.xml"
_JOBS, _JOB, _DOCUMENTS = "/ocr-invoice-job", "/ocr-invoice-job/{id}", "/ocr-invoice-job/documents"
# For a form as well as for JSON.
_TOO_LARGE = b'{"x": "' + b"x" * 5_000_000 + b'"}'
_PATIENCE_SECONDS = 30
_UNTHROTTLED = dict.fromkeys(
    ("RequestsPerSecond", "RequestBurst", "StageRequestsPerSecond", "StageRequestBurst", "OpenRequestBurst"), "100000"
)

Reached = set[tuple[str, str]]


@dataclass
class Client:
    """Sends requests and notes which status each operation answered."""

    url: str
    key: str
    reached: Reached = field(default_factory=set)

    def ask(self, method: str, path: str, job_id: str = "none", *, with_key: bool = True, **request: Any) -> Any:
        headers = {**({"api-key": self.key} if with_key else {}), **request.pop("headers", {})}
        answer = requests.request(
            method, self.url + path.format(id=job_id), headers=headers, timeout=30, allow_redirects=False, **request
        )
        self.reached.add((f"{method} {path}", str(answer.status_code)))
        return answer

    def order(self, number: str, link: str, **request: Any) -> str:
        """The id of a new job."""
        body = {"jobNumber": number, "documentName": _SAMPLE.name, "documentUrl": link, "template": "embedded"}
        return str(self.ask("POST", _JOBS, json=body, **request).json()["data"]["_id"])

    def end(self, job_id: str) -> None:
        """Start a job and wait until it has ended."""
        self.ask("POST", f"{_JOB}/process", job_id)
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            if self.ask("GET", _JOB, job_id).json()["data"]["status"] in {"completed", "failed"}:
                return
            time.sleep(0.1)
        raise TimeoutError(f"Job {job_id} did not end within {_PATIENCE_SECONDS} s.")


def unreached() -> list[tuple[str, str]]:
    """The operations with the statuses that their documents name and nothing brought about."""
    with LocalStack(api_port=0, parameters=_UNTHROTTLED) as stack:
        client = Client(str(stack.api_url), make_key(stack))
        operations = dict(_operations(client))
        use(stack, client)
        for operation in operations:
            method, path = operation.split()
            client.ask(method, path, with_key=False)
            client.ask(method, path, data=_TOO_LARGE, headers={"content-type": "application/json"})
            client.ask(method, path, params={"unknown": "1"}, **_form(path))
        _be_limited(stack, client)
        stack.dynamodb.delete_table(TableName=stack.table)
        for operation in operations:
            method, path = operation.split()
            client.ask(method, path, **_form(path))
    with LocalStack(api_port=0, parameters={"RequestsPerSecond": "1", "RequestBurst": "1"}) as stack:
        throttled = Client(str(stack.api_url), make_key(stack))
        for operation in operations:
            method, path = operation.split()
            for _ in range(2):
                throttled.ask(method, path)
    reached = client.reached | throttled.reached
    return sorted(
        (operation, status)
        for operation, statuses in operations.items()
        for status in statuses
        if (operation, status) not in reached
    )


def _be_limited(stack: LocalStack, client: Client) -> None:
    """What a client gets to hear that may use no provider any more."""
    offered = client.ask("POST", "/uploads", json={"documentName": _SAMPLE.name}).json()["data"]
    created = client.order("to be limited", offered["documentUrl"])
    # Nothing was stored there, so it fails.
    failed = client.order("to fail", offered["documentUrl"])
    client.end(failed)
    DynamoDBClientStore(Table(Clients(), stack.table)).set_limits(CLIENT, ClientLimits(frozenset()))
    body = {"jobNumber": "limited", "documentName": "a.pdf", "documentUrl": offered["documentUrl"], "template": "any"}
    client.ask("POST", _JOBS, json=body)
    client.ask("PUT", _JOB, created, json=body)
    client.ask("POST", _DOCUMENTS, **_form(_DOCUMENTS))
    client.ask("POST", f"{_JOB}/process", created)
    client.ask("POST", f"{_JOB}/retry", failed)


def _operations(client: Client) -> Iterator[tuple[str, list[str]]]:
    """What the document has: method and path of each operation, with its statuses."""
    document = requests.get(f"{client.url}/openapi.json", timeout=30).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", list(operation["responses"])


def _form(path: str) -> dict[str, Any]:
    """What an operation needs that answers nothing without a form."""
    return {"files": {"file": (_SAMPLE.name, _SAMPLE.read_bytes())}} if path == _DOCUMENTS else {}


def use(stack: LocalStack, client: Client) -> None:
    """What people do, and what they get wrong."""
    offered = client.ask("POST", "/uploads", json={"documentName": _SAMPLE.name}).json()["data"]
    sent = requests.post(offered["url"], data=offered["fields"], files={"file": _SAMPLE.read_bytes()}, timeout=30)
    sent.raise_for_status()
    link = offered["documentUrl"]
    created = client.order("created", link)
    completed = client.order("completed", link, headers={"idempotency-key": "once"})
    refused = client.order("refused", link.replace(_SAMPLE.name, "nothing-there.xml"))
    client.end(completed)
    client.end(refused)
    for path in ("", "/results", "/document", "/invoice", "/submissions"):
        client.ask("GET", _JOB + path, completed)
        client.ask("GET", _JOB + path, "unknown")
    client.ask("GET", f"{_JOB}/invoice", completed, params={"version": "another"})
    client.ask("GET", _JOBS)
    client.ask("GET", _JOBS, params={"limit": "0"})
    client.ask("POST", "/uploads", json={})
    client.ask("POST", f"{_JOB}/confirm", completed, json={"values": {"total": "1.00"}})
    client.ask("POST", f"{_JOB}/confirm", completed, json={"values": {"no.such.field": "1.00"}})
    client.ask("POST", f"{_JOB}/retry", completed)
    client.ask("POST", f"{_JOB}/retry", refused)
    changed: Mapping[str, str] = {
        "jobNumber": "changed",
        "documentName": _SAMPLE.name,
        "documentUrl": link,
        "template": "embedded",
    }
    client.ask("PUT", _JOB, created, json=changed)
    client.ask("PUT", _JOB, completed, json=changed)
    client.ask("POST", _JOBS, json=changed)
    client.ask("POST", _DOCUMENTS, headers={"idempotency-key": "upload"}, **_form(_DOCUMENTS))
    _leave_unanswered(stack)
    client.ask("POST", _JOBS, json={**changed, "jobNumber": "completed"}, headers={"idempotency-key": "once"})
    client.ask("POST", _DOCUMENTS, headers={"idempotency-key": "upload"}, **_form(_DOCUMENTS))
    client.ask("DELETE", _JOB, created)
    for method, path in (("PUT", ""), ("DELETE", ""), ("POST", "/process"), ("POST", "/confirm"), ("POST", "/retry")):
        client.ask(method, _JOB + path, "unknown", json=changed if method == "PUT" else None)


def _leave_unanswered(stack: LocalStack) -> None:
    """Make the requests that had an Idempotency-Key look as if their answers were still under way."""
    later = int(time.time()) + 600
    for record in stack.rows("IDEMPOTENCY"):
        stack.dynamodb.update_item(
            TableName=stack.table,
            Key={"PK": {"S": "IDEMPOTENCY"}, "SK": {"S": record}},
            UpdateExpression="SET #status = :running, in_progress_expiration = :later, #ttl = :later",
            ExpressionAttributeNames={"#status": "status", "#ttl": "ttl"},
            ExpressionAttributeValues={":running": {"S": "INPROGRESS"}, ":later": {"N": str(later * 1000)}},
        )
