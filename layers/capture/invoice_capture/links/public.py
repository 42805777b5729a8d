"""Connections to the public internet only, for whatever goes where somebody else points.

The URL is read strictly, and then every address of its name is checked. A name is resolved once, and the connection
goes to exactly the address that was checked, so a name service that changes its answer gains nothing. The certificate
is verified for the name. Nothing of the environment (proxies, netrc, key logs, cookies) is used.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from ipaddress import ip_address

from invoice_capture.links.addresses import is_public, read_address
from invoice_capture.links.connection import (
    Connect,
    Deadline,
    Resolver,
    TimedSocket,
    resolve_within,
    system_connect,
    system_resolver,
)
from invoice_capture.links.urls import Link, read_link

NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""Errors of a name service that say that there is no such host, rather than that it is busy."""

_CONNECT_SECONDS = 10.0


class NotEncrypted(Exception):
    """The URL is http, which is not allowed here."""


class NotPublic(Exception):
    """An address of the host does not belong to the public internet."""


class PublicConnections:
    """Safe to use from several threads.

    ``trusted_origins`` are origins of ours, such as ``http://127.0.0.1:41234``, that are taken as they are.
    ``ca_certs`` is a file with certificates of authorities instead of the public ones.
    """

    def __init__(
        self,
        *,
        allow_http: bool = False,
        trusted_origins: frozenset[str] = frozenset(),
        resolve: Resolver = system_resolver,
        connect: Connect = system_connect,
        ca_certs: str | None = None,
    ) -> None:
        self._schemes = frozenset({"http", "https"} if allow_http else {"https"})
        self._trusted = frozenset(read_link(origin, "A trusted origin").origin for origin in trusted_origins)
        self._resolve = resolve
        self._connect = connect
        self._ca_certs = ca_certs

    @contextmanager
    def to(self, link: Link, deadline: Deadline, most_bytes: int) -> Iterator[TimedSocket]:
        """A connection that may receive so many bytes until the deadline.

        Raises:
            NotEncrypted, NotPublic: nothing was connected to.
            OSError: the name is not known, or the connection failed; TimeoutError at the deadline.
        """
        if link.scheme not in self._schemes and link.origin not in self._trusted:
            raise NotEncrypted
        opened = self._opened(self._addresses(link, deadline), link.port, deadline)
        if link.scheme == "https":
            opened = self._encrypted(opened, link.host, deadline)
        with opened:
            yield TimedSocket(opened, deadline, most_bytes)

    def _addresses(self, link: Link, deadline: Deadline) -> Sequence[str]:
        """The addresses of a host in their canonical spelling, every one of them allowed."""
        literal = read_address(link.host)
        found = [str(literal)] if literal else resolve_within(deadline, self._resolve, link.host)
        if link.origin in self._trusted:
            return found
        try:
            addresses = [ip_address(text) for text in found]
        except ValueError:
            addresses = []
        # One address of many suffices to refuse: which one is connected to is a matter of luck.
        if not addresses or not all(map(is_public, addresses)):
            raise NotPublic
        return [str(address) for address in addresses]

    def _opened(self, addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
        failure = OSError("no address")
        for address in addresses:
            try:
                return self._connect(address, port, min(_CONNECT_SECONDS, deadline.remaining()))
            except OSError as exc:
                failure = exc
        raise failure

    def _encrypted(self, opened: socket.socket, host: str, deadline: Deadline) -> socket.socket:
        try:
            # The time-out of a handshake holds for the whole of it.
            opened.settimeout(deadline.remaining())
            # An end without notice may be somebody else's scissors: it must not look like the content's end.
            return self._tls.wrap_socket(opened, server_hostname=host, suppress_ragged_eofs=False)
        except BaseException:
            opened.close()
            raise

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        import certifi

        # Not ssl.create_default_context, which writes session keys to a file when the environment asks for it.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_verify_locations(self._ca_certs or certifi.where())
        return context
