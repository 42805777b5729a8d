"""For which client of the API a step acts, for what is written meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_client: ContextVar[str | None] = ContextVar("client", default=None)


@contextmanager
def acting_for(client: str | None) -> Iterator[None]:
    token = _client.set(client)
    try:
        yield
    finally:
        _client.reset(token)


def acting_client() -> str | None:
    return _client.get()
