"""What a request carries besides its values: who asks, the address it was sent to, and a body that is sound JSON."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from invoice_capture.api.envelopes import BodyTooLarge
from invoice_capture.domain.client import Principal, Unauthorized
from invoice_capture.domain.refusals import InvalidRequest

MOST_BODY_BYTES = 256 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_BODY = "body"


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


def prepared(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its body as text, to be read as JSON whatever it is called: the API knows nothing else.

    Raises:
        BodyTooLarge, InvalidRequest
    """
    body = event.get(_BODY) or ""
    if len(body) > 2 * MOST_BODY_BYTES:
        raise _too_large()
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True).decode()
        except ValueError as exc:
            raise InvalidRequest("The body is not text in UTF-8.", _BODY) from exc
    if len(body.encode("utf-8", "surrogatepass")) > MOST_BODY_BYTES:
        raise _too_large()
    return {
        **event,
        _BODY: body,
        "isBase64Encoded": False,
        "headers": _without_content_type(event.get("headers")),
        "multiValueHeaders": _without_content_type(event.get("multiValueHeaders")),
    }


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object of a body, all of whose content can be written as JSON again. Raises InvalidRequest."""
    try:
        content = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest("The body is no JSON.", _BODY) from exc
    if not isinstance(content, dict):
        raise InvalidRequest("The body must be a JSON object.", _BODY)
    # Half a character: JSON can spell it, UTF-8 cannot.
    if "\\u" in text and _SURROGATE.search(json.dumps(content, ensure_ascii=False)):
        raise InvalidRequest("The body has half of a surrogate pair in it.", _BODY)
    return content


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number too large")
    return number


def _without_content_type(headers: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (headers or {}).items() if name.lower() != "content-type"}


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The body may have at most {MOST_BODY_BYTES // 1024} KB.", _BODY)
