"""What a provider's server may do to us, over a real socket, and the error that comes of it."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import BaseModel

from invoice_capture.domain.errors import (
    CredentialsRefused,
    FormatRefused,
    NoCredit,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
    SettingMissing,
    SubmissionInDoubt,
    SubmissionUnknown,
    UnreadableDocument,
)
from invoice_capture.providers.http import (
    COMMON_STATUSES,
    MAINTENANCE_PAUSE_SECONDS,
    FreeRequest,
    HttpClient,
)
from invoice_capture.providers.transport import Limits
from invoice_capture.retry_after import retry_after_seconds
from invoice_capture.version import USER_AGENT
from tests.waiting import PATIENCE_SECONDS

SECRET = "s3cret-token"


class Thing(BaseModel):
    name: str


class Server:
    """Answers every request with ``answer``, and remembers what came."""

    def __init__(self) -> None:
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: reply(handler, 200, b'{"name": "x"}')
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.connections: set[tuple[str, int]] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.requests.append((self.command, self.path, dict(self.headers)))
                outer.connections.add(self.client_address)
                outer.answer(self)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"


def reply(handler: BaseHTTPRequestHandler, status: int, content: bytes, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", headers.pop("length", str(len(content))))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.httpd.shutdown()
    running.httpd.server_close()


def client(url: str, read_seconds: float = PATIENCE_SECONDS, **options: object) -> HttpClient:
    limits = Limits(read_seconds=read_seconds, answer_bytes=2000)
    return HttpClient(
        "paid",
        url,
        headers={"api-key": SECRET},
        secrets=[SECRET],
        limits=limits,
        **options,  # type: ignore[arg-type]
    )


def test_an_answer_is_validated_and_connections_are_used_again(server: Server) -> None:
    paid = client(server.url + "/")
    assert [paid.call("GET", "/thing", Thing).name for _ in range(3)] == ["x"] * 3
    assert len(server.connections) == 1
    method, path, headers = server.requests[0]
    assert (method, path) == ("GET", "/thing")
    assert (headers["api-key"], headers["User-Agent"]) == (SECRET, USER_AGENT)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, ProviderUnavailable),
        (302, ProviderUnavailable),
        (400, RequestRefused),
        (401, CredentialsRefused),
        (402, NoCredit),
        (403, CredentialsRefused),
        (404, SubmissionUnknown),
        (408, ProviderUnavailable),
        (410, SubmissionUnknown),
        (413, UnreadableDocument),
        (415, FormatRefused),
        (422, RequestRefused),
        (429, RateLimited),
        (500, ProviderUnavailable),
        (502, ProviderUnavailable),
        (503, ProviderUnavailable),
        (504, ProviderUnavailable),
    ],
)
def test_every_status_has_its_error(server: Server, status: int, error: type[ProviderError]) -> None:
    server.answer = lambda handler: reply(handler, status, b"{}", Location="http://elsewhere.example/")
    with pytest.raises(error) as caught:
        client(server.url).call("GET", "/thing", Thing)
    assert type(caught.value) is error
    assert f"HTTP {status}" in str(caught.value)
    assert len(server.requests) == 1, "nothing is repeated, and no redirect followed"


# --- money -----------------------------------------------------------------------------------------------------------

PAGE = b"<!doctype html><h1>We'll be back</h1>"
JSON = b'{"message": "no"}'


@pytest.mark.parametrize("content", [JSON, b"", PAGE], ids=["json", "empty", "page"])
@pytest.mark.parametrize("status", [408, 500, 501, 502, 504, *range(520, 528), 599])
def test_a_server_in_trouble_leaves_a_paid_request_in_doubt(server: Server, status: int, content: bytes) -> None:
    server.answer = lambda handler: reply(handler, status, content, Retry_After="5")
    with pytest.raises(SubmissionInDoubt):
        client(server.url, free_request=FreeRequest("GET", "/free")).call("POST", "/thing", Thing, billable=True)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [409, 418, 425, 499])
def test_a_refusal_that_no_table_has_leaves_a_paid_request_in_doubt(server: Server, status: int) -> None:
    server.answer = lambda handler: reply(handler, status, JSON)
    with pytest.raises(SubmissionInDoubt):
        client(server.url).call("POST", "/thing", Thing, billable=True)


@pytest.mark.parametrize("content", [JSON, b"", b"No."])
@pytest.mark.parametrize(("status", "error"), COMMON_STATUSES.items())
def test_a_refusal_of_the_table_says_that_nothing_was_taken(
    server: Server, status: int, error: type[ProviderError], content: bytes
) -> None:
    server.answer = lambda handler: reply(handler, status, content)
    with pytest.raises(error) as caught:
        client(server.url).call("POST", "/thing", Thing, billable=True)
    assert type(caught.value) is error


def test_an_outage_that_says_when_to_come_again_took_nothing(server: Server) -> None:
    server.answer = lambda handler: reply(handler, 503, JSON, Retry_After="40")
    with pytest.raises(ProviderUnavailable) as caught:
        client(server.url).call("POST", "/thing", Thing, billable=True)
    assert caught.value.retry_after == 40
    server.answer = lambda handler: reply(handler, 503, JSON)
    with pytest.raises(SubmissionInDoubt):
        client(server.url).call("POST", "/thing", Thing, billable=True)


@pytest.mark.parametrize(
    ("status", "content"),
    [(301, b""), (302, PAGE), (307, JSON), (403, PAGE), (404, PAGE), (503, PAGE)],
    ids=lambda value: value if isinstance(value, int) else "",
)
@pytest.mark.parametrize("billable", [False, True])
def test_maintenance_pauses_and_ends_nothing(server: Server, status: int, content: bytes, billable: bool) -> None:
    server.answer = lambda handler: reply(handler, status, content, Location="/maintenance")
    with pytest.raises(ProviderUnavailable, match="maintenance") as caught:
        client(server.url).call("POST", "/thing", Thing, billable=billable)
    assert caught.value.retry_after == MAINTENANCE_PAUSE_SECONDS
    server.answer = lambda handler: reply(handler, status, content, Location="/maintenance", Retry_After="7")
    with pytest.raises(ProviderUnavailable) as caught:
        client(server.url).call("POST", "/thing", Thing, billable=billable)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("status", [200, 400, 401, 405, 422])
@pytest.mark.parametrize(
    ("free", "error"),
    [
        ((200, PAGE), ProviderUnavailable),
        ((503, PAGE), ProviderUnavailable),
        ((302, b""), ProviderUnavailable),
        ((200, b'{"name": "x"}'), SubmissionInDoubt),
        ((401, JSON), SubmissionInDoubt),
        ((502, PAGE), SubmissionInDoubt),
    ],
)
def test_a_page_to_a_paid_request_is_maintenance_only_if_a_free_request_gets_one_as_well(
    server: Server, status: int, free: tuple[int, bytes], error: type[ProviderError]
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, *(free if handler.path == "/free" else (status, PAGE)))

    server.answer = answer
    paid = client(server.url, free_request=FreeRequest("GET", "/free"))
    with pytest.raises(error) as caught:
        paid.call("POST", "/thing", Thing, billable=True)
    assert type(caught.value) is error
    assert [path for _, path, _ in server.requests] == ["/thing", "/free"]


def test_without_a_free_request_a_page_leaves_a_paid_request_in_doubt(server: Server) -> None:
    server.answer = lambda handler: reply(handler, 200, PAGE)
    with pytest.raises(SubmissionInDoubt):
        client(server.url).call("POST", "/thing", Thing, billable=True)
    with pytest.raises(ProviderUnavailable) as caught:
        client(server.url).call("GET", "/thing", Thing)
    assert caught.value.retry_after == MAINTENANCE_PAUSE_SECONDS


def test_a_document_that_is_too_large_for_a_gateway_was_not_taken(server: Server) -> None:
    server.answer = lambda handler: reply(handler, 413, b"<html>413 Request Entity Too Large</html>")
    with pytest.raises(UnreadableDocument):
        client(server.url).call("POST", "/thing", Thing, billable=True)


def test_a_paid_request_never_uses_a_kept_connection(server: Server) -> None:
    paid = client(server.url)
    for billable in (False, True, True, False):
        paid.call("POST", "/thing", Thing, billable=billable)
    assert len(server.connections) == 3


# --- statuses --------------------------------------------------------------------------------------------------------


def test_a_providers_own_table_comes_first(server: Server) -> None:
    server.answer = lambda handler: reply(handler, 409, b"")
    with pytest.raises(ProviderUnavailable):
        client(server.url, statuses={409: ProviderUnavailable}).call("GET", "/thing", Thing)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured_as_seconds_and_as_a_date(server: Server, status: int, as_date: bool) -> None:
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True) if as_date else "90"
    server.answer = lambda handler: reply(handler, status, b"", Retry_After=value)
    with pytest.raises(ProviderUnavailable) as caught:
        client(server.url).call("GET", "/thing", Thing)
    assert caught.value.retry_after == pytest.approx(90, abs=PATIENCE_SECONDS / 2)


@pytest.mark.parametrize("header", [None, "", "soon", "nan", "Wed, 99 Foo"])
def test_nonsense_asks_for_no_pause(header: str | None) -> None:
    assert retry_after_seconds(header, datetime.now(UTC)) is None


@pytest.mark.parametrize("header", ["1e9", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_provider_stops_us_for_more_than_an_hour_at_a_time(header: str) -> None:
    assert retry_after_seconds(header, datetime.now(UTC)) == 3600


FAULTS = {
    "a hang": lambda handler: threading.Event().wait(PATIENCE_SECONDS),
    "a reset": reset,
    "no answer": lambda handler: handler.connection.close(),
    "a page": lambda handler: reply(handler, 200, b"<html>Welcome</html>"),
    "half an object": lambda handler: reply(handler, 200, b'{"name": "x', length="100"),
    "another object": lambda handler: reply(handler, 200, b'{"title": "x"}'),
    "nothing": lambda handler: reply(handler, 200, b""),
    "too much": lambda handler: reply(handler, 200, b'{"name": "' + b"x" * 5000 + b'"}'),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("billable", "error"), [(False, ProviderUnavailable), (True, SubmissionInDoubt)])
def test_a_broken_answer_may_be_asked_for_again_unless_the_request_spends_money(
    server: Server, fault: str, billable: bool, error: type[ProviderError]
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        FAULTS[fault](handler)

    server.answer = answer
    seconds = 0.3 if fault == "a hang" else PATIENCE_SECONDS
    with pytest.raises(error):
        client(server.url, read_seconds=seconds).call("POST", "/thing", Thing, billable=billable)


def test_a_refused_connection_was_never_sent(unused_port: int) -> None:
    with pytest.raises(ProviderUnavailable):
        client(f"http://127.0.0.1:{unused_port}").call("POST", "/thing", Thing, billable=True)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_name_that_does_not_resolve_was_never_sent() -> None:
    with pytest.raises(ProviderUnavailable):
        client("https://nobody.invalid").call("POST", "/thing", Thing, billable=True)


def test_the_log_has_no_word_of_a_broken_answer(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """It may be half an invoice."""
    body = f'<html>{SECRET} "supplier": "Quillmere", "documentUrl": "X-Amz-Signature=f00d"'.encode()
    server.answer = lambda handler: reply(handler, 200, body)
    with caplog.at_level(logging.WARNING), pytest.raises(ProviderUnavailable) as caught:
        client(server.url).call("GET", "/thing", Thing)
    [record] = caplog.records
    logged = vars(record)
    assert (logged["http_status"], logged["answer_bytes"]) == (200, len(body))
    for text in (SECRET, "Quillmere", "f00d"):
        assert text not in str(logged)
        assert text not in str(caught.value)


def test_what_the_provider_says_is_told_without_credentials(server: Server) -> None:
    server.answer = lambda handler: reply(handler, 400, f'{{"message": "No field for {SECRET}."}}'.encode())
    with pytest.raises(RequestRefused, match=r"HTTP 400: No field for \*\*\*\.$"):
        client(server.url).call("GET", "/thing", Thing)


def test_credentials_of_the_users_netrc_file_are_never_sent(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client(server.url).call("GET", "/thing", Thing)
    assert "Authorization" not in server.requests[0][2]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("api.example.com", "must be a URL"),
        ("ftp://api.example.com", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://[bad", "must be a URL"),
        ("http://api.example.com", "plain HTTP"),
        ("https://me:mine@api.example.com", "must not carry credentials"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_named(url: str, complaint: str) -> None:
    with pytest.raises(SettingMissing, match=f"base_url.*paid.*{complaint}") as caught:
        client(url)
    assert "mine" not in str(caught.value)


def test_plain_http_to_another_machine_takes_a_setting() -> None:
    assert client("http://api.example.com", allow_http=True)
