"""Where the histories of jobs are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from invoice_capture.domain.history import Entry


@dataclass(frozen=True)
class Head:
    """The last entry of a history, noted apart from it: its hash, and how many entries there were."""

    hash: str
    entries: int


class HistoryStore(Protocol):
    def portions(self, job_id: str) -> Sequence[bytes]:
        """Everything that was appended to a history, in its order."""
        ...

    def append(self, job_id: str, place: int, content: bytes, locked_until: datetime | None) -> bool:
        """Add a portion at ``place``, from 1. False when there is one: nothing is ever overwritten."""
        ...

    def note_head(self, job_id: str, entry: Entry, ttl: int | None) -> None:
        """Note the last entry of a history in the table; an older one never takes the place of a newer one."""
        ...

    def head(self, job_id: str) -> Head | None: ...

    def is_there(self, job_id: str) -> bool:
        """Whether the job itself is."""
        ...

    def remove(self, job_id: str) -> None:
        """Delete a history in all versions, and what was noted of it."""
        ...

    def digest(self, key: str, version_id: str | None) -> Mapping[str, Any] | None:
        """Key, version, bytes and SHA-256 of an object, as entries have them; None when it is gone."""
        ...

    def lock(self, key: str, version_id: str, until: datetime) -> None:
        """Let nobody delete a version before; one that is gone is fine."""
        ...
