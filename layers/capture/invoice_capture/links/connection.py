"""One request over one connection to one address, within a deadline that holds for every byte."""

from __future__ import annotations

import io
import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from types import MappingProxyType

from invoice_capture.links.urls import Link
from invoice_capture.version import USER_AGENT

Resolver = Callable[[str], Sequence[str]]
"""The addresses of a name as text, the best one first. Raises OSError, as ``socket.getaddrinfo`` does."""
Connect = Callable[[str, int, float], socket.socket]
"""A connection to exactly this address and port, within so many seconds. Raises OSError."""

_PORTION_BYTES = 64 * 1024
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Deadline:
    """The moment at which a fetch has taken too long."""

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds

    def remaining(self) -> float:
        """Seconds that are left, always more than none. Raises TimeoutError."""
        seconds = self._ends_at - self._monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class NoHttp(HTTPException):
    """The server's answer has frames that mean nothing, or more of them than of content."""


def system_resolver(name: str) -> Sequence[str]:
    """What the system's name service says, in the order in which it wants the addresses tried."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def system_connect(address: str, port: int, seconds: float) -> socket.socket:
    # The address is a number in its canonical spelling, so no name service is asked a second time.
    return socket.create_connection((address, port), timeout=seconds)


def resolve_within(deadline: Deadline, resolve: Resolver, name: str) -> Sequence[str]:
    """Ask once for the addresses of a name. Raises OSError, and TimeoutError at the deadline."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(name))
        except Exception as exc:
            answers.put(exc)

    # The system's resolver cannot be told when to stop. Nobody waits for a thread that is left behind.
    threading.Thread(target=ask, name="resolve a name", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


class TimedSocket:
    """The part of a socket that http.client uses, with the time that is left as the time-out of every single call.

    A time-out alone would begin anew with every byte of a server that drips. ``most_bytes`` bounds what is received,
    because http.client believes every chunk's length, even a negative one.
    """

    def __init__(self, connected: socket.socket, deadline: Deadline, most_bytes: int) -> None:
        self._socket = connected
        self._deadline = deadline
        self._most_bytes = most_bytes

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._deadline.remaining())
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._socket, self._deadline, self._most_bytes))

    def close(self) -> None:
        """Nothing: http.client closes before the body is read. Who opened the socket closes it."""


class _TimedReader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: Deadline, most_bytes: int) -> None:
        self._socket = connected
        self._deadline = deadline
        self._bytes_left = most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._socket.settimeout(self._deadline.remaining())
        count = self._socket.recv_into(buffer)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise NoHttp
        return count


def ask(
    connected: TimedSocket,
    link: Link,
    method: str = "GET",
    headers: Mapping[str, str] = _NO_HEADERS,
    content: bytes | None = None,
) -> HTTPResponse:
    """The head of the answer to a request; the body is still to be read. Raises OSError and HTTPException."""
    connection = HTTPConnection(link.host, link.port)
    connection.sock = connected
    always = {
        "Host": link.authority,
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    connection.request(method, link.target, body=content, headers={**always, **headers})
    return connection.getresponse()


def body(response: HTTPResponse, most_bytes: int) -> Iterator[bytes]:
    """The content in portions, until there is no more or one portion went beyond ``most_bytes``, by one byte if at all.

    Raises OSError and HTTPException; IncompleteRead when less came than was announced.
    """
    declared, size = response.length, 0
    while size <= most_bytes:
        try:
            portion = response.read(min(_PORTION_BYTES, most_bytes + 1 - size))
        except ValueError as exc:  # a chunk of negative length
            raise NoHttp from exc
        if not portion:
            break
        size += len(portion)
        yield portion
    # http.client takes the end of a connection for the end of the content.
    if declared is not None and size < declared and size <= most_bytes:
        raise IncompleteRead(b"", declared - size)
