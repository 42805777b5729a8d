"""HTTP requests as the events that API Gateway makes of them for functions and authorizers (REST, version 1.0).

The API answers as it does under a domain name of its own: the stage is part of the event, but not of the path.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request

from local_stack.gateway.api import Api
from local_stack.gateway.routing import Route
from local_stack.simulators.server import HOST, SENT_HEADERS, HangUp

ACCOUNT = "123456789012"
# What belongs to the connection and not to the request does not reach a function.
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "expect", "keep-alive", "te", "trailer", "upgrade"})

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Incoming:
    """A request: ``path`` is as it was sent, percent-encoded, ``query`` is decoded."""

    method: str
    path: str
    query: Pairs
    headers: Pairs
    body: bytes

    def header(self, name: str) -> str | None:
        """The last value of a header, in whatever case it was sent."""
        values = [value for sent, value in self.headers if sent.lower() == name.lower()]
        return values[-1] if values else None


def incoming(request: Request) -> Incoming:
    """A request that came through a ``LoopbackServer``, with its whole body.

    Raises:
        HangUp: the client left before it had sent the body.
        UnicodeDecodeError: the query is neither ASCII nor UTF-8.
    """
    try:
        body = request.get_data()
    except ClientDisconnected as exc:
        raise HangUp from exc
    return Incoming(
        method=request.method,
        path=_path(request.environ["RAW_URI"]),
        query=tuple(request.args.items(multi=True)),
        headers=tuple(request.environ[SENT_HEADERS]),
        body=body,
    )


def _path(target: str) -> str:
    if target.startswith("/"):
        return "/" + target.partition("?")[0].partition("#")[0].lstrip("/")
    return urlsplit(target).path or "/"


def request_context(api: Api, route: Route, request: Incoming, now: datetime) -> dict[str, Any]:
    """``requestContext``, before the authorizer has added to it."""
    domain = request.header("Host") or HOST
    return {
        "accountId": ACCOUNT,
        "apiId": api.id,
        "deploymentId": "local",
        "domainName": domain.partition(":")[0],
        "domainPrefix": domain.partition(":")[0].partition(".")[0],
        "extendedRequestId": uuid.uuid4().hex[:15] + "=",
        "httpMethod": request.method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": HOST,
            "user": None,
            "userAgent": request.header("User-Agent"),
            "userArn": None,
        },
        "path": request.path,
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "resourceId": f"{abs(hash(route.resource)) % 36**6:06x}"[:6],
        "resourcePath": route.resource,
        "stage": api.stage,
    }


def authorizer_event(
    api: Api, route: Route, request: Incoming, context: Mapping[str, Any], region: str
) -> dict[str, Any]:
    """What an authorizer of the type REQUEST is asked with: everything but the body."""
    return {"type": "REQUEST", "methodArn": method_arn(api, request, region), **_common(api, route, request, context)}


def proxy_event(api: Api, route: Route, request: Incoming, context: Mapping[str, Any]) -> dict[str, Any]:
    """What the function behind a method is called with. The body is text, or base64 for a binary media type."""
    is_binary = bool(request.body) and is_binary_type(api, request.header("Content-Type"))
    body: str | None = None
    if request.body:
        body = base64.b64encode(request.body).decode() if is_binary else request.body.decode("utf-8", "replace")
    return {**_common(api, route, request, context), "body": body, "isBase64Encoded": is_binary}


def method_arn(api: Api, request: Incoming, region: str) -> str:
    path = request.path.removeprefix("/")
    return f"arn:aws:execute-api:{region}:{ACCOUNT}:{api.id}/{api.stage}/{request.method}/{path}"


def is_binary_type(api: Api, content_type: str | None) -> bool:
    """Whether the template counts a media type, given with parameters or without, as binary."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    main_type = media_type.partition("/")[0]
    return bool({"*/*", media_type, f"{main_type}/*"} & api.binary_types)


def _common(api: Api, route: Route, request: Incoming, context: Mapping[str, Any]) -> dict[str, Any]:
    headers = _collected(_forwarded(request), by_case=False)
    query = _collected(request.query, by_case=True)
    return {
        "resource": route.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(route.parameters) or None,
        "stageVariables": dict(api.stage_variables) or None,
        "requestContext": dict(context),
    }


def _forwarded(request: Incoming) -> Iterable[tuple[str, str]]:
    """The headers of a request as a function sees them, with those that API Gateway adds."""
    sent = [(name, value) for name, value in request.headers if name.lower() not in _OF_THE_CONNECTION]
    on_behalf_of = [value for name, value in sent if name.lower() == "x-forwarded-for"]
    ours = {
        "X-Amzn-Trace-Id": f"Root=1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]}",
        "X-Forwarded-For": ", ".join([*on_behalf_of, HOST]),
        "X-Forwarded-Port": (request.header("Host") or "").partition(":")[2] or "80",
        "X-Forwarded-Proto": "http",
    }
    replaced = {name.lower() for name in ours}
    return [*((name, value) for name, value in sent if name.lower() not in replaced), *ours.items()]


def _collected(pairs: Iterable[tuple[str, str]], *, by_case: bool) -> dict[str, list[str]]:
    """All values by name; names that differ in case alone are one when ``by_case`` is false, spelled as the first."""
    spelling: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        known = spelling.setdefault(name if by_case else name.lower(), name)
        values.setdefault(known, []).append(value)
    return values


def _last(values: Mapping[str, list[str]]) -> dict[str, str]:
    """Where a name has several values, API Gateway gives the last."""
    return {name: several[-1] for name, several in values.items()}
