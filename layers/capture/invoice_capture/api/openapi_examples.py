"""What the OpenAPI document says of each operation besides what its parameters and models say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from invoice_capture.api.envelopes import JSON, UNAUTHORIZED, UNAVAILABLE
from invoice_capture.api.models import ErrorAnswer
from invoice_capture.api.requests import MOST_BODY_BYTES

JOBS_TAG = "OCR Invoice Job"
MORE_TAG = "Beyond the contract"

JOB_ID = "01KFZ3C9J80000000000000000"

ORDER: Mapping[str, Any] = MappingProxyType(
    {
        "jobNumber": "OCR-2026-001",
        "documentName": "invoice_2026_001.pdf",
        "documentUrl": "https://storage.example.com/invoices/invoice_2026_001.pdf",
        "documentType": "pdf",
        "template": "embedded",
        "metadata": {"costCentre": "4711"},
    }
)
CREATED: Mapping[str, Any] = MappingProxyType(
    {
        "_id": JOB_ID,
        **ORDER,
        "status": "created",
        "priority": "medium",
        "progress": {"percentage": 0, "currentStep": "waiting to be started", "totalSteps": 3},
        "retryCount": 0,
        "createdAt": "2026-01-27T11:20:00.000Z",
        "updatedAt": "2026-01-27T11:20:00.000Z",
        "route": ["embedded"],
        "possibleDoubleCharge": False,
    }
)
QUEUED: Mapping[str, Any] = MappingProxyType(
    {
        **CREATED,
        "documentUrl": f"s3://documents/documents/acme/{JOB_ID}/invoice_2026_001.pdf",
        "status": "queued",
        "progress": {"percentage": 10, "currentStep": "preparing the document", "totalSteps": 3},
        "startedAt": "2026-01-27T11:20:00.000Z",
        "documentInfo": {"size": 48213, "format": "pdf"},
    }
)
RESULTS: Mapping[str, Any] = MappingProxyType(
    {
        "extractedData": {
            "invoice": {
                "number": "2026-001",
                "date": "2026-01-12",
                "supplier": {"name": "Example Ltd", "taxId": "IE6388047V"},
                "amounts": {"subtotal": 100.0, "tax": 19.0, "total": 119.0, "currency": "EUR"},
            },
            "lineItems": [{"description": "Paper", "quantity": 4.0, "unitPrice": 25.0, "amount": 100.0}],
        },
        "confidence": {"overall": 0.97, "fields": {"invoice.number": 0.99, "invoice.amounts.total": 0.95}},
        "validationResults": {"isValid": True, "errors": []},
        "processingTime": 12.4,
    }
)
COMPLETED: Mapping[str, Any] = MappingProxyType(
    {
        **CREATED,
        **RESULTS,
        "status": "completed",
        "progress": {"percentage": 100, "currentStep": "finished", "totalSteps": 3},
        "startedAt": "2026-01-27T11:20:01.000Z",
        "completedAt": "2026-01-27T11:20:13.400Z",
        "updatedAt": "2026-01-27T11:20:13.400Z",
        "documentInfo": {"size": 48213, "format": "pdf"},
        "provider": "embedded",
        "invoiceType": "invoice",
        "findings": [],
    }
)

_ERRORS: Mapping[int, tuple[str, str, str | None]] = MappingProxyType(
    {
        400: ("Bad request", "jobNumber: Field required.", "jobNumber"),
        401: ("Unauthorized", UNAUTHORIZED, "api-key"),
        403: ("Not allowed", "acme may not use abbyy; it may use embedded.", "template"),
        404: ("Not found", "OCR invoice job not found. Its id is the _id that creating it answered with.", None),
        409: (
            "Not possible in the present state",
            "Somebody else changed this at this moment. Look at it again.",
            None,
        ),
        413: ("The body is too large", f"The body may have at most {MOST_BODY_BYTES // 1024} KB.", "body"),
        429: (
            "Too many requests, or as many documents as the client may have for now",
            "Too many requests. Wait a moment, then go on more slowly.",
            None,
        ),
        500: ("Internal server error", UNAVAILABLE, None),
    }
)
_HEADERS: Mapping[int, Mapping[str, str]] = MappingProxyType(
    {
        401: {"WWW-Authenticate": "The header that the key belongs into"},
        429: {
            "Retry-After": "Seconds to wait",
            "X-RateLimit-Limit": "Of requests: how many a second in the long run",
            "X-RateLimit-Remaining": "Always 0: nothing is left at this moment",
            "X-RateLimit-Reset": "Seconds until there is something again",
        },
    }
)
_ALWAYS = (400, 401, 413, 429, 500)


def responses(status: int, description: str, model: Any, example: Any, *errors: int) -> dict[int, Any]:
    """The answers of an operation: its own, the errors it names, and those that any request may get."""
    content = {JSON: {"model": model, "examples": {"example": {"value": example}}}}
    return {status: {"description": description, "content": content}, **error_responses(*errors)}


def error_responses(*errors: int) -> dict[int, Any]:
    return {status: _error(status) for status in sorted({*errors, *_ALWAYS})}


def success_example(data: Any, **further: Any) -> dict[str, Any]:
    return {"success": True, "data": data if isinstance(data, list | str) else dict(data), **further}


def _error(status: int) -> dict[str, Any]:
    description, message, field = _ERRORS[status]
    errors = [] if field is None else [{"field": field, "message": message.removeprefix(f"{field}: ")}]
    value = {"success": False, "message": message, "errors": errors}
    headers = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.get(status, {}).items()
    }
    return {
        "description": description,
        **({"headers": headers} if headers else {}),
        "content": {JSON: {"model": ErrorAnswer, "examples": {"example": {"value": value}}}},
    }
