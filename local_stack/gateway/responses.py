"""What goes back to the client: the gateway's own refusals, and the answers of functions."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

from local_stack.gateway.api import Api, GatewayResponse
from local_stack.gateway.events import Incoming, is_binary_type

# Type of refusal: status, message and error type that API Gateway gives unless the template says otherwise.
_REFUSALS: Mapping[str, tuple[int, str | None, str]] = {
    "ACCESS_DENIED": (403, "User is not authorized to access this resource", "AccessDeniedException"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, None, "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": (500, None, "AuthorizerFailureException"),
    "DEFAULT_4XX": (400, "Bad Request", "BadRequestException"),
    "DEFAULT_5XX": (502, "Internal server error", "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out", "InternalServerErrorException"),
    "INVALID_API_KEY": (403, "Forbidden", "ForbiddenException"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
    "QUOTA_EXCEEDED": (429, "Limit Exceeded", "LimitExceededException"),
    "REQUEST_TOO_LARGE": (413, "Request Too Long", "RequestTooLargeException"),
    "THROTTLED": (429, "Too Many Requests", "TooManyRequestsException"),
    "UNAUTHORIZED": (401, "Unauthorized", "UnauthorizedException"),
}
_PLAIN = GatewayResponse(None, {}, {"application/json": '{"message":$context.error.messageString}'})
_VARIABLE = re.compile(r"\$(context|stageVariables)\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
_ANSWER_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
_NOT_PASSED_ON = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
_WITHOUT_BODY = frozenset({204, 304})


class Refused(Exception):
    """The gateway answers itself; ``kind`` is the type of its response, such as ``THROTTLED``."""

    def __init__(self, kind: str, message: str | None = None, validation: str = "") -> None:
        self.status, usual, self.error_type = _REFUSALS[kind]
        self.kind = kind
        self.message = message or usual
        self.validation = validation
        super().__init__(f"{kind}: {self.message}")


class Malformed(Exception):
    """What a function answered is no answer to an HTTP request; the message says why."""


def refusal(api: Api, refused: Refused, context: Mapping[str, Any]) -> Response:
    """A refusal as the template wants it; ``context`` is the requestContext as far as it is known."""
    default = "DEFAULT_4XX" if refused.status < 500 else "DEFAULT_5XX"
    chosen = api.responses.get(refused.kind) or api.responses.get(default) or _PLAIN
    templates = chosen.templates or _PLAIN.templates
    content_type = "application/json" if "application/json" in templates else next(iter(templates))
    variables = {
        **context,
        "error": {
            "message": "" if refused.message is None else refused.message,
            "messageString": json.dumps(refused.message),
            "responseType": refused.kind,
            "validationErrorString": refused.validation,
        },
    }

    def value(found: re.Match[str]) -> str:
        place: Any = variables if found[1] == "context" else api.stage_variables
        for name in found[2].split("."):
            place = place.get(name, "") if isinstance(place, Mapping) else ""
        return str(place)

    headers = Headers({"x-amzn-RequestId": context.get("requestId", ""), "x-amzn-ErrorType": refused.error_type})
    headers["Content-Type"] = content_type
    for name, text in chosen.headers.items():
        headers[name] = text
    return Response(_VARIABLE.sub(value, templates[content_type]), chosen.status or refused.status, headers)


def proxy_response(api: Api, request: Incoming, answer: Any, request_id: str) -> Response:
    """The answer of a function, ``{statusCode, headers, multiValueHeaders, body, isBase64Encoded}``, as HTTP.

    Raises:
        Malformed: it is none.
    """
    if not isinstance(answer, dict) or not set(answer) <= _ANSWER_KEYS:
        raise Malformed(f"An answer has the keys {', '.join(sorted(_ANSWER_KEYS))} and no others.")
    status, body = _status(answer.get("statusCode", 200)), answer.get("body")
    if body is not None and not isinstance(body, str):
        raise Malformed(f"A body is a string, not {type(body).__name__}.")
    content = (body or "").encode("utf-8", "surrogatepass")
    # As on AWS, base64 is decoded only for a client whose first choice is a binary type.
    first_choice = (request.header("Accept") or "").partition(",")[0]
    if answer.get("isBase64Encoded") is True and is_binary_type(api, first_choice):
        try:
            content = base64.b64decode(content, validate=True)
        except binascii.Error as exc:
            raise Malformed("isBase64Encoded is true, but the body is no base64.") from exc
    headers = _headers(answer)
    headers.setdefault("Content-Type", "application/json")
    headers["x-amzn-RequestId"] = request_id
    response = Response(b"" if status in _WITHOUT_BODY else content, status, headers)
    if request.method == "HEAD" and not content:
        # The length would be that of the answer to GET, which the function kept to itself.
        del response.headers["Content-Length"]
    return response


def _status(value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch("[2-5][0-9][0-9]", text):
        raise Malformed(f"{text!r} is no status code of an answer.")
    return int(text)


def _headers(answer: Mapping[str, Any]) -> Headers:
    single, multiple = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise Malformed("headers and multiValueHeaders are objects.")
    headers = Headers()
    for name, values in multiple.items():
        for value in values if isinstance(values, list) else [values]:
            _add(headers, name, value)
    for name, value in single.items():
        if str(value) not in headers.getlist(name):
            _add(headers, name, value)
    return headers


def _add(headers: Headers, name: str, value: Any) -> None:
    if name.lower() in _NOT_PASSED_ON or value is None:
        return
    if isinstance(value, (dict, list)):
        raise Malformed(f"The header {name} is no string.")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        # HTTP carries bytes; what is not ASCII goes as UTF-8.
        headers.add(name, text.encode().decode("latin-1"))
    except ValueError as exc:
        raise Malformed(f"The header {name} has a line break.") from exc
