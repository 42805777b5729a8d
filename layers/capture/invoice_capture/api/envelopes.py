"""The envelopes of answers, and which status each error has."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from traceback import extract_tb
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools.event_handler import Response

from invoice_capture.domain.api_errors import (
    ApiError,
    InvalidRequest,
    JobNotFound,
    LimitReached,
    NotAllowed,
    NothingThere,
    TooLarge,
    WrongStatus,
)
from invoice_capture.domain.client import Unauthorized
from invoice_capture.domain.errors import StoreUnavailable

JSON = "application/json"
_RETRY_AFTER_SECONDS = 2
# Lambda answers with 6 MB at most; this leaves room for everything else.
_MOST_LIST_BYTES = 4 * 1024**2
_MOST_TOLD = 20
_LONGEST_FIELD = 100

_log = logging.getLogger(__name__)


STATUSES: Mapping[type[ApiError], int] = MappingProxyType(
    {
        InvalidRequest: 400,
        NotAllowed: 403,
        JobNotFound: 404,
        NothingThere: 404,
        WrongStatus: 409,
        TooLarge: 413,
        LimitReached: 429,
    }
)

UNAUTHORIZED = "Send your key in the header api-key. It is missing, unknown or revoked."
ANSWER_TOO_LARGE = (
    "This is more than one answer can have. GET /ocr-invoice-job/{id}/invoice has the lines of an invoice in parts: "
    "ask for the next one with fromLine, which is the nextLine of the one before."
)
UNAVAILABLE = "A service behind this API did not answer in time. Try again in a moment."


def success(data: Any, status: int = 200, **further: Any) -> Response[dict[str, Any]]:
    """``further`` stands beside the data; what is None is left out."""
    body = {"success": True, "data": data} | {name: value for name, value in further.items() if value is not None}
    return Response(status, JSON, body)


def as_many_as_fit(entries: Sequence[Any], start: int) -> tuple[Sequence[Any], int | None]:
    """The entries from a place on that one answer has room for, and the place of the next; None when none is left."""
    size = 0
    for place in range(start, len(entries)):
        size += written_size(json.dumps(entries[place]))
        if size > _MOST_LIST_BYTES and place > start:
            return entries[start:place], place
    return entries[start:], None


def written_size(body: str) -> int:
    """The bytes of a body in the answer of a function, which is JSON itself: a quote in it becomes two."""
    return len(json.dumps(body))


def answer_too_large() -> Response[dict[str, Any]]:
    return error(413, ANSWER_TOO_LARGE)


def error(
    status: int, message: str, errors: Sequence[Mapping[str, str]] = (), headers: Mapping[str, str] | None = None
) -> Response[dict[str, Any]]:
    body = {"success": False, "message": message, "errors": list(errors)}
    return Response(status, JSON, body, headers={**(headers or {})})


def failure(exc: ApiError) -> Response[dict[str, Any]]:
    message = str(exc)
    errors = [] if exc.field is None else [{"field": exc.field, "message": message}]
    headers = {"Retry-After": str(exc.retry_after)} if isinstance(exc, LimitReached) else {}
    return error(STATUSES[type(exc)], message, errors, headers)


def invalid(problems: Sequence[Mapping[str, Any]]) -> Response[dict[str, Any]]:
    """400 of what pydantic found, one entry for each field. Its messages do not quote what was sent."""
    fields: dict[str, str] = {}
    for problem in problems:
        # The first part says where a value was sent: body, query, header or path.
        field = ".".join(str(part) for part in problem["loc"][1:]) or str(problem["loc"][0])
        fields.setdefault(field[:_LONGEST_FIELD], _told(field, problem))
    by_message: dict[str, list[str]] = {}
    for field, message in list(fields.items())[:_MOST_TOLD]:
        by_message.setdefault(message, []).append(field)
    told = [f"{', '.join(names)}: {message}." for message, names in by_message.items()]
    if len(fields) > _MOST_TOLD:
        told.append(f"And {len(fields) - _MOST_TOLD} fields more.")
    errors = [{"field": field, "message": f"{message}."} for field, message in list(fields.items())[:_MOST_TOLD]]
    return error(400, " ".join(told), errors)


def _told(field: str, problem: Mapping[str, Any]) -> str:
    match problem["type"]:
        case "missing" if field == "body":
            return "The request needs a JSON object as its body"
        case "extra_forbidden":
            return "There is no such field here; GET /docs shows those that there are"
        case _:
            return str(problem["msg"])


def nothing_there() -> Response[dict[str, Any]]:
    return error(404, "There is nothing at this path. GET /docs shows what there is.")


def unauthorized(_exc: Unauthorized) -> Response[dict[str, Any]]:
    """API Gateway answers the same; here it is for who asks the function itself."""
    errors = [{"field": "api-key", "message": UNAUTHORIZED}]
    return error(401, UNAUTHORIZED, errors, {"WWW-Authenticate": "ApiKey name=api-key"})


def unavailable(exc: StoreUnavailable) -> Response[dict[str, Any]]:
    _log.warning("A request could not be answered.", extra={"error": exc.code, "reason": str(exc)})
    return error(500, UNAVAILABLE, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)})


def failed(exc: Exception, request_id: str) -> Response[dict[str, Any]]:
    """500 of a defect. The message of an unexpected error may quote a document: its name and its place are logged."""
    places = [f"{frame.name}, {frame.filename}:{frame.lineno}" for frame in extract_tb(exc.__traceback__)]
    _log.error("This request failed.", extra={"error": type(exc).__name__, "places": places[-10:]})
    return error(500, f"Something went wrong here; it was logged under {request_id}.")
