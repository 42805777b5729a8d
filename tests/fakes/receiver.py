"""A receiver of webhooks on the loopback interface, which answers by a script."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.waiting import PATIENCE_SECONDS

Said = int | Callable[["Handler"], None]
"""An answer: a status, or whatever is done with the request."""

METADATA = "http://169.254.169.254/latest/meta-data/"


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """``says`` are the answers to come; the last one is given again and again."""

    origin: str
    says: list[Said]
    received: list[Received] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def next_answer(self, request: Received) -> Said:
        with self.lock:
            self.received.append(request)
            return self.says.pop(0) if len(self.says) > 1 else self.says[0]


class Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = self.receiver.next_answer(Received(self.path, headers, body))
        # A sender that gives up in the middle is what some tests are about.
        with suppress(OSError):
            if callable(said):
                said(self)
            else:
                self.answer(said)

    def answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


def reset(handler: Handler) -> None:
    """Break the connection off, as a crash does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang(handler: Handler) -> None:
    """Say nothing for as long as there is a sender."""
    handler.receiver.ended.wait(PATIENCE_SECONDS)


def redirect_to_metadata(handler: Handler) -> None:
    handler.answer(307, Location=METADATA)


def slow_body(handler: Handler) -> None:
    """Succeed, and then go on talking."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.receiver.ended.is_set():
        handler.wfile.write(b"." * 1000)
        time.sleep(0.05)


def endless_head(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.receiver.ended.is_set():
        handler.wfile.write(b"X-More: " + b"a" * 1000 + b"\r\n")


def no_http(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-receiver\r\n")


@contextmanager
def receiving(*says: Said) -> Iterator[Receiver]:
    """A receiver that answers as told, or 204."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}", list(says or [204]))
    server.RequestHandlerClass = type("Bound", (Handler,), {"receiver": receiver})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_SECONDS)


def ids(received: Sequence[Received]) -> list[str]:
    return [request.headers["webhook-id"] for request in received]
