"""Fetching a document from the link that a client gave, as a provider does: bounded, and over HTTP only."""

from __future__ import annotations

from http.client import HTTPException
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, Request

_LARGEST_BYTES = 25 * 1024**2
_SECONDS = 30.0
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class FetchFailed(Exception):
    """The message is a sentence without the link, which may carry a signature."""


def fetch(url: str) -> bytes:
    """The document behind a link.

    Raises:
        FetchFailed: it is not there, too large, or too slow.
    """
    try:
        with _opener().open(Request(url), timeout=_SECONDS) as answer:
            if answer.status != 200:
                raise FetchFailed(f"The document could not be fetched: HTTP {answer.status}.")
            content: bytes = answer.read(_LARGEST_BYTES + 1)
    except (OSError, HTTPException, ValueError) as exc:
        raise FetchFailed(f"The document could not be fetched: {type(exc).__name__}.") from exc
    if len(content) > _LARGEST_BYTES:
        raise FetchFailed("The document could not be fetched: it is larger than 25 MB.")
    return content


def knock(url: str) -> None:
    """POST to a webhook on this machine without a body; whether anybody answers is not asked."""
    try:
        with _opener().open(Request(url, data=b"", method="POST"), timeout=_SECONDS):
            pass
    except (OSError, HTTPException, ValueError):
        return


def is_loopback(url: str) -> bool:
    """Whether a link leads to this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in _LOOPBACK_HOSTS


def _opener() -> OpenerDirector:
    """Neither files nor FTP, no redirects, and no proxy, which could not see this machine."""
    opener = OpenerDirector()
    for handler in (HTTPHandler(), HTTPSHandler()):
        opener.add_handler(handler)
    return opener
