"""What a server may answer instead of a document, or without ever coming to an end, and the error that comes of it."""

from __future__ import annotations

import http.client
import io
import socket
import struct
import threading
import time
from itertools import cycle

import pytest

from invoice_capture.domain.errors import DocumentTooLarge, EmptyDocument, LinkBroken, LinkUnanswered
from invoice_capture.links.connection import body
from invoice_capture.links.fetcher import LinkFetcher
from tests.unit.links.servers import (
    CHUNKED,
    NAME,
    PUBLIC,
    UNTIL_THE_END,
    Internet,
    answer,
    fetch,
    redirect,
    serving,
)
from tests.waiting import PATIENCE_SECONDS

# --- answers that are no document ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (201, LinkBroken),
        (204, LinkBroken),
        (206, LinkBroken),
        (304, LinkBroken),
        (400, LinkBroken),
        (401, LinkBroken),
        (403, LinkBroken),
        (404, LinkBroken),
        (410, LinkBroken),
        (408, LinkUnanswered),
        (429, LinkUnanswered),
        (500, LinkUnanswered),
        (503, LinkUnanswered),
    ],
)
def test_every_other_status_is_told(status, error):
    with serving(answer(b"no", status)) as server, pytest.raises(error, match=rf"HTTP {status} instead of march\.pdf"):
        fetch(server)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Encoding": "gzip"},
        {"Content_Encoding": "br, gzip"},
        {"Transfer_Encoding": "gzip"},
        {"Transfer_Encoding": "gzip, chunked"},
    ],
)
def test_a_compressed_document_is_refused(headers):
    with serving(answer(b"x", **headers)) as server, pytest.raises(LinkBroken, match="compressed"):
        fetch(server)


