"""A loopback HTTP server that keeps connections alive, streams bodies in both directions, and can hang up.

werkzeug's own development server closes the connection after every answer, and with it a client's reuse of
connections could not be seen; its request, response and routing objects are used here.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any, cast
from urllib.parse import unquote_to_bytes, urlsplit

from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import LimitedStream

HOST = "127.0.0.1"
# 100 MB in base64, and what belongs around it.
MOST_BYTES = 150 * 1024**2
SENT_HEADERS = "loopback.sent_headers"
"""Where a request's ``environ`` has its headers as pairs, in their order."""

_CHUNK_BYTES = 64 * 1024
_SLOW_BUFFER_BYTES = 16 * 1024
# A slow connection carries so much at a time, in seconds of its speed.
_SLOW_PORTION_SECONDS = 0.02
_LINGER_NOT = struct.pack("ii", 1, 0)
_LOG = logging.getLogger(__name__)


class HangUp(Exception):
    """Raised by an application that wants its connection reset instead of answered."""


class BreakTls(Exception):
    """Raised by an application that wants its answer to break in the middle of a TLS record."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


Application = Callable[[Request], Response]
# Bytes per second to the server and from it, None as fast as it can.
Link = Callable[[], tuple[float | None, float | None]]


class LoopbackServer:
    """Answers requests to ``127.0.0.1`` with an application, each connection on a thread of its own.

    Port 0 takes any free port. It answers from ``__init__`` until ``close``, over TLS with ``tls``. ``link`` is asked
    with each request how fast the connection is.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        application: Application,
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        link: Link = lambda: (None, None),
    ) -> None:
        self._server = _Server(application, port, tls, link)
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="loopback-server", daemon=True
        )
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"{self._scheme}://{HOST}:{self.port}"

    @property
    def port(self) -> int:
        return self._server.port

    def close(self) -> None:
        """Stop, and end the connections that clients still keep."""
        self._server.shutdown()
        self._server.server_close()
        self._server.end_connections()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, application: Application, port: int, tls: ssl.SSLContext | None, link: Link) -> None:
        self.application = application
        self.link = link
        self._tls = tls
        self._connections: set[socket.socket] = set()
        super().__init__((HOST, port), _Handler)

    @property
    def port(self) -> int:
        return int(cast(tuple[str, int], self.server_address)[1])

    def server_bind(self) -> None:
        # HTTPServer asks the name service what this machine is called, which may take seconds.
        if self.link()[0] is not None:
            # What the system takes in advance is not slow.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BUFFER_BYTES)
        socketserver.TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls is not None:
            # The handshake takes place on the connection's own thread, with the first read.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        _LOG.debug("A connection broke.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer leave in one packet, or the other side's delayed acknowledgement costs 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True

    def answer(self) -> None:
        length = self._content_length()
        if length is None or length > MOST_BYTES:
            self.close_connection = True
            self._send(Response("The body is too large, or has no Content-Length.", 413 if length else 411))
            return
        speed, _ = cast(_Server, self.server).link()
        stream = self.rfile if speed is None else _SlowReader(self.rfile, speed)
        body = LimitedStream(cast(IO[bytes], stream), length)
        request = Request(self._environ(length, body))
        try:
            response = cast(_Server, self.server).application(request)
        except HangUp:
            self._hang_up()
            return
        except BreakTls as exc:
            self._break_tls(exc.response)
            return
        except Exception:
            _LOG.exception("A loopback server failed over %s %s", self.command, self.path)
            response = Response("The server has a defect, which its log shows.", 500)
        finally:
            # The files that came with it are kept outside of memory.
            request.close()
        self._send(response)
        self.wfile.flush()
        # The next request begins where the body of this one ends, read or not.
        while body.read(_CHUNK_BYTES):
            pass

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method, known or made up, is the application's to answer."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def handle_expect_100(self) -> bool:
        """Leave to send the body must go out at once, or a client waits a second for it."""
        proceeds = super().handle_expect_100()
        self.wfile.flush()
        return proceeds

    def log_message(self, format: str, *args: Any) -> None:
        """The application tells its requests, where somebody wants to know."""

    def _content_length(self) -> int | None:
        if "Transfer-Encoding" in self.headers:
            return None
        text = self.headers.get("Content-Length", "0")
        return int(text) if text.isascii() and text.isdigit() else None

    def _environ(self, length: int, body: LimitedStream) -> dict[str, Any]:
        target = urlsplit(self.path if not self.path.startswith("//") else "/" + self.path.lstrip("/"))
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(target.path).decode("latin-1"),
            "QUERY_STRING": target.query,
            "RAW_URI": self.path,
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(cast(_Server, self.server).port),
            "SERVER_PROTOCOL": self.request_version,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.input_terminated": True,
            # As they were sent: an environment keeps neither their spelling nor what is sent twice.
            SENT_HEADERS: tuple(self.headers.items()),
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _send(self, response: Response) -> None:
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            self.send_header(name, value)
        # Without a length the end of the connection is the end of the answer.
        if response.content_length is None or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            for chunk in response.iter_encoded():
                self._write(chunk)
        response.close()

    def _write(self, content: bytes) -> None:
        _, speed = cast(_Server, self.server).link()
        if speed is None:
            self.wfile.write(content)
            return
        size = _slow_portion(speed)
        for start in range(0, len(content), size):
            portion = content[start : start + size]
            self.wfile.write(portion)
            self.wfile.flush()
            time.sleep(len(portion) / speed)

    def _break_tls(self, response: Response) -> None:
        content = response.get_data()
        self.send_response(response.status_code)
        self.send_header("Content-Type", response.content_type or "")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        # Past the encryption, where a record is expected.
        socket.socket.sendall(self.connection, b"this is no TLS record")
        self.close_connection = True

    def _hang_up(self) -> None:
        """Reset the connection: the other side sees neither an answer nor an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        # Streams on the socket keep it open when it is closed; taking its descriptor away does not ask them.
        socket.close(self.connection.detach())


class _SlowReader(io.RawIOBase):
    def __init__(self, stream: Any, bytes_per_second: float) -> None:
        self._stream = stream
        self._speed = bytes_per_second

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        portion: bytes = self._stream.read1(min(len(buffer), _slow_portion(self._speed)))
        time.sleep(len(portion) / self._speed)
        buffer[: len(portion)] = portion
        return len(portion)


def _slow_portion(bytes_per_second: float) -> int:
    return max(1, int(bytes_per_second * _SLOW_PORTION_SECONDS))
