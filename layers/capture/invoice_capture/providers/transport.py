"""Connections that know how far a request came, and that have a limit for each part of it.

urllib3 wraps an error by its kind, which does not tell when it happened, and its limit for connecting also bounds
sending, however long the body is. So its connections are followed here through an ``Exchange``.

==================  ==================================================================================================
looking a name up   the system's resolver gives up after about RESOLVING_SECONDS; nothing bounds it from here
connecting          ``connect_seconds`` for all addresses of the name together, and again for the TLS handshake
sending             by size: ``sending_seconds``; ``stall_seconds`` for the other side to take the next portion
answering           ``read_seconds`` of silence at a time; twice as long as a whole
==================  ==================================================================================================
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util import create_urllib3_context
from urllib3.util.connection import create_connection

RESOLVING_SECONDS = 20.0
MOST_READ_SECONDS = 60.0
"""No provider is waited for longer, whatever its settings say: the function that asks has to end as well."""
_PORTION_BYTES = 16 * 1024
# What the system holds back is still to be sent when the wait for the answer begins, so it must not be much: four
# seconds at the slowest speed. Linux takes twice what is asked for.
_SEND_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True)
class Limits:
    """What each part of a request may take. ``slowest_bytes_per_second`` is 1 Mbit/s; a large body goes faster where
    ``most_sending_seconds`` ask for it. ``answer_bytes`` is the size of an answer.
    """

    connect_seconds: float = 5.0
    base_sending_seconds: float = 10.0
    slowest_bytes_per_second: float = 125_000.0
    most_sending_seconds: float = 240.0
    stall_seconds: float = 20.0
    read_seconds: float = 30.0
    answer_bytes: int = 50 * 1024**2

    def sending_seconds(self, body_bytes: int) -> float:
        """How long a body of this size may take to be sent."""
        return min(self.most_sending_seconds, self.base_sending_seconds + body_bytes / self.slowest_bytes_per_second)

    @property
    def answer_seconds(self) -> float:
        """How long an answer that keeps coming may take."""
        return 2 * self.read_seconds

    def longest_seconds(self, body_bytes: int) -> float:
        """The longest that one request with a body of this size may take."""
        connecting = RESOLVING_SECONDS + 2 * self.connect_seconds
        return connecting + self.sending_seconds(body_bytes) + self.answer_seconds


class Exchange:
    """One request and its answer. ``was_sent``: some of it may have left this machine.

    ``before_sending`` is called when there is a connection, right before anything is sent; nothing is when it raises.
    """

    def __init__(self, limits: Limits, before_sending: Callable[[], None]) -> None:
        self._limits = limits
        self._before_sending = before_sending
        self.was_sent = False
        self._silence = limits.connect_seconds
        self._ends_at = float("inf")

    def begin_sending(self, body_bytes: int) -> None:
        self._before_sending()
        self.was_sent = True
        self._silence = self._limits.stall_seconds
        self._ends_at = time.monotonic() + self._limits.sending_seconds(body_bytes)

    def begin_reading(self) -> None:
        self._silence = self._limits.read_seconds
        self._ends_at = time.monotonic() + self._limits.answer_seconds

    def timeout(self) -> float:
        """Seconds to wait for the next portion. Raises TimeoutError when the time of this part is up."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("The time of this part of the request is up.")
        return min(self._silence, left)


_current: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def following(limits: Limits, before_sending: Callable[[], None]) -> Iterator[Exchange]:
    """The exchange that a request made inside, on this thread and through an ``Adapter``, is followed by."""
    token = _current.set(exchange := Exchange(limits, before_sending))
    try:
        yield exchange
    finally:
        _current.reset(token)


class Adapter(HTTPAdapter):
    """Sends nothing twice. ``authorities``: further certificate authorities to trust, as PEM.

    Raises:
        ValueError: there is no certificate in ``authorities``.
    """

    def __init__(self, authorities: str | None) -> None:
        self._pool_options: dict[str, Any] = {
            "socket_options": [
                *HTTPConnection.default_socket_options,
                (socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES),
            ]
        }
        if authorities is not None:
            context = create_urllib3_context()
            try:
                context.load_verify_locations(cadata=authorities)
            except OSError as exc:
                raise ValueError("no certificate in PEM") from exc
            self._pool_options["ssl_context"] = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **options, **self._pool_options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options, **self._pool_options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Portions(sock, _current.get()))


class _Portions(io.RawIOBase):
    """What comes out of a socket, each portion in time."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self._sock = sock
        self._raw: Any = sock.makefile("rb", buffering=0)
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._exchange.timeout())
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Connection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        """As urllib3's, whose limit is for each address of a name, of which there may be many."""
        seconds = float(self.timeout or 0.0)
        give_up_at = time.monotonic() + seconds
        try:
            addresses = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as exc:
            raise NameResolutionError(self.host, self, exc) from exc
        failure: OSError = TimeoutError("The name has no address that answers.")
        for *_, address in addresses:
            left = give_up_at - time.monotonic()
            if left <= 0:
                break
            try:
                connected = create_connection(
                    (str(address[0]), self.port), left, self.source_address, self.socket_options
                )
            except OSError as exc:
                failure = exc
            else:
                connected.settimeout(seconds)
                return connected
        raise NewConnectionError(self, f"Failed to establish a new connection: {failure}") from failure

    def request(  # type: ignore[override]
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        if self.is_closed:
            self.connect()
        _current.get().begin_sending(int((headers or {}).get("Content-Length", 0)))
        super().request(method, url, body, headers, **options)

    def send(self, data: Any) -> None:
        exchange = _current.get()
        portions = memoryview(data)
        for start in range(0, len(portions), _PORTION_BYTES):
            self.sock.settimeout(exchange.timeout())
            super().send(portions[start : start + _PORTION_BYTES])

    def getresponse(self) -> Any:
        _current.get().begin_reading()
        return super().getresponse()


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS: dict[str, Any] = {"http": _Pool, "https": _TlsPool}
