"""Fetches the document behind a URL of a client, from the public internet only.

Every hop, the first and each redirect, is checked completely, as ``links.public`` says.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPException, HTTPResponse, IncompleteRead
from tempfile import SpooledTemporaryFile
from typing import IO

from invoice_capture.domain.errors import (
    DocumentTooLarge,
    EmptyDocument,
    LinkBroken,
    LinkForbidden,
    LinkUnanswered,
)
from invoice_capture.links.connection import (
    Connect,
    Deadline,
    Resolver,
    TimedSocket,
    ask,
    body,
    system_connect,
    system_resolver,
)
from invoice_capture.links.public import NO_SUCH_NAME, NotEncrypted, NotPublic, PublicConnections
from invoice_capture.links.urls import Link, read_link

_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
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
        self._connections = PublicConnections(
            allow_http=allow_http,
            trusted_origins=trusted_origins,
            resolve=resolve,
            connect=connect,
            ca_certs=ca_certs,
        )
        self._seconds = seconds
        self._monotonic = monotonic

    def fetch(self, url: str, name: str) -> IO[bytes]:
        """The document at a URL as an open temporary file, at its beginning; the caller closes it.

        ``name`` is how people call the document, for messages. They never contain the path and the query of a URL.

        Raises:
            LinkForbidden: the URL, or a redirect, leads where nothing is fetched from.
            LinkBroken: the other side refuses, or answers something that is no document.
            LinkUnanswered: the other side did not answer, not in time, or not completely.
            DocumentTooLarge, EmptyDocument
        """
        deadline = Deadline(self._seconds, self._monotonic)
        link = read_link(url, f"The link to {name}")
        for _hop in range(_MOST_REDIRECTS + 1):
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

    @contextmanager
    def _connected(self, link: Link, name: str, deadline: Deadline) -> Iterator[TimedSocket]:
        with ExitStack() as exits:
            with self._telling(link, name):
                connected = exits.enter_context(
                    self._connections.to(link, deadline, 2 * self._maximum_bytes + _HEAD_BYTES)
                )
            yield connected

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
        except NotEncrypted as exc:
            raise LinkForbidden(
                f"The link to {name} leads to {link.origin}, without encryption. "
                "Give a link that begins with https:// and stays there, or upload the document."
            ) from exc
        except NotPublic as exc:
            # The address itself is not told: that would make us a name service for the network we are in.
            raise LinkForbidden(
                f"The link to {name} leads to {link.origin}, which is not an address of the public internet, "
                "so nothing is fetched from it. Give a public link, or upload the document."
            ) from exc
        except socket.gaierror as exc:
            if exc.errno in NO_SUCH_NAME:
                raise LinkBroken(
                    f"The link to {name} leads to {link.origin}, and there is no host of this name. Correct the link."
                ) from exc
            raise LinkUnanswered(
                f"The host of the link to {name}, {link.host}, could not be looked up. {again}"
            ) from exc
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
