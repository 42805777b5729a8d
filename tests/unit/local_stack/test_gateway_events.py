"""Whatever a client sends arrives in the event, as AWS documents it."""

from __future__ import annotations

import base64
import http.client
import json
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Request, Response

from local_stack.gateway.api import Api, Method
from local_stack.gateway.events import authorizer_event, incoming, proxy_event, request_context
from local_stack.gateway.routing import find
from local_stack.simulators.server import LoopbackServer

API = Api(
    "Api",
    "api",
    "v1",
    {path: {"ANY": Method("f")} for path in ("/", "/one/{id}", "/{proxy+}")},
    stage_variables={"colour": "blue"},
    binary_types=frozenset({"application/octet-stream"}),
)
NOW = datetime(2026, 2, 3, 4, 5, 6, 789000, UTC)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
SEGMENT = TEXT.filter(bool)
TOKEN = st.text(string.ascii_letters + string.digits + "!#$%&'*+.^`|~-", min_size=1, max_size=15)
# Linefeeds would end a header, and white space around a value is not part of it.
VALUE = st.text(st.characters(max_codepoint=255, exclude_categories=("Cc",)), max_size=30).map(
    lambda text: text.strip(" \t\xa0\x85")
)
OURS = {"host", "accept-encoding", "content-length", "content-type", "connection", "expect", "keep-alive", "te"}
OURS |= {"trailer", "upgrade", "transfer-encoding", "x-amzn-trace-id", "user-agent"}


class Trip:
    """Sends requests through a real connection and gives back the events that were made of them."""

    def __init__(self) -> None:
        self._server = LoopbackServer(self._answer)
        self._client = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=10)

    def send(
        self, method: str = "GET", target: str = "/", headers: Any = (), body: bytes | None = None
    ) -> tuple[Any, Any]:
        """The proxy event and the authorizer event of a request."""
        self._client.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            self._client.putheader(name, value.encode("latin-1"))
        if body is not None:
            self._client.putheader("Content-Length", str(len(body)))
        self._client.endheaders(body)
        proxy, authorizer = json.loads(self._client.getresponse().read())
        return proxy, authorizer

    def close(self) -> None:
        self._client.close()
        self._server.close()

    def _answer(self, request: Request) -> Response:
        received = incoming(request)
        route = find(API, received.method, received.path)
        assert route is not None
        context = request_context(API, route, received, NOW)
        events = [
            proxy_event(API, route, received, context),
            authorizer_event(API, route, received, context, "eu-west-1"),
        ]
        return Response(json.dumps(events), mimetype="application/json")


@pytest.fixture(scope="module")
def trip() -> Iterator[Trip]:
    made = Trip()
    yield made
    made.close()


def grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value for other, value in pairs if other == name] for name, _ in pairs}


@given(segments=st.lists(SEGMENT, min_size=1, max_size=4), safe=st.sampled_from(["", "~!$&'()*+,;=:@"]))
@settings(max_examples=80, deadline=None)
def test_any_path_arrives_as_it_was_sent(trip: Trip, segments: list[str], safe: str) -> None:
    path = "/" + "/".join(quote(segment, safe=safe) for segment in segments)
    event, authorizer = trip.send(target=path + "?a=b")
    assert event["path"] == authorizer["path"] == event["requestContext"]["path"] == path
    assert authorizer["methodArn"] == f"arn:aws:execute-api:eu-west-1:123456789012:api/v1/GET{path}"
    assert list(map(unquote, event["pathParameters"]["proxy"].split("/"))) == segments


@given(value=SEGMENT)
@settings(max_examples=60, deadline=None)
def test_any_parameter_of_the_path_arrives(trip: Trip, value: str) -> None:
    event, _ = trip.send(target=f"/one/{quote(value, safe='')}")
    assert event["resource"] == event["requestContext"]["resourcePath"] == "/one/{id}"
    assert unquote(event["pathParameters"]["id"]) == value


@given(pairs=st.lists(st.tuples(TEXT, TEXT), max_size=6), plus=st.booleans())
@settings(max_examples=80, deadline=None)
def test_any_query_arrives_decoded(trip: Trip, pairs: list[tuple[str, str]], plus: bool) -> None:
    query = urlencode(pairs) if plus else urlencode(pairs, quote_via=quote)
    event, authorizer = trip.send(target=f"/x?{query}")
    expected = grouped(pairs)
    assert event["multiValueQueryStringParameters"] == (expected or None)
    assert event["queryStringParameters"] == ({name: values[-1] for name, values in expected.items()} or None)
    assert authorizer["queryStringParameters"] == event["queryStringParameters"]


@given(pairs=st.lists(st.tuples(TOKEN.filter(lambda name: name.lower() not in OURS), VALUE), max_size=6))
@settings(max_examples=80, deadline=None)
def test_any_header_arrives_under_its_first_spelling(trip: Trip, pairs: list[tuple[str, str]]) -> None:
    pairs = [pair for pair in pairs if not pair[0].lower().startswith("x-forwarded")]
    event, _ = trip.send(headers=pairs)
    spelling = {name.lower(): name for name, _ in reversed(pairs)}
    expected = grouped([(spelling[name.lower()], value) for name, value in pairs])
    arrived = event["multiValueHeaders"]
    assert {name: arrived.get(name) for name in expected} == expected
    assert {name: event["headers"][name] for name in expected} == {name: some[-1] for name, some in expected.items()}
    added = {"Host", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Amzn-Trace-Id"}
    assert set(arrived) - set(expected) <= added


@given(body=st.binary(max_size=100))
@settings(max_examples=60, deadline=None)
def test_any_body_of_a_binary_type_arrives(trip: Trip, body: bytes) -> None:
    event, authorizer = trip.send("POST", "/", [("Content-Type", "application/octet-stream")], body)
    assert base64.b64decode(event["body"] or "") == body
    assert event["isBase64Encoded"] is bool(body)
    assert "body" not in authorizer


@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_arrives(trip: Trip, text: str) -> None:
    event, _ = trip.send("PUT", "/", [("Content-Type", "text/plain; charset=utf-8")], text.encode())
    assert (event["body"] or "", event["isBase64Encoded"]) == (text, False)


def test_the_events_have_what_aws_documents(trip: Trip) -> None:
    proxy, authorizer = trip.send("POST", "/one/1", [("User-Agent", "curl"), ("Connection", "keep-alive")], b"{}")
    common = {
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
    }
    assert set(proxy) == common | {"body", "isBase64Encoded"}
    assert set(authorizer) == common | {"type", "methodArn"}
    assert authorizer["type"] == "REQUEST"
    assert {name.lower() for name in proxy["headers"]}.isdisjoint({"connection", "content-length"})
    context = proxy["requestContext"]
    assert (context["requestTime"], context["requestTimeEpoch"]) == ("03/Feb/2026:04:05:06 +0000", 1770091506789)
    assert (context["accountId"], context["apiId"], context["stage"]) == ("123456789012", "api", "v1")
    assert (context["httpMethod"], context["protocol"], context["domainName"]) == ("POST", "HTTP/1.1", "127.0.0.1")
    assert context["identity"]["userAgent"] == "curl"
    assert len(context["requestId"]) == 36


@pytest.mark.parametrize(
    ("target", "path"),
    [("//x//y", "/x//y"), ("http://elsewhere/x%20y?z", "/x%20y"), ("http://elsewhere", "/"), ("/?/x", "/")],
)
def test_targets_of_unusual_forms(trip: Trip, target: str, path: str) -> None:
    assert trip.send(target=target)[0]["path"] == path
