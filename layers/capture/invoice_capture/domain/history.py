"""The history of a job: entries in a chain, each with the hash of the one before it, so that none can be altered alone.

An entry is a JSON object on a line of its own:

``job`` ``sequence``   whose it is, and its place, from 1
``at`` ``by``          when DynamoDB took the change, to the second, and what the writer said of itself
``item`` ``did``       which item of the job, and ``created``, ``changed`` or ``removed``
``what``               by attribute, ``{"from": ..., "to": ...}``; null is none
``objects``            the documents and results that the change names, each with version, size and SHA-256
``change``             the id that DynamoDB gave the change; one that is delivered twice is recorded once
``previous`` ``hash``  of the entry before, and of all the others of this one in canonical form
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Entry: TypeAlias = Mapping[str, Any]

START = "0" * 64
"""What the first entry has for the hash of the one before it."""


class HistoryBroken(ValueError):
    """A history is not what it was when it was written. The message names the entry."""


@dataclass(frozen=True)
class Change:
    """One change of one item, with what an auditor wants to know of it; ``what`` is (from, to) by attribute."""

    change_id: str
    at: str
    by: str
    item: str
    did: str
    what: Mapping[str, tuple[Any, Any]]
    objects: Sequence[Mapping[str, Any]] = field(default=())


def canonical(value: Any) -> bytes:
    """The form of JSON that is hashed: RFC 8785, for values without fractions, which no entry has."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def hash_of(entry: Entry) -> str:
    return sha256_of(canonical({name: value for name, value in entry.items() if name != "hash"}))


def entries_for(job_id: str, before: Sequence[Entry], changes: Sequence[Change]) -> Iterator[Entry]:
    """The entries that follow ``before``, one for each change that is not among them yet."""
    known = {entry["change"] for entry in before}
    sequence, previous = (before[-1]["sequence"], before[-1]["hash"]) if before else (0, START)
    for change in changes:
        if change.change_id in known:
            continue
        sequence += 1
        entry: dict[str, Any] = {
            "job": job_id,
            "sequence": sequence,
            "previous": previous,
            "at": change.at,
            "by": change.by,
            "item": change.item,
            "did": change.did,
            "what": {name: {"from": former, "to": latter} for name, (former, latter) in change.what.items()},
            "objects": list(change.objects),
            "change": change.change_id,
        }
        entry["hash"] = previous = hash_of(entry)
        known.add(change.change_id)
        yield entry


def written(entries: Sequence[Entry]) -> bytes:
    """Entries as lines, as they are kept."""
    return b"".join(canonical(entry) + b"\n" for entry in entries)


def read_entries(content: bytes) -> list[Entry]:
    """The entries of lines. Raises HistoryBroken for what is no line of a history, to the last byte."""
    entries = []
    for place, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            entry = json.loads(line)
            is_entry = isinstance(entry, dict) and canonical(entry) == line
        except ValueError:
            is_entry = False
        if not is_entry:
            raise HistoryBroken(f"line {place} of the history is no entry any more")
        entries.append(entry)
    if content and not content.endswith(b"\n"):
        raise HistoryBroken("the history is cut off in its last line")
    return entries


def readable_entries(content: bytes) -> list[Entry]:
    """The entries that can be read, also of a history that was tampered with: it goes on all the same."""
    entries = []
    for line in content.splitlines():
        try:
            entries += read_entries(line + b"\n")
        except HistoryBroken:
            continue
    return [entry for entry in entries if {"sequence", "hash", "change"} <= set(entry)]


def require_whole(job_id: str, entries: Sequence[Entry]) -> None:
    """Raises HistoryBroken for the first entry that was altered, moved, left out, or is of another job.

    What was taken off the end leaves no trace here: the caller compares the last hash with a noted one.
    """
    previous = START
    for sequence, entry in enumerate(entries, start=1):
        if entry.get("job") != job_id:
            raise HistoryBroken(f"entry {sequence} is of another job, {entry.get('job')}")
        if entry.get("hash") != hash_of(entry):
            raise HistoryBroken(f"entry {sequence} was altered")
        if (entry.get("sequence"), entry.get("previous")) != (sequence, previous):
            raise HistoryBroken(f"entry {sequence} does not follow the one before it")
        previous = entry["hash"]


def recorded_objects(entries: Sequence[Entry]) -> dict[tuple[str, str | None], Mapping[str, Any]]:
    """The documents and results that a history names, by key and version."""
    return {(told["key"], told["version"]): told for entry in entries for told in entry["objects"]}
