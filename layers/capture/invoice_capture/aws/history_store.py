"""Histories of jobs: objects below ``history/`` that are only ever added, and in the table the last hash of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from invoice_capture.aws.clients import Clients, calling, error_code
from invoice_capture.aws.items import Item, job_key, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.domain.history import Entry
from invoice_capture.ports.histories import Head

LockMode = Literal["GOVERNANCE", "COMPLIANCE"]

_MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "405"})
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_BYTES_AT_A_TIME = 1024**2


def history_folder(job_id: str) -> str:
    return f"history/{job_id}/"


class ObjectHistoryStore:
    """``lock`` is how portions and documents are locked; None where they are not."""

    def __init__(self, clients: Clients, bucket: str, table: Table, lock: LockMode | None = None) -> None:
        self._clients = clients
        self._bucket = bucket
        self._table = table
        self._lock = lock

    def portions(self, job_id: str) -> Sequence[bytes]:
        return list(self._found(job_id))

    def _found(self, job_id: str) -> Iterator[bytes]:
        # They are numbered without a gap: asking for one too many costs less than a list of them.
        place = 1
        while (answer := self._get(_portion_key(job_id, place))) is not None:
            with calling("S3"):
                yield answer["Body"].read()
            place += 1

    def append(self, job_id: str, place: int, content: bytes, locked_until: datetime | None) -> bool:
        locked: dict[str, Any] = {}
        if self._lock is not None and locked_until is not None:
            locked = {"ObjectLockMode": self._lock, "ObjectLockRetainUntilDate": locked_until}
        try:
            with calling("S3"):
                self._clients.s3.put_object(
                    Bucket=self._bucket,
                    Key=_portion_key(job_id, place),
                    Body=content,
                    ContentType="application/jsonl",
                    IfNoneMatch="*",
                    **locked,
                )
        except Exception as exc:
            if error_code(exc) in _TAKEN:
                return False
            raise
        return True

    def note_head(self, job_id: str, entry: Entry, ttl: int | None) -> None:
        values = {":hash": entry["hash"], ":entries": entry["sequence"]} | ({} if ttl is None else {":ttl": ttl})
        self._table.update(
            _head_key(job_id),
            "SET head = :hash, entries = :entries" + ("" if ttl is None else ", #ttl = :ttl"),
            "attribute_not_exists(entries) OR entries < :entries",
            to_attributes(values),
            None if ttl is None else {"#ttl": "ttl"},
        )

    def head(self, job_id: str) -> Head | None:
        item = self._table.get(_head_key(job_id))
        return None if item is None else Head(item["head"]["S"], int(item["entries"]["N"]))

    def is_there(self, job_id: str) -> bool:
        return self._table.get(job_key(job_id)) is not None

    def remove(self, job_id: str) -> None:
        # A list costs more than to read what is there, which is one or two portions.
        place = 1
        while (answer := self._get(key := _portion_key(job_id, place))) is not None:
            with calling("S3"):
                self._clients.s3.delete_object(Bucket=self._bucket, Key=key, VersionId=answer["VersionId"])
            place += 1
        if self._is_anything_left(job_id, place):
            self._remove_listed(job_id)
        self._table.remove(_head_key(job_id))

    def _is_anything_left(self, job_id: str, places: int) -> bool:
        """Whether a portion has another version, or a marker of deletion: nobody of ours leaves that."""
        for place in range(1, places + 1):
            try:
                with calling("S3"):
                    self._clients.s3.head_object(Bucket=self._bucket, Key=_portion_key(job_id, place))
            except Exception as exc:
                if error_code(exc) not in _MISSING or _is_marker(exc):
                    return True
            else:
                return True
        return False

    def _remove_listed(self, job_id: str) -> None:
        with calling("S3"):
            pages = self._clients.s3.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=history_folder(job_id)
            )
            for page in pages:
                for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    self._clients.s3.delete_object(
                        Bucket=self._bucket, Key=version["Key"], VersionId=version["VersionId"]
                    )

    def digest(self, key: str, version_id: str | None) -> Mapping[str, Any] | None:
        answer = self._get(key, version_id)
        if answer is None:
            return None
        digest, size = hashlib.sha256(), 0
        with calling("S3"):
            for part in answer["Body"].iter_chunks(_BYTES_AT_A_TIME):
                digest.update(part)
                size += len(part)
        version = version_id or answer.get("VersionId")
        return {"key": key, "version": version, "bytes": size, "sha256": digest.hexdigest()}

    def lock(self, key: str, version_id: str, until: datetime) -> None:
        if self._lock is None:
            return
        try:
            with calling("S3"):
                self._clients.s3.put_object_retention(
                    Bucket=self._bucket,
                    Key=key,
                    VersionId=version_id,
                    Retention={"Mode": self._lock, "RetainUntilDate": until},
                )
        except Exception as exc:
            if error_code(exc) not in _MISSING:
                raise

    def _get(self, key: str, version_id: str | None = None) -> Any:
        """S3's answer; None when there is nothing."""
        version: Any = {} if version_id is None else {"VersionId": version_id}
        try:
            with calling("S3"):
                return self._clients.s3.get_object(Bucket=self._bucket, Key=key, **version)
        except Exception as exc:
            if error_code(exc) in _MISSING:
                return None
            raise


def _is_marker(error: Exception) -> bool:
    headers = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return "x-amz-delete-marker" in headers


def _portion_key(job_id: str, place: int) -> str:
    return f"{history_folder(job_id)}{place:06d}.jsonl"


def _head_key(job_id: str) -> Item:
    return {**job_key(job_id), "SK": {"S": "HISTORY"}}
