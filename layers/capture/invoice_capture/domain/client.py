"""The clients of the HTTP API: who asks, and what the one who asks may see."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

SEES_ALL = "all"
"""The scope whose keys see the jobs of every client, and those of documents dropped into the bucket."""

SCOPES = frozenset({SEES_ALL})

# Names become parts of S3 keys and of partition keys.
CLIENT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


class KeyRefused(ValueError):
    """A key cannot be created or revoked as somebody asked; the message says what would be right."""


class Unauthorized(Exception):
    """A request without a key that opens anything. ``reason`` is for the log: it never quotes the key."""

    def __init__(self, reason: str) -> None:
        super().__init__("Unauthorized")
        self.reason = reason


@dataclass(frozen=True)
class Principal:
    """Who sent a request: a client, with the scopes of the key it used."""

    client: str
    scopes: frozenset[str]

    @property
    def sees_all(self) -> bool:
        return SEES_ALL in self.scopes


def require_client(client: str, scopes: Collection[str]) -> Principal:
    """A client by its name, with scopes that exist. Raises KeyRefused."""
    if not CLIENT_NAME.fullmatch(client):
        raise KeyRefused(
            f"{client!r} cannot be the name of a client: take 1 to 63 lower-case letters, digits and hyphens, "
            "and begin with a letter or a digit."
        )
    unknown = sorted(set(scopes) - SCOPES)
    if unknown:
        raise KeyRefused(f"There is no scope {unknown[0]!r}; there is {', '.join(sorted(SCOPES))}, or leave it out.")
    return Principal(client, frozenset(scopes))