@pytest.mark.parametrize(
    "said", [answer(b""), UNTIL_THE_END, CHUNKED + b"0\r\n\r\n"], ids=["length", "until the end", "chunked"]
)
def test_nothing_is_an_empty_document(said):
    with serving(said) as server, pytest.raises(EmptyDocument, match=r"march\.pdf is empty"):
        fetch(server)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    "script",
    [
        reset,
        b"",
        answer(b"half", Content_Length="8"),
        CHUNKED + b"8\r\nhalf",
        CHUNKED + b"4\r\nhalf\r\n",
    ],
    ids=["reset", "nothing", "half", "half a chunk", "no last chunk"],
)
def test_a_connection_that_breaks_is_no_answer(script):
    with serving(script) as server, pytest.raises(LinkUnanswered):
        fetch(server)


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 yes OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    ],
    ids=["another protocol", "no status", "many headers", "a long header", "a negative chunk"],
)
def test_what_is_not_http_breaks_the_link(said):
    with serving(said) as server, pytest.raises(LinkBroken, match="not HTTP"):
        fetch(server)


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_document_that_says_it_is_too_large_is_not_waited_for():
    def head_only(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
        connection.recv(1)

    with serving(head_only) as server, pytest.raises(DocumentTooLarge, match=r"march\.pdf.*Split it"):
        fetch(server)


@pytest.mark.parametrize(
    "said",
    [UNTIL_THE_END + b"x" * 1001, CHUNKED + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"],
    ids=["until the end", "chunked"],
)
def test_a_document_that_turns_out_too_large_is_refused(said):
    with serving(said) as server, pytest.raises(DocumentTooLarge, match=r"march\.pdf"):
        fetch(server)


def flood(beginning: bytes):
    """Sends without end; ``flood.sent`` is how much the client took."""

    def script(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            script.sent += connection.send(bytes(65536))  # type: ignore[attr-defined]

    script.sent = 0  # type: ignore[attr-defined]
    return script


@pytest.mark.parametrize("beginning", [UNTIL_THE_END, CHUNKED + b"ffffffffff\r\n", CHUNKED + b"-1\r\n"])
def test_a_document_without_end_is_cut_off(beginning):
    script = flood(beginning)
    with serving(script) as server, pytest.raises((DocumentTooLarge, LinkBroken)):
        fetch(server, maximum_bytes=100_000)
    # The rest lay in the buffers of the system.
    assert script.sent < 16 * 1024**2


def test_not_more_than_one_byte_beyond_the_limit_is_read():
    stream = io.BytesIO(UNTIL_THE_END + b"x" * 500_000)

    class Connection:
        def makefile(self, _mode: str) -> io.BytesIO:
            return stream

    response = http.client.HTTPResponse(Connection())  # type: ignore[arg-type]
    response.begin()
    assert sum(map(len, body(response, 200_000))) == 200_001
    assert stream.tell() == len(UNTIL_THE_END) + 200_001


def drip(beginning: bytes, repeated: bytes):
    """Sends the beginning at once and then a byte every 50 ms, until the client goes away."""

    def script(connection: socket.socket) -> None:
        connection.sendall(beginning)
        for byte in cycle(repeated):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    return script


def silence(connection: socket.socket) -> None:
    """Says nothing until the client goes away."""
    connection.settimeout(PATIENCE_SECONDS)
    while connection.recv(4096):
        pass


@pytest.mark.parametrize(
    "script",
    [
        drip(b"", b"HTTP/1.1 200 OK\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
        drip(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"x"),
        drip(UNTIL_THE_END, b"x"),
        drip(CHUNKED, b"1\r\nx\r\n"),
        drip(CHUNKED + b"1;", b"x"),
        drip(CHUNKED + b"1\r\nx\r\n0\r\n", b"X: x\r\n"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        silence,
    ],
    ids=["status", "head", "length", "until the end", "chunks", "chunk frame", "trailer", "continue", "silence"],
)
def test_a_server_that_drips_is_cut_off_at_the_deadline(script):
    started = time.monotonic()
    with serving(script) as server, pytest.raises(LinkUnanswered, match="in time"):
        fetch(server, seconds=0.4)
    assert time.monotonic() - started > 0.3


@pytest.mark.parametrize(
    "script",
    [
        silence,
        # The beginning of a server's certificate, which may be of 16 KB.
        drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x00"),
    ],
    ids=["silence", "drip"],
)
def test_a_handshake_without_end_is_cut_off_at_the_deadline(script):
    started = time.monotonic()
    with serving(script, listens=False) as server:
        world = Internet({"example.com": [[PUBLIC]]}, {(PUBLIC, 443): server.port})
        link = LinkFetcher(maximum_bytes=10, seconds=0.4, resolve=world.resolve, connect=world.connect)
        with pytest.raises(LinkUnanswered, match="in time"):
            link.fetch("https://example.com/", NAME)
    assert time.monotonic() - started > 0.3


def test_a_name_service_that_is_silent_is_cut_off_at_the_deadline():
    def resolve(name: str) -> list[str]:
        threading.Event().wait()
        return [PUBLIC]

    link = LinkFetcher(maximum_bytes=10, seconds=0.4, resolve=resolve)
    started = time.monotonic()
    with pytest.raises(LinkUnanswered, match="in time"):
        link.fetch("https://example.com/", NAME)
    assert time.monotonic() - started > 0.3


def test_an_address_that_is_silent_takes_what_is_left_at_most():
    waits: list[float] = []
    now = 0.0

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        nonlocal now
        waits.append(seconds)
        now += seconds
        raise TimeoutError

    link = LinkFetcher(
        maximum_bytes=10,
        seconds=25,
        resolve=lambda name: ["8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1"],
        connect=connect,
        monotonic=lambda: now,
    )
    with pytest.raises(LinkUnanswered, match="in time"):
        link.fetch("https://example.com/", NAME)
    assert waits == [10, 10, 5]


def test_the_deadline_holds_for_all_redirects_together():
    now = 0.0

    def slow(connection: socket.socket) -> None:
        nonlocal now
        now += 40
        connection.sendall(redirect("/next"))

    with serving(slow) as server:
        trusted = frozenset({server.url})
        link = LinkFetcher(maximum_bytes=10, seconds=60, trusted_origins=trusted, monotonic=lambda: now)
        with pytest.raises(LinkUnanswered, match="in time"):
            link.fetch(server.url, NAME)
        assert server.connections == 2
