"""Requests go through the gateway as they go through API Gateway: the way in, the way back, and every refusal."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local_stack.gateway.api import Api, Method
from local_stack.gateway.routing import find
from local_stack.gateway.server import ApiServer
from tests.unit.local_stack.api_stack import GOOD, Served, serving
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("api")) as serve:
        yield serve()


@pytest.fixture
def served(shared: Served) -> Served:
    """The stack that all tests share; there is one at a time."""
    shared.seen.clear()
    return shared


# --- what the template says -------------------------------------------------------------------------------------------


def test_the_api_is_read_from_the_template(served: Served) -> None:
    (api,) = served.stack.resources.apis
    assert (api.id, api.stage, api.stage_variables) == ("api", "v1", {"colour": "blue"})
    assert api.binary_types == {"application/pdf", "image/*"}
    assert api.plan is not None
    assert (api.plan.rate, api.plan.burst, api.plan.quota, api.plan.period) == (1000, 1000, 5000, "DAY")
    assert {path: set(methods) for path, methods in api.methods.items()} == {
        "/{proxy+}": {"ANY"},
        "/things/{id}": {"ANY"},
        "/things/{id}/parts/{rest+}": {"ANY"},
        "/open": {"GET"},
        "/say": {"ANY"},
    }


def resources(*paths: str) -> Api:
    return Api("Api", "api", "v1", {path: {"ANY": Method("f")} for path in paths})


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/", "/", {}),
        ("/a", "/a", {}),
        ("/a/", "/a", {}),
        ("/%61", "/a", {}),
        ("/A", "/{x}", {"x": "A"}),
        ("/b%2Fc", "/{x}", {"x": "b%2Fc"}),
        ("/a/b", "/a/b", {}),
        ("/a/c", "/a/{y}", {"y": "c"}),
        ("/a/c/d", "/a/{y}/d", {"y": "c"}),
        ("/a/c/e", "/a/{rest+}", {"rest": "c/e"}),
        ("/a//d", "/a/{rest+}", {"rest": "/d"}),
        ("/b/c", "/{proxy+}", {"proxy": "b/c"}),
        ("/b/c/", "/{proxy+}", {"proxy": "b/c"}),
    ],
)
def test_the_most_specific_resource_answers(path: str, resource: str, parameters: dict[str, str]) -> None:
    paths = ["/{proxy+}", "/a/{rest+}", "/a/{y}/d", "/a/{y}", "/a/b", "/{x}", "/a", "/"]
    for order in (paths, paths[::-1]):
        route = find(resources(*order), "GET", path)
        assert route is not None
        assert (route.resource, route.parameters) == (resource, parameters)


def test_a_greedy_resource_does_not_stand_in_for_itself_or_for_a_method() -> None:
    assert find(resources("/{proxy+}"), "GET", "/") is None
    api = Api("Api", "api", "v1", {"/{proxy+}": {"ANY": Method("f")}, "/a": {"GET": Method("g")}})
    assert find(api, "POST", "/a") is None
    assert find(resources("/a"), "GET", "/b") is None


# --- the way in -------------------------------------------------------------------------------------------------------


def test_a_function_gets_the_event_of_its_resource(served: Served) -> None:
    event = served.event("/things/a%20b/?x=1&x=2&y=", headers={"X-Test": "ä".encode().decode("latin-1")})
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/things/{id}", "/things/a%20b/", "GET")
    assert event["pathParameters"] == {"id": "a%20b"}
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    assert event["stageVariables"] == {"colour": "blue"}
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
    assert event["headers"]["X-Test"].encode("latin-1").decode() == "ä"
    context = event["requestContext"]
    assert (context["resourcePath"], context["stage"], context["apiId"]) == ("/things/{id}", "v1", "api")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["apiKey"] == "key-of-the-usage-plan"
    assert context["authorizer"] == {
        "principalId": "anna",
        "client": "anna",
        "number": "3",
        "all": "true",
        "body": "false",
        "arn": "arn:aws:execute-api:us-east-1:123456789012:api/v1/GET/things/a%20b/",
    }


def test_repeated_headers_all_arrive(served: Served) -> None:
    host, port = served.server.url.removeprefix("http://").split(":")
    client = http.client.HTTPConnection(host, int(port), timeout=10)
    client.putrequest("GET", "/things/1")
    for name, value in [("api-key", "good"), ("X-Many", "1"), ("x-many", "2"), ("X-Forwarded-For", "10.0.0.1")]:
        client.putheader(name, value)
    client.endheaders()
    event = json.loads(client.getresponse().read())
    assert event["multiValueHeaders"]["X-Many"] == ["1", "2"]
    assert event["headers"]["X-Many"] == "2"
    assert event["headers"]["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"
    client.close()


@pytest.mark.parametrize(
    ("content_type", "sent", "body", "is_base64"),
    [
        ("application/json", b'{"a": "\xc3\xa4"}', '{"a": "ä"}', False),
        ("text/plain", b"\xff", "\ufffd", False),
        ("application/pdf; x=y", b"\xff\x00", base64.b64encode(b"\xff\x00").decode(), True),
        ("IMAGE/PNG", b"1", "MQ==", True),
        ("image/png", b"", None, False),
    ],
)
def test_bodies_are_text_unless_their_type_is_binary(
    served: Served, content_type: str, sent: bytes, body: str | None, is_base64: bool
) -> None:
    event = served.event("/things/1", "PUT", data=sent, headers={"Content-Type": content_type})
    assert (event["body"], event["isBase64Encoded"]) == (body, is_base64)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_method_reaches_its_function(served: Served, method: str) -> None:
    assert served.event("/some/where", method)["httpMethod"] == method


def test_head_has_headers_alone(served: Served) -> None:
    answer = served.call("/some/where", "HEAD", headers=GOOD)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100


def test_a_connection_is_kept_over_answers_and_refusals(served: Served) -> None:
    with requests.Session() as session:
        ports = set()
        for path in ("/things/1", "/open", "/nowhere", "/things/2"):
            answer = session.post(served.server.url + path, data=b"x" * 1000, headers=GOOD, timeout=10, stream=True)
            ports.add(answer.raw.connection.sock.getsockname())
            answer.content  # noqa: B018
        assert len(ports) == 1


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "status", "message", "kind"),
    [
        ("wrong", 401, "Unauthorized", "UnauthorizedException"),
        ("denied", 403, "User is not authorized to access this resource with an explicit deny", "AccessDenied"),
        ("other", 403, "User is not authorized to access this resource", "AccessDenied"),
        ("get", 403, "User is not authorized to access this resource", "AccessDenied"),
        ("one", 200, None, None),
    ],
)
def test_the_authorizer_decides(served: Served, key: str, status: int, message: str | None, kind: str | None) -> None:
    answer = served.call("/things/1", "DELETE", headers={"api-key": key})
    assert (answer.status_code, answer.json().get("message")) == (status, message)
    assert answer.headers.get("x-amzn-ErrorType", "").startswith(kind or "")
    assert len(answer.headers["x-amzn-RequestId"]) == 36


@pytest.mark.parametrize("key", ["broken", "odd", "deep"])
def test_a_broken_authorizer_is_our_fault(served: Served, key: str) -> None:
    answer = served.call("/things/1", headers={"api-key": key})
    assert (answer.status_code, answer.text) == (500, "oops GET blue")
    assert answer.headers["Content-Type"] == "text/plain"


def test_refusals_look_as_the_template_says(served: Served) -> None:
    answer = served.call("/things/1")
    assert (answer.status_code, answer.json()) == (401, {"success": False, "message": "Unauthorized"})
    assert (answer.headers["WWW-Authenticate"], answer.headers["Content-Type"]) == ("api-key", "application/json")


def test_a_path_or_method_that_is_not_there_says_so_as_aws_does(served: Served) -> None:
    for path, method in [("/", "GET"), ("/open", "POST")]:
        answer = served.call(path, method)
        assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_an_open_method_asks_nobody(served: Served) -> None:
    event = served.call("/open").json()
    assert "authorizer" not in event["requestContext"]
    assert "apiKey" not in event["requestContext"]["identity"]


def test_a_usage_key_that_is_not_of_the_plan_is_forbidden(served: Served) -> None:
    answer = served.call("/things/1", headers=GOOD | {"usage": "nobody's"})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(("size", "status"), [(5 * 2**20, 200), (7 * 2**20, 413), (11 * 2**20, 413)])
def test_bodies_that_are_too_large_are_refused(served: Served, size: int, status: int) -> None:
    with requests.Session() as session:
        answer = session.post(served.server.url + "/say", data=json.dumps({"x": "y" * size}), timeout=10)
        assert answer.status_code == (502 if status == 200 else status)
        if status == 413:
            assert answer.json() == {"message": "Request Too Long"}
        assert session.get(served.server.url + "/open", timeout=10).status_code == 200


def test_a_body_without_a_length_is_refused(served: Served) -> None:
    assert served.call("/say", "POST", data=iter([b"{}"])).status_code == 411


def test_a_query_that_is_no_text_is_refused(served: Served) -> None:
    host, port = served.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as client:
        client.sendall(b"GET /open?x=\xff HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


# --- the way back -----------------------------------------------------------------------------------------------------


def test_an_answer_comes_back_as_it_was_given(served: Served) -> None:
    answer = served.say(
        {
            "statusCode": 201,
            "headers": {"X-One": "ä", "X-Both": "3", "Content-Type": "text/x", "X-No": None, "X-Yes": True, "X-N": 5},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "x-both": ["1", "2"]},
            "body": "grün",
        }
    )
    assert (answer.status_code, answer.content.decode(), answer.headers["Content-Type"]) == (201, "grün", "text/x")
    assert answer.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]
    assert answer.raw.headers.getlist("X-Both") == ["1", "2", "3"]
    assert answer.headers["X-One"].encode("latin-1").decode() == "ä"
    assert (answer.headers["X-Yes"], answer.headers["X-N"], "X-No" in answer.headers) == ("true", "5", False)


def test_an_answer_may_leave_out_everything(served: Served) -> None:
    answer = served.say({})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(served: Served, status: int) -> None:
    with requests.Session() as session:
        url, said = served.server.url + "/say", {"answer": {"statusCode": status, "body": "lost"}}
        for _ in range(2):
            answer = session.post(url, json=said, timeout=10)
            assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (status, b"", "0")


def test_base64_is_decoded_for_a_client_that_wants_a_binary_type(served: Served) -> None:
    said = {"body": base64.b64encode(b"\xff\x00").decode(), "isBase64Encoded": True}
    assert served.say(said, {"Accept": "application/pdf, text/html"}).content == b"\xff\x00"
    assert served.say(said, {"Accept": "text/html, application/pdf"}).content == said["body"].encode()
    assert served.say({**said, "body": "%"}, {"Accept": "image/png"}).status_code == 502


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "text",
        {"body": {"a": 1}},
        {"statusCode": "abc"},
        {"statusCode": 100},
        {"statusCode": 600},
        {"statusCode": True},
        {"status": 200},
        {"headers": ["a"]},
        {"headers": {"a": {"b": "c"}}},
        {"headers": {"a": "b\r\nc: d"}},
        {"multiValueHeaders": "x"},
    ],
)
def test_what_is_no_answer_is_a_bad_gateway(served: Served, answer: Any) -> None:
    given = served.say(answer)
    assert (given.status_code, given.text) == (502, "oops POST blue")


def test_a_failing_function_is_a_bad_gateway_and_tells_nothing(served: Served) -> None:
    answer = served.say(None, error="secret detail")
    assert (answer.status_code, answer.text) == (502, "oops POST blue")


def test_an_answer_that_lambda_would_not_carry_is_a_bad_gateway(served: Served) -> None:
    assert served.say({}, bytes=5 * 2**20).status_code == 200
    assert served.say({}, bytes=7 * 2**20).status_code == 502


# --- time, and several at once ----------------------------------------------------------------------------------------


def test_a_function_answers_one_request_at_a_time_and_others_meanwhile(served: Served, tmp_path: Path) -> None:
    """The function fails when it is called while it is at work."""
    statuses: list[int] = []
    done = tmp_path / "done"

    def ask() -> None:
        statuses.append(served.say({}, until=str(done)).status_code)

    slow = [threading.Thread(target=ask) for _ in range(3)]
    for thread in slow:
        thread.start()
    assert served.call("/open").status_code == 200
    assert statuses == []
    done.touch()
    for thread in slow:
        thread.join()
    assert statuses == [200, 200, 200]


def test_a_client_that_hangs_up_harms_nobody(served: Served) -> None:
    host, port = served.server.url.removeprefix("http://").split(":")
    for sent in (
        b"POST /say HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"GET /open HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as client:
            client.sendall(sent)
    assert served.call("/open").status_code == 200


def test_every_request_is_told(served: Served) -> None:
    served.call("/open")
    served.call("/nowhere?key=secret", "POST")
    # A request that somebody else gave up may be told late.
    told = [request[:3] for request in served.seen]
    assert told.count(("POST", "/nowhere", 401)) == 1
    assert set(told) == {("GET", "/open", 200), ("POST", "/nowhere", 401)}
    assert all(0 < request[3] < 10_000 for request in served.seen)


def test_before_it_has_an_api_the_server_is_unavailable() -> None:
    server = ApiServer(0)
    try:
        assert requests.get(server.url, timeout=10).status_code == 503
        with pytest.raises(OSError, match="Address already in use"):
            ApiServer(int(server.url.rpartition(":")[2]))
    finally:
        server.close()
