"""Statuses as services of this field write them, for those that a provider's own contract does not have.

A service that grows says COMPLETED where it said completed, and has endings that its page never told. Spelling is
folded, so "On hold", "on-hold" and "ON_HOLD" are one word.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from invoice_capture.domain.errors import CaptureFailed, ProviderError
from invoice_capture.ports import PollState

KNOWN_ELSEWHERE: Mapping[str, PollState] = MappingProxyType(
    {
        "completed": PollState.READY,
        "complete": PollState.READY,
        "done": PollState.READY,
        "finished": PollState.READY,
        "processed": PollState.READY,
        "succeeded": PollState.READY,
        "success": PollState.READY,
        "failed": PollState.FAILED,
        "failure": PollState.FAILED,
        "error": PollState.FAILED,
        "expired": PollState.FAILED,
        "aborted": PollState.FAILED,
        "cancelled": PollState.FAILED,
        "canceled": PollState.FAILED,
        "rejected": PollState.FAILED,
        "deleted": PollState.FAILED,
        "paused": PollState.PENDING,
        "onhold": PollState.PENDING,
        "suspended": PollState.PENDING,
    }
)
_LONGEST = 40

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """``word``: as the provider's own table writes it, None when it is not there; ``said``: as it was told, short."""

    state: PollState
    word: str | None
    said: str


def read(said: str, own: Mapping[str, PollState], provider: str) -> Status:
    """What a status means, by the provider's own table first. One that nobody knows is UNKNOWN, and logged once.

    ``said`` is without secrets.
    """
    short = " ".join(said.split())[:_LONGEST]
    if said in own:
        return Status(own[said], said, short)
    folded = _folded(said)
    word = next((known for known in own if _folded(known) == folded), None)
    if word is not None:
        return Status(own[word], word, short)
    _warn(provider, short)
    return Status(KNOWN_ELSEWHERE.get(folded, PollState.UNKNOWN), None, short)


def failure(status: Status, what: str) -> ProviderError:
    """The error of an ending that the provider's own contract does not have; ``what``: its job, task or reading."""
    return CaptureFailed(
        f"{what} ended as {status.said!r}, without a result. Look at it there, or use another provider."
    )


def _folded(word: str) -> str:
    return re.sub(r"[\W_]+", "", word).casefold()


@lru_cache(maxsize=100)
def _warn(provider: str, said: str) -> None:
    _log.warning(
        "A provider told a status that its contract does not have.", extra={"provider": provider, "status": said}
    )
