"""How far a request came, and how long each part of it may take, over plain and over TLS."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from pydantic import BaseModel

from invoice_capture.domain.errors import ProviderUnavailable, SettingMissing, SubmissionInDoubt
from invoice_capture.providers import transport
from invoice_capture.providers.http import HttpClient
from invoice_capture.providers.transport import MOST_READ_SECONDS, Limits
from local_stack.simulators import certificates
from tests.unit.links.servers import serving
from tests.waiting import PATIENCE_SECONDS

FUNCTION_SECONDS = 900.0
LARGEST_DOCUMENT_BYTES = 25 * 1024**2
PATIENT = Limits(connect_seconds=PATIENCE_SECONDS, stall_seconds=PATIENCE_SECONDS, read_seconds=PATIENCE_SECONDS)
JUNK = b"this is no TLS record"
Script = Callable[[socket.socket], None]


class Thing(BaseModel):
    name: str


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest) -> ssl.SSLContext | None:
    return certificates.server_context() if request.param == "tls" else None


def client(port: int, tls: ssl.SSLContext | None, limits: Limits = PATIENT) -> HttpClient:
    return HttpClient(
        "paid",
        f"{'https' if tls else 'http'}://127.0.0.1:{port}",
        headers={},
        secrets=[],
        limits=limits,
        authorities=certificates.authority(),
    )


def spend(paid: HttpClient, size: int = 10) -> Thing:
    return paid.call("POST", "/thing", Thing, billable=True, files={"file": ("a.pdf", bytes(size), "application/pdf")})


# --- before anything is sent -----------------------------------------------------------------------------------------


def test_nothing_has_left_before_it_may(tls: ssl.SSLContext | None) -> None:
    received: list[bytes] = []

    def taking(connection: socket.socket) -> None:
        received.append(connection.recv(1024))

    class Refused(Exception):
        pass

    def refuse() -> None:
        raise Refused

    with serving(taking, tls=tls, listens=False) as server:
        paid = client(server.port, tls)
        with pytest.raises(Refused):
            paid.call("POST", "/thing", Thing, billable=True, before_sending=refuse, json={})
    assert received in ([], [b""])


def test_who_cannot_be_reached_is_sent_nothing(tls: ssl.SSLContext | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    paid = client(port, tls)
    with pytest.raises(ProviderUnavailable):
        paid.call("POST", "/thing", Thing, billable=True, before_sending=lambda: pytest.fail("Not yet."), json={})


def test_a_handshake_that_fails_is_before_anything_is_sent() -> None:
    with serving(JUNK, tls=None, listens=False) as server:
        paid = client(server.port, certificates.server_context())
        with pytest.raises(ProviderUnavailable):
            paid.call("POST", "/thing", Thing, billable=True, before_sending=lambda: pytest.fail("Not yet."), json={})


# --- when it happened ------------------------------------------------------------------------------------------------


def broken_record(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    socket.socket.sendall(connection, JUNK)


def broken_before_the_answer(connection: socket.socket) -> None:
    socket.socket.sendall(connection, JUNK)


def ended(connection: socket.socket) -> None:
    connection.close()


def ended_in_the_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")


@pytest.mark.parametrize("script", [broken_record, broken_before_the_answer, ended, ended_in_the_head])
def test_whatever_breaks_after_the_request_line_is_in_doubt(script: Script) -> None:
    context = certificates.server_context()
    with serving(script, tls=context) as server, pytest.raises(SubmissionInDoubt):
        spend(client(server.port, context))


def test_a_handshake_that_fails_sent_nothing() -> None:
    context = certificates.server_context()
    with serving(ended, tls=context) as server:
        stranger = HttpClient("paid", f"https://127.0.0.1:{server.port}", headers={}, secrets=[])
        with pytest.raises(ProviderUnavailable):
            spend(stranger)
    assert server.requests == []
    # Plain HTTP where TLS is expected.
    with serving(b"HTTP/1.1 400 No TLS\r\n\r\n", listens=False) as server, pytest.raises(ProviderUnavailable):
        spend(client(server.port, context))


def test_a_silent_handshake_ends_with_the_limit_of_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ProviderUnavailable):
        spend(client(silent.getsockname()[1], certificates.server_context(), Limits(connect_seconds=0.2)))


def test_an_answer_that_is_lost_behind_a_proxy_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ended) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        paid = HttpClient("paid", "http://provider.example", headers={}, secrets=[], allow_http=True)
        with pytest.raises(SubmissionInDoubt):
            spend(paid)
    assert proxy.connections == 1, "nothing is repeated"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b""])
def test_a_tunnel_that_a_proxy_refuses_sent_nothing(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(ProviderUnavailable):
            spend(HttpClient("paid", "https://provider.example", headers={}, secrets=[]))
    assert proxy.requests[0].startswith("CONNECT provider.example:443")


def test_all_addresses_of_a_name_share_the_time_of_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def refusing_slowly(_address: object, seconds: float, *_options: object) -> None:
        tried.append(seconds)
        time.sleep(0.05)
        raise TimeoutError

    address = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: [address] * 1000)
    monkeypatch.setattr(transport, "create_connection", refusing_slowly)
    with pytest.raises(ProviderUnavailable):
        spend(client(1, None, Limits(connect_seconds=0.2)))
    assert 0.2 >= tried[0] > tried[-1] > 0
    assert len(tried) <= 4


# --- sending ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_SEND_BUFFER_BYTES", 4096)


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def never_reading(_connection: socket.socket, over: threading.Event) -> None:
    over.wait(PATIENCE_SECONDS)


def reading_slowly(connection: socket.socket, over: threading.Event) -> None:
    while not over.is_set() and connection.recv(1024):
        time.sleep(0.001)


@pytest.mark.usefixtures("small_buffer")
@pytest.mark.parametrize(
    ("script", "limits"),
    [
        (never_reading, Limits(connect_seconds=PATIENCE_SECONDS, stall_seconds=0.3)),
        (reading_slowly, Limits(connect_seconds=PATIENCE_SECONDS, base_sending_seconds=0.5, most_sending_seconds=0.5)),
    ],
    ids=["stalled", "too slow"],
)
def test_a_body_that_is_not_taken_in_time_is_cut(
    script: Callable[[socket.socket, threading.Event], None],
    limits: Limits,
    tls: ssl.SSLContext | None,
    over: threading.Event,
) -> None:
    with serving(partial(script, over=over), tls=tls, listens=False) as server:
        began = time.monotonic()
        with pytest.raises(SubmissionInDoubt):
            spend(client(server.port, tls, limits), 20 * 1024**2)
        over.set()
    assert time.monotonic() - began < Limits().base_sending_seconds


def test_sending_has_time_by_size() -> None:
    limits = Limits()
    assert limits.sending_seconds(0) == 10
    assert limits.sending_seconds(12_500_000) == 110, "100 s at 1 Mbit/s"
    assert limits.sending_seconds(10**9) == 240


# --- answering -------------------------------------------------------------------------------------------------------


def dripping(beginning: bytes) -> Script:
    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning)
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            connection.sendall(b"x")
            time.sleep(0.02)

    return drip


@pytest.mark.parametrize(
    "beginning",
    [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"],
    ids=["head", "body"],
)
def test_an_answer_that_drips_is_cut(beginning: bytes, tls: ssl.SSLContext | None) -> None:
    limits = Limits(connect_seconds=PATIENCE_SECONDS, read_seconds=0.4)
    with serving(dripping(beginning), tls=tls) as server, pytest.raises(SubmissionInDoubt):
        spend(client(server.port, tls, limits))


def test_two_requests_of_one_submission_fit_the_function() -> None:
    slowest = Limits(read_seconds=MOST_READ_SECONDS)
    assert 2 * slowest.longest_seconds(10**9) <= FUNCTION_SECONDS - 120, "two minutes are left for what is around them"
    assert slowest.longest_seconds(LARGEST_DOCUMENT_BYTES) <= 390
    # Finding nothing and then creating a job, finding it refused, and starting the one that exists.
    assert 5 * slowest.longest_seconds(2000) <= FUNCTION_SECONDS


# --- whom is trusted -------------------------------------------------------------------------------------------------


def test_authorities_that_are_none_are_named() -> None:
    for text in ("", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"):
        with pytest.raises(SettingMissing, match=r"ca_bundle.*'paid'"):
            HttpClient("paid", "https://provider.example", headers={}, secrets=[], authorities=text)


# --- memory ----------------------------------------------------------------------------------------------------------


def taking_everything(connection: socket.socket) -> None:
    # To the last byte: a connection that is closed over unread ones is reset, and its answer with it.
    taken = b""
    while b"\r\n\r\n" not in taken:
        taken += connection.recv(1024)
    head, _, body = taken.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].split()[0]) - len(body)
    while left > 0 and (portion := connection.recv(64 * 1024)):
        left -= len(portion)
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"name": "x"}')


def test_the_largest_document_is_sent_without_a_copy(tls: ssl.SSLContext | None) -> None:
    document = bytes(LARGEST_DOCUMENT_BYTES)
    with serving(taking_everything, tls=tls, listens=False) as server:
        paid = client(server.port, tls)
        tracemalloc.start()
        try:
            form = {"file": ("a.pdf", document, "application/pdf")}
            assert paid.call("POST", "/thing", Thing, billable=True, files=form).name == "x"
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < LARGEST_DOCUMENT_BYTES / 10
