"""Fetches the document behind an URL of a client, from the public internet only.

Every hop, the first and each redirect, is checked completely: the URL, then every address of its name. A name is
resolved once per hop, and the connection goes to exactly the address that was checked, so a name service that changes
its answer gains nothing. The certificate is verified for the name. Nothing of the environment (proxies, netrc, key
logs, cookies) is used.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from http.client import HTTPException, HTTPResponse, IncompleteRead
from ipaddress import ip_address
from tempfile import SpooledTemporaryFile
from typing import IO

from invoice_capture.domain.errors import (
    DocumentTooLarge,
    EmptyDocument,
    LinkBroken,
    LinkForbidden,
    LinkUnanswered,
)
from invoice_capture.links.addresses import is_public, read_address
from invoice_capture.links.connection import (
    Connect,
    Deadline,
    Resolver,
    TimedSocket,
    ask,
    body,
    resolve_within,
    system_connect,
    system_resolver,
)
from invoice_capture.links.urls import Link, read_link

_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_CONNECT_SECONDS = 10.0
_IN_MEMORY_BYTES = 4 * 1024**2
# Heads and the frames of chunks; an answer with more of them than of content is no document.
_HEAD_BYTES = 256 * 1024


class LinkFetcher:
    """Fetches documents; safe to use from several threads.

    At most ``maximum_bytes`` are taken, within ``seconds`` for everything. ``allow_http`` also takes http, from the
    client and from redirects. ``trusted_origins`` are origins of ours, such as ``http://127.0.0.1:41234``, that are
    taken as they are; redirects from there are checked like any other. ``ca_certs`` is a file with certificates of
    authorities instead of the public ones.
    """

    def __init__(
        self,
        *,
        maximum_bytes: int,
        allow_http: bool = False,
        trusted_origins: frozenset[str] = frozenset(),
        seconds: float = 60.0,
        resolve: Resolver = system_resolver,
        connect: Connect = system_connect,
        ca_certs: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._maximum_bytes = maximum_bytes
        self._schemes = frozenset({"http", "https"} if allow_http else {"https"})
        self._trusted = frozenset(read_link(origin, "A trusted origin").origin for origin in trusted_origins)
        self._seconds = seconds
        self._resolve = resolve
        self._connect = connect
        self._ca_certs = ca_certs
        self._monotonic = monotonic

    def fetch(self, url: str, name: str) -> IO[bytes]:
        """The document at an URL as an open temporary file, at its beginning; the caller closes it.

        ``name`` is how people call the document, for messages. They never contain the path and the query of an URL.

        Raises:
            LinkForbidden: the URL, or a redirect, leads where nothing is fetched from.
            LinkBroken: the other side refuses, or answers something that is no document.
            LinkUnanswered: the other side did not answer, not in time, or not completely.
            DocumentTooLarge, EmptyDocument
        """
        deadline = Deadline(self._seconds, self._monotonic)
        link = read_link(url, f"The link to {name}")
        for _hop in range(_MOST_REDIRECTS + 1):
            self._require_scheme(link, name)
            with self._connected(link, name, deadline) as connected:
                with self._telling(link, name):
                    response = ask(connected, link)
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or not location:
                    _require_document(response, link, name)
                    return self._kept(response, link, name)
                link = link.redirected(location, f"A redirect of the link to {name}")
        raise LinkBroken(
            f"The link to {name} redirects more than {_MOST_REDIRECTS} times. Give the link it leads to in the end."
        )

    # --- where it leads ----------------------------------------------------------------------------------------------

    def _require_scheme(self, link: Link, name: str) -> None:
        if link.scheme not in self._schemes and link.origin not in self._trusted:
            raise LinkForbidden(
                f"The link to {name} leads to {link.origin}, without encryption. "
                "Give a link that begins with https:// and stays there, or upload the document."
            )

    def _addresses(self, link: Link, name: str, deadline: Deadline) -> Sequence[str]:
        """The addresses of a host in their canonical spelling, every one of them allowed."""
        literal = read_address(link.host)
        found = [str(literal)] if literal else self._resolved(link, name, deadline)
        if link.origin in self._trusted:
            return found
        try:
            addresses = [ip_address(text) for text in found]
        except ValueError:
            addresses = []
        # One address of many suffices to refuse: which one is connected to is a matter of luck.
        if not addresses or not all(map(is_public, addresses)):
            # The address itself is not told: that would make us a name service for the network we are in.
            raise LinkForbidden(
                f"The link to {name} leads to {link.origin}, which is not an address of the public internet, "
                "so nothing is fetched from it. Give a public link, or upload the document."
            )
        return [str(address) for address in addresses]

    def _resolved(self, link: Link, name: str, deadline: Deadline) -> Sequence[str]:
        try:
            return resolve_within(deadline, self._resolve, link.host)
        except socket.gaierror as exc:
            if exc.errno in _NO_SUCH_NAME:
                raise LinkBroken(
                    f"The link to {name} leads to {link.origin}, and there is no host of this name. Correct the link."
                ) from exc
            raise LinkUnanswered(
                f"The host of the link to {name}, {link.host}, could not be looked up. "
                "It is tried again; if that does not help, look whether the link works in a browser."
            ) from exc

    # --- one hop -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _connected(self, link: Link, name: str, deadline: Deadline) -> Iterator[TimedSocket]:
        with self._telling(link, name):
            opened = self._opened(self._addresses(link, name, deadline), link.port, deadline)
            if link.scheme == "https":
                opened = self._encrypted(opened, link.host, deadline)
        with opened:
            yield TimedSocket(opened, deadline, 2 * self._maximum_bytes + _HEAD_BYTES)

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
            # An end without notice may be somebody else's scissors: it must not look like the document's end.
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

    def _kept(self, response: HTTPResponse, link: Link, name: str) -> IO[bytes]:
        if response.length is not None:
            self._require_size(response.length, link, name)
        file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - the caller closes it
        try:
            size = 0
            for portion in self._portions(response, link, name):
                size += len(portion)
                self._require_size(size, link, name)
                file.write(portion)
            self._require_size(size, link, name)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def _portions(self, response: HTTPResponse, link: Link, name: str) -> Iterator[bytes]:
        with self._telling(link, name):
            yield from body(response, self._maximum_bytes)

    def _require_size(self, size: int, link: Link, name: str) -> None:
        if size == 0:
            raise EmptyDocument(f"{name} is empty: {link.origin} answered without content. Put the file there.")
        if size > self._maximum_bytes:
            raise DocumentTooLarge(
                f"{name}, at {link.origin}, has more than the {self._maximum_bytes / 1024**2:g} MB that are taken. "
                "Split it, scan it at a lower resolution, or raise MaximumDocumentMegabytes."
            )

    # --- failures ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _telling(self, link: Link, name: str) -> Iterator[None]:
        """Errors of sockets and of http.client as errors of ours."""
        again = "It is tried again; if that does not help, look whether the link works in a browser."
        try:
            yield
        except TimeoutError as exc:
            raise LinkUnanswered(
                f"{link.origin} did not deliver {name} in time; {self._seconds:g} seconds are allowed. {again}"
            ) from exc
        except ssl.SSLCertVerificationError as exc:
            raise LinkBroken(
                f"The certificate of {link.origin}, where {name} is to be fetched, is not valid: "
                f"{exc.verify_message.rstrip('. ')}. Correct the link, or have the server's certificate renewed."
            ) from exc
        except (IncompleteRead, ssl.SSLEOFError, ssl.SSLZeroReturnError) as exc:
            raise LinkUnanswered(f"{link.origin} broke off while {name} was fetched. {again}") from exc
        except ssl.SSLError as exc:
            raise LinkBroken(
                f"{link.origin}, where {name} is to be fetched, does not speak TLS in a way that can be used "
                f"({exc.reason}). Correct the link, or upload the document."
            ) from exc
        except OSError as exc:
            raise LinkUnanswered(
                f"{link.origin}, where {name} is to be fetched, could not be reached ({type(exc).__name__}). {again}"
            ) from exc
        except HTTPException as exc:
            raise LinkBroken(
                f"{link.origin}, where {name} is to be fetched, answers what is not HTTP ({type(exc).__name__}). "
                "Correct the link, or upload the document."
            ) from exc


def _require_document(response: HTTPResponse, link: Link, name: str) -> None:
    """Raises LinkUnanswered for what passes, and LinkBroken for every other answer than a plain document."""
    status = response.status
    if status >= 500 or status in _WORTH_ANOTHER_TRY:
        raise LinkUnanswered(
            f"{link.origin} answered HTTP {status} instead of {name}. "
            "It is tried again; if that does not help, try later or upload the document."
        )
    if status != 200:
        raise LinkBroken(
            f"{link.origin} answered HTTP {status} instead of {name}. "
            "Look whether the link works in a browser where nobody is signed in, and whether it has expired."
        )
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    transfer = response.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if coding not in {"", "identity"} or transfer != "chunked":
        raise LinkBroken(
            f"{link.origin} sends {name} compressed, although that was not asked for. Upload the document instead."
        )
