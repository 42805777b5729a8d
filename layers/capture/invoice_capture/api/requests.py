"""What a request carries besides its values: who asks, the address it was sent to, and a body that is sound JSON."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from invoice_capture.domain.api_errors import InvalidRequest, TooLarge
from invoice_capture.domain.client import Principal, Unauthorized

MOST_BODY_BYTES = 256 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_BODY = "body"
_DASHES, _DASHES_IN_BASE64 = re.compile("--"), re.compile("LS[0-3]")


def principal_of(event: Mapping[str, Any]) -> Principal:
    """Who asks, as the authorizer says. Raises Unauthorized where it says nothing."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    client = context.get("client")
    if not isinstance(client, str) or not client:
        raise Unauthorized("The authorizer said nothing about this request.")
    return Principal(client, frozenset(str(context.get("scopes") or "").split()))


def request_id_of(event: Mapping[str, Any], context: object) -> str:
    """What API Gateway, and else Lambda, knows the request by."""
    given = (event.get("requestContext") or {}).get("requestId")
    return str(given or getattr(context, "aws_request_id", "-"))


def base_url_of(event: Mapping[str, Any]) -> str:
    """The URL that the paths of the API follow, with the stage where the client has to name it."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    context = event.get("requestContext") or {}
    host = str(headers.get("host") or "")
    if not _HOST.fullmatch(host):
        host = str(context.get("domainName") or "localhost")
    scheme = "http" if headers.get("x-forwarded-proto") == "http" else "https"
    # The context has the path as it was sent, with the stage in front of it under the API's own domain name.
    sent, path = str(context.get("path") or ""), str(event.get("path") or "")
    prefix = sent.removesuffix(path) if path != "/" and sent.endswith(path) else ""
    return f"{scheme}://{host}{prefix}"


def header_of(event: Mapping[str, Any], name: str) -> str:
    """A header in whatever case it was sent; empty where there is none."""
    sent = event.get("headers") or {}
    return next((str(value) for given, value in sent.items() if given.lower() == name), "")


def body_of(event: Mapping[str, Any], most_bytes: int) -> bytes | None:
    """The body as it was sent, however the event has it; None for one of more than ``most_bytes``.

    Raises InvalidRequest.
    """
    text = event.get(_BODY) or ""
    is_base64 = event.get("isBase64Encoded")
    # A letter has a byte at least, and four letters of base64 have three.
    if len(text) > (most_bytes * 4 // 3 + 4 if is_base64 else most_bytes):
        return None
    try:
        body = base64.b64decode(text, validate=True) if is_base64 else text.encode("utf-8", "surrogatepass")
    except ValueError as exc:
        raise InvalidRequest("The body is no base64.", _BODY) from exc
    return body if len(body) <= most_bytes else None


def json_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its body as text, which is read as JSON whatever it is called. Raises TooLarge, InvalidRequest."""
    if _is_form(event):
        raise InvalidRequest(
            "This operation takes a JSON object, with content-type: application/json. A document in a form goes to "
            "POST /ocr-invoice-job/documents.",
            _BODY,
        )
    body = body_of(event, MOST_BODY_BYTES)
    if body is None:
        raise TooLarge(f"The body may have at most {MOST_BODY_BYTES // 1024} KB.", _BODY)
    try:
        return with_json(event, body.decode())
    except UnicodeDecodeError as exc:
        raise InvalidRequest("The body is not text in UTF-8.", _BODY) from exc


def with_json(event: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The event with this body, to be read as JSON whatever it was called: the routes know nothing else."""
    return {
        **event,
        _BODY: text,
        "isBase64Encoded": False,
        "headers": _without_content_type(event.get("headers")),
        "multiValueHeaders": _without_content_type(event.get("multiValueHeaders")),
    }


def refuse_unknown(app: Any, next_middleware: Callable[[Any], Any]) -> Any:
    """Powertools' middleware that lets no parameter and no body pass that an operation would not look at.

    Raises InvalidRequest.
    """
    route, event = app.context["_route"], app.current_event
    # The description, and what answers where there is nothing, are no operations.
    if not route.tags:
        return next_middleware(app)
    known = [field.alias for field in route.dependant.query_params]
    unknown = [name for name in event.query_string_parameters or {} if name not in known]
    if unknown:
        there_is = f"there is {', '.join(known)}" if known else "this operation has none"
        raise InvalidRequest(f"There is no parameter {unknown[0][:50]!r}; {there_is}.", unknown[0][:50])
    if not route.dependant.body_params and (name := _first_field(event.body or "")) is not None:
        raise InvalidRequest(f"This operation takes no body, and would not heed its {name[:50]!r}.", name[:50])
    return next_middleware(app)


def _first_field(text: str) -> str | None:
    """The first field of a JSON object; None for anything else, which nobody means to be heeded."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return next(iter(content), None) if isinstance(content, dict) else None


def parse_object(text: str, field: str = _BODY) -> dict[str, Any]:
    """A JSON object, all of whose content can be written as JSON again. Raises InvalidRequest."""
    try:
        content = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest(f"The {field} is no JSON; a JSON object is wanted.", field) from exc
    if not isinstance(content, dict):
        raise InvalidRequest(f"The {field} must be a JSON object.", field)
    # Half a character: JSON can spell it, UTF-8 cannot.
    if "\\u" in text and _SURROGATE.search(json.dumps(content, ensure_ascii=False)):
        raise InvalidRequest(f"The {field} has half of a surrogate pair in it.", field)
    return content


def _is_form(event: Mapping[str, Any]) -> bool:
    """Whether the body is what multipart media types call one, and not JSON that was sent under a wrong name."""
    # A boundary begins with two dashes.
    begins = _DASHES_IN_BASE64 if event.get("isBase64Encoded") else _DASHES
    is_called_so = header_of(event, "content-type").lower().startswith("multipart/")
    return is_called_so and bool(begins.match(str(event.get(_BODY) or "")))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number too large")
    return number


def _without_content_type(headers: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (headers or {}).items() if name.lower() != "content-type"}
