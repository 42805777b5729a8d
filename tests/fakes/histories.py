"""Histories in memory. tests/contract holds them to the same suite as the ones on S3 and DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from invoice_capture.domain.history import Entry, sha256_of
from invoice_capture.ports.histories import Head


class MemoryHistoryStore:
    def __init__(self) -> None:
        self.kept: dict[str, list[bytes]] = {}
        self.heads: dict[str, Head] = {}
        self.objects: dict[tuple[str, str | None], bytes] = {}
        self.locks: dict[tuple[str, str], datetime] = {}
        self.jobs: set[str] = set()

    def portions(self, job_id: str) -> Sequence[bytes]:
        return list(self.kept.get(job_id, []))

    def append(self, job_id: str, place: int, content: bytes, locked_until: datetime | None) -> bool:
        portions = self.kept.setdefault(job_id, [])
        if place <= len(portions):
            return False
        portions.append(content)
        if locked_until is not None:
            self.locks[job_id, str(place)] = locked_until
        return True

    def note_head(self, job_id: str, entry: Entry, ttl: int | None) -> None:
        former = self.heads.get(job_id)
        if former is None or former.entries < entry["sequence"]:
            self.heads[job_id] = Head(entry["hash"], entry["sequence"])

    def head(self, job_id: str) -> Head | None:
        return self.heads.get(job_id)

    def is_there(self, job_id: str) -> bool:
        return job_id in self.jobs

    def remove(self, job_id: str) -> None:
        self.kept.pop(job_id, None)
        self.heads.pop(job_id, None)

    def digest(self, key: str, version_id: str | None) -> Mapping[str, Any] | None:
        content = self.objects.get((key, version_id))
        if content is None:
            return None
        return {"key": key, "version": version_id, "bytes": len(content), "sha256": sha256_of(content)}

    def lock(self, key: str, version_id: str, until: datetime) -> None:
        self.locks[key, version_id] = until
