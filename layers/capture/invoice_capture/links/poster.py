"""Sends JSON where a client wants to be told, on the public internet only, as ``links.public`` says."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

from invoice_capture.domain.errors import LinkBroken, LinkForbidden, LinkUnanswered
from invoice_capture.links.connection import Connect, Deadline, Resolver, ask, system_connect, system_resolver
from invoice_capture.links.public import NO_SUCH_NAME, NotEncrypted, NotPublic, PublicConnections
from invoice_capture.links.urls import read_link
from invoice_capture.ports.webhooks import Answer
from invoice_capture.retry_after import retry_after_seconds

# As Standard Webhooks advises; for looking up, connecting, sending and the head of the answer together.
_SECONDS = 15.0
# Of the head of an answer. Its body is not read.
_MOST_BYTES = 64 * 1024
_LONGEST_RETRY_AFTER_SECONDS = 86_400.0


class LinkPoster:
    """Safe to use from several threads. The options are those of ``LinkFetcher``."""

    def __init__(
        self,
        *,
        trusted_origins: frozenset[str] = frozenset(),
        seconds: float = _SECONDS,
        resolve: Resolver = system_resolver,
        connect: Connect = system_connect,
        ca_certs: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = PublicConnections(
            trusted_origins=trusted_origins, resolve=resolve, connect=connect, ca_certs=ca_certs
        )
        self._seconds = seconds
        self._monotonic = monotonic

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a JSON body; a redirect is an answer like any other.

        Raises:
            LinkForbidden: the URL leads where nothing is sent to.
            LinkBroken: the other side is no receiver.
            LinkUnanswered: it did not answer, or not in time.
        """
        deadline = Deadline(self._seconds, self._monotonic)
        link = read_link(url, "The URL")
        with self._telling(), self._connections.to(link, deadline, _MOST_BYTES) as connected:
            response = ask(connected, link, "POST", {"Content-Type": "application/json", **headers}, body)
            pause = retry_after_seconds(
                response.headers.get("Retry-After"), datetime.now(UTC), _LONGEST_RETRY_AFTER_SECONDS
            )
            return Answer(response.status, timedelta(seconds=pause or 0.0))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What went wrong, in words that say nothing of the URL."""
        try:
            yield
        except NotEncrypted as exc:
            raise LinkForbidden("its URL does not begin with https://") from exc
        except NotPublic as exc:
            raise LinkForbidden("its host is not on the public internet") from exc
        except socket.gaierror as exc:
            if exc.errno in NO_SUCH_NAME:
                raise LinkBroken("there is no host of its name") from exc
            raise LinkUnanswered("its host could not be looked up") from exc
        except TimeoutError as exc:
            raise LinkUnanswered(f"it did not answer within {self._seconds:g} seconds") from exc
        except ssl.SSLCertVerificationError as exc:
            raise LinkBroken(f"its certificate is not valid: {exc.verify_message.rstrip('. ')}") from exc
        except ssl.SSLError as exc:
            raise LinkBroken(f"it does not speak TLS in a way that can be used ({exc.reason})") from exc
        except OSError as exc:
            raise LinkUnanswered(f"it could not be reached ({type(exc).__name__})") from exc
        except HTTPException as exc:
            raise LinkBroken(f"it answers what is not HTTP ({type(exc).__name__})") from exc
