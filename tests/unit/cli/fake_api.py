"""The API in memory, behind a real loopback server or as a function's handler, with faults on request."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Self
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from invoice_capture.domain.invoice import (
    AmountField,
    DateField,
    Invoice,
    Line,
    Party,
    Tax,
    TextField,
    TypeField,
)
from local_stack.simulators.server import HangUp, LoopbackServer

KEY = "ick_abcdefghijkl_secret"
BUCKET = "documents-bucket"
NOW = datetime(2026, 1, 14, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Fault:
    """Instead of the answer. ``lost``: the request is carried out, and the connection reset."""

    status: int = 0
    headers: Mapping[str, str] | None = None
    lost: bool = False


def an_invoice(number: str = "QMI-26-00412", supplier: str = "Quillmere Instruments Ltd") -> Invoice:
    def sure(value: str, confidence: float = 0.97) -> TextField:
        return TextField(value=value, confidence=confidence, page=0, source="text")

    def amount(value: str) -> AmountField:
        return AmountField(value=Decimal(value), confidence=0.95, page=0)

    return Invoice(
        invoice_number=sure(number),
        issue_date=DateField.model_validate({"value": "2026-01-14", "confidence": 0.99, "page": 0}),
        type=TypeField.model_validate({"value": "invoice", "confidence": 1.0}),
        currency=sure("GBP"),
        supplier=Party(name=sure(supplier, 0.62), iban=sure("GB33BUKB20201555555555", 0.4)),
        subtotal=amount("1747.00"),
        tax_total=amount("349.40"),
        total=amount("2096.40"),
        taxes=(Tax(rate=amount("20"), base=amount("1747.00"), amount=amount("349.40")),),
        lines=(
            Line(
                description=sure("Torsion balance"),
                quantity=amount("1"),
                unit_price=amount("1500"),
                total=amount("1500"),
            ),
            Line(description=sure("=HYPERLINK(1)"), quantity=amount("-2"), total=amount("247.00")),
        ),
    )


FINDING = {
    "code": "iban_invalid",
    "severity": "error",
    "message": "The supplier's IBAN fails its check digits.",
    "fields": ["supplier.iban"],
}


class FakeApi:
    """Files with ``bad`` in their name fail, with ``twice`` are duplicates, with ``slow`` never end.

    ``looks`` is how often a job is looked at before it has ended; ``makes`` has more values of new jobs. ``faults`` are
    used up in order, by ``METHOD path``, where the id of a job is ``ID``; None is no fault. So many ``empty_pages``
    come before a list's jobs, as when one request may not read as far as the first that fits. An invoice has at most
    ``lines_of_answer`` at once.
    """

    def __init__(self, *, maximum_bytes: int = 20_000, looks: int = 1) -> None:
        self.maximum_bytes = maximum_bytes
        self.looks = looks
        self.empty_pages = 0
        self.lines_of_answer: int | None = None
        self.jobs: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, bytes] = {}
        self.faults: dict[str, deque[Fault | None]] = {}
        self.makes: dict[str, Any] = {}
        self.requests: Counter[str] = Counter()
        self.headers: list[tuple[str, dict[str, str]]] = []
        self._seen: Counter[str] = Counter()
        self._created: dict[str, tuple[int, Any]] = {}
        self._lock = threading.RLock()
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self._server = LoopbackServer(self._over_http)
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"{self._server.origin}/v1"

    def fail(self, operation: str, *faults: Fault | None) -> None:
        self.faults[operation] = deque(faults)

    def add(self, **values: Any) -> str:
        """A job that is there already."""
        job_id = f"01KN1W7MG0AYEVZ1JH1T0R{len(self.jobs):04d}"
        created = (NOW + timedelta(minutes=len(self.jobs))).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.jobs[job_id] = (
            self.makes
            | {
                "_id": job_id,
                "jobNumber": f"N-{len(self.jobs)}",
                "documentName": "invoice.pdf",
                "documentUrl": f"s3://{BUCKET}/documents/acme/1/invoice.pdf",
                "template": "default",
                "status": "created",
                "priority": "medium",
                "createdAt": created,
                "updatedAt": created,
            }
            | values
        )
        if self.jobs[job_id]["status"] == "completed":
            self._complete(self.jobs[job_id])
        return job_id

    # --- ways in -----------------------------------------------------------------------------------------------------

    def handler(self, event: dict[str, Any], _context: object) -> dict[str, Any]:
        """As the function behind API Gateway."""
        assert event["requestContext"]["authorizer"]["scopes"] == "all"
        status, body, headers = self._answer(
            event["httpMethod"],
            event["path"],
            event["queryStringParameters"] or {},
            {name.lower(): value for name, value in event["headers"].items()},
            event["body"] or "",
        )
        return {"statusCode": status, "headers": headers, "body": json.dumps(body), "isBase64Encoded": False}

    def _over_http(self, request: Request) -> Response:
        path = request.path.removeprefix("/v1")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if path.startswith("/storage/"):
            return self._stored(request, path.removeprefix("/storage/"))
        # Read before anything can go wrong, as a function has it.
        content = request.get_data(as_text=True)
        if headers.get("api-key") != KEY:
            return Response(json.dumps({"success": False, "message": "Unauthorized", "errors": []}), 401)
        status, body, more = self._answer(request.method, path, request.args.to_dict(), headers, content)
        return Response(json.dumps(body), status, more, mimetype="application/json")

    def _stored(self, request: Request, key: str) -> Response:
        self._record("POST /storage", {name.lower(): value for name, value in request.headers.items()})
        if fault := self._fault("POST /storage"):
            if not fault.status:
                raise HangUp
            return Response("<Error><Code>SlowDown</Code></Error>", fault.status)
        assert "Transfer-Encoding" not in request.headers
        content = request.files["file"].read()
        assert request.form["key"] == key
        if len(content) > self.maximum_bytes:
            return Response("<Error><Code>EntityTooLarge</Code></Error>", 400)
        self.objects[key] = content
        return Response(status=204)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], headers: dict[str, str], content: str
    ) -> tuple[int, Any, dict[str, str]]:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        operation = f"{method} /" + "/".join("ID" if place == 1 else part for place, part in enumerate(parts))
        with self._lock:
            self._record(operation, headers)
            fault = self._fault(operation)
            if fault and fault.status:
                return fault.status, _no(f"fault {fault.status}"), dict(fault.headers or {})
            if fault and not fault.lost:
                raise HangUp
            status, body = self._carry_out(method, parts, query, headers, json.loads(content) if content else {})
        if fault:
            raise HangUp
        return status, body, {}

    def _record(self, operation: str, headers: dict[str, str]) -> None:
        self.requests[operation] += 1
        self.headers.append((operation, headers))

    def _fault(self, operation: str) -> Fault | None:
        waiting = self.faults.get(operation)
        return waiting.popleft() if waiting else None

    def _carry_out(
        self, method: str, parts: list[str], query: Mapping[str, str], headers: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        if (method, parts) == ("POST", ["uploads"]):
            return 201, {"success": True, "data": self._offer(body)}
        if parts[0] != "ocr-invoice-job":
            return 404, _no("There is nothing at this path.")
        if len(parts) == 1:
            return self._list(query) if method == "GET" else self._create(body, headers.get("idempotency-key"))
        job = self.jobs.get(parts[1])
        if job is None:
            return 404, _no("OCR invoice job not found. Its id is the _id that creating it answered with.")
        match method, parts[2:]:
            case "GET", []:
                return 200, {"success": True, "data": job}
            case "POST", ["process"]:
                if job["status"] == "created":
                    job["status"] = "queued"
                return 200, {"success": True, "data": {"jobId": job["_id"], "status": job["status"]}}
            case "POST", ["retry"]:
                if job["status"] not in {"failed"}:
                    return 409, _no(f"Job {job['_id']} cannot be retried while it is {job['status']}.")
                job["status"] = "queued"
                return 200, {"success": True, "data": {"jobId": job["_id"], "status": "queued"}}
            case "GET", ["invoice"]:
                return self._invoice(job, int(query.get("fromLine", "0")))
            case "GET", ["submissions"]:
                return 200, {"success": True, "data": job.get("_submissions", [])}
        return 404, _no("There is nothing at this path.")

    def _offer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        key = f"documents/acme/{len(self.headers)}/{body['documentName']}"
        return {
            "url": f"{self.url}/storage/{key}",
            "fields": {"key": key, "Content-Type": "application/pdf", "policy": "x", "success_action_status": "204"},
            "documentUrl": f"s3://{BUCKET}/{key}",
            "maximumBytes": self.maximum_bytes,
            "expiresAt": "2026-01-14T10:00:00.000Z",
        }

    def _create(self, body: Mapping[str, Any], key: str | None) -> tuple[int, Any]:
        if key in self._created:
            return self._created[key or ""]
        if any(job["jobNumber"] == body["jobNumber"] for job in self.jobs.values()):
            message = f"You have a job with the number {body['jobNumber']!r} already."
            errors = [{"field": "jobNumber", "message": message}]
            return 400, {"success": False, "message": message, "errors": errors}
        answer = 201, {"success": True, "data": dict(self.jobs[self.add(**body)])}
        if key:
            self._created[key] = answer
        return answer

    def _invoice(self, job: Mapping[str, Any], start: int) -> tuple[int, Any]:
        if job["status"] != "completed":
            return 404, _no(f"Job {job['_id']} has no invoice: it is {job['status']}.")
        stored = {
            "invoice": job.get("_invoice") or an_invoice().to_json(),
            "findings": [FINDING],
            "confirmed": False,
            "storedAt": "2026-01-14T09:31:00.000Z",
        }
        if self.lines_of_answer is not None:
            lines, end = stored["invoice"]["lines"], start + self.lines_of_answer
            stored["invoice"] = {**stored["invoice"], "lines": lines[start:end]}
            stored |= {"nextLine": end} if end < len(lines) else {}
        return 200, {"success": True, "data": stored}

    def _list(self, query: Mapping[str, str]) -> tuple[int, Any]:
        if self.empty_pages:
            self.empty_pages -= 1
            return 200, {"success": True, "data": [], "total": 0, "nextToken": "0", "moreToRead": True}
        limit, start = int(query.get("limit", "50")), int(query.get("nextToken", "0"))
        if not 1 <= limit <= 100:
            return 400, _no("limit is from 1 to 100")
        filters = json.loads(query.get("filter", "{}"))
        for job_id in filters.get("_id", {}).get("$in", self.jobs):
            if job_id in self.jobs:
                self._advance(self.jobs[job_id])
        rows = [job for job in self.jobs.values() if all(_fits(job, *pair) for pair in filters.items())]
        if search := query.get("search"):
            rows = [row for row in rows if search.lower() in row["documentName"].lower()]
        rows.sort(key=lambda row: str(row.get(query.get("sort", "createdAt"))), reverse=query.get("order") != "asc")
        page = [{name: value for name, value in row.items() if name != "confidence"} for row in rows]
        answer = {"success": True, "data": page[start : start + limit], "total": len(rows)}
        return 200, answer | ({"nextToken": str(start + limit)} if start + limit < len(rows) else {})

    # --- the pipeline ------------------------------------------------------------------------------------------------

    def _advance(self, job: dict[str, Any]) -> None:
        if job["status"] not in {"queued", "processing"} or "slow" in job["documentName"]:
            return
        self._seen[job["_id"]] += 1
        job["status"] = "processing"
        if self._seen[job["_id"]] < self.looks:
            return
        if "bad" in job["documentName"]:
            job |= {"status": "failed", "errorLog": f"UnsupportedFormat: {job['documentName']} is no invoice."}
            return
        job["status"] = "completed"
        if "twice" in job["documentName"]:
            job["duplicateOf"] = "01KN1W7MG0AYEVZ1JH1T0R9999"
        self._complete(job)

    def _complete(self, job: dict[str, Any]) -> None:
        invoice = {
            "number": "QMI-26-00412",
            "date": "2026-01-14",
            "supplier": {"name": "Quillmere Instruments Ltd"},
            "amounts": {"total": 2096.4, "currency": "GBP"},
        }
        invoice |= job.get("_head", {})
        error = {"field": "supplier.iban", "message": FINDING["message"], "severity": "error"}
        job |= {
            "extractedData": {"invoice": invoice},
            "confidence": {"overall": 0.91, "fields": {}},
            "validationResults": {"isValid": False, "errors": [error]},
            "startedAt": "2026-01-14T09:30:01.000Z",
            "completedAt": "2026-01-14T09:30:03.500Z",
            "processingTime": 2.5,
            "provider": "embedded",
        }


def _no(message: str) -> dict[str, Any]:
    return {"success": False, "message": message, "errors": []}


def _fits(job: Mapping[str, Any], name: str, wanted: Any) -> bool:
    value = job.get(name)
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    return all(value in operand if sign == "$in" else str(value) >= operand for sign, operand in wanted.items())
