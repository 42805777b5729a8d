"""What of a job's items an auditor wants to know, and in which form the history has it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from invoice_capture.domain.history import Entry, HistoryBroken, sha256_of

BY = "changed_by"
"""The attribute in which our own writes say whose they are, another text for each write."""

NOT_OURS = "not by invoice-capture"
BY_EXPIRY = "DynamoDB, by time to live"
UNNAMED = "not named"
"""Who deletes an item says nothing of itself; what removes the items of a withdrawn job cannot be told from others."""

JOB_ITEM = "job"

# Longer texts are told by digest; in characters. The longest that a job has of its own is an explanation.
_LONGEST_TEXT = 1000
# What any JSON reader keeps exactly.
_LARGEST_NUMBER = 2**53 - 1
# What was read, as JSON text, packed or not; the history proves it, and does not repeat it.
_BY_DIGEST = frozenset({"invoice", "findings", "lines"})
# Where things stand in indexes, when somebody looks at them again, and what guards a write. Nobody decides by them
# what became of a document.
_BOOKKEEPING = frozenset(
    {
        *("PK", "SK", "job_id", BY, "updated_at", "ttl", "removed_at", "created_shard", "due_shard", "next_check_at"),
        *("version", "polled_at", "polls", "unclear_polls", "unclear_since", "refused_since"),
        *("skip_if_unavailable", "explanation"),
        # As 0.1.0 called some of these.
        *("checked_at", "checks", "unclear_checks", "moves_on"),
    }
)
# They open doors, and are gone when the submission is closed.
_SECRET = frozenset({"task_token", "former_token"})


def item_name(sort_key: str) -> str:
    """What people call an item: ``job``, ``submission 1``, ``invoice``, ``invoice lines 2``, ``confirmed``."""
    return sort_key.lower().replace("#", " ")


def writer_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Who made a change of an item, as it says itself; None when the write did not say, so it was none of ours."""
    stamp = after.get(BY)
    if not isinstance(stamp, str) or stamp == before.get(BY):
        return None
    return stamp.rpartition(" ")[0]


def told(before: Mapping[str, Any], after: Mapping[str, Any], *, is_ours: bool) -> dict[str, tuple[Any, Any]]:
    """What is different, from and to, by attribute; of a change that was not ours, bookkeeping as well."""
    left_out = _SECRET | (_BOOKKEEPING if is_ours else frozenset({BY}))
    names = sorted({*before, *after} - left_out)
    changes = {name: (_told(name, before.get(name)), _told(name, after.get(name))) for name in names}
    return {name: (former, latter) for name, (former, latter) in changes.items() if former != latter}


def audited_values(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as the history has it after the last change."""
    return {name: latter for name, (_, latter) in told({}, item, is_ours=True).items()}


def require_continued(entries: Sequence[Entry]) -> None:
    """Raises HistoryBroken where an attribute was another one before than the last entry about it said."""
    present: dict[tuple[str, str], Any] = {}
    for entry in entries:
        for name, change in entry["what"].items():
            place = entry["item"], name
            if present.get(place, change["from"]) != change["from"] and name not in _BOOKKEEPING:
                raise HistoryBroken(
                    f"before entry {entry['sequence']}, a change of {name} ({entry['item']}) is missing"
                )
            present[place] = change["to"]


def present_values(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """What a history says of every item that is there: attributes by item, without those that are none."""
    items: dict[str, dict[str, Any]] = {}
    for entry in entries:
        values = items.setdefault(entry["item"], {})
        values.update({name: change["to"] for name, change in entry["what"].items() if name not in _BOOKKEEPING})
        if entry["did"] == "removed":
            del items[entry["item"]]
    return {
        item: {name: value for name, value in values.items() if value is not None} for item, values in items.items()
    }


def content_of(value: str | bytes) -> bytes:
    """The bytes of a text that an item has, packed or not; those of what cannot be unpacked as they are."""
    if isinstance(value, str):
        return value.encode()
    try:
        return gzip.decompress(value)
    except (OSError, EOFError, zlib.error):
        return bytes(value)


def _told(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        # By what it says, for people, and by the very bytes that say it.
        return {**_digest_of(content_of(value)), "packed": sha256_of(value)}
    if isinstance(value, str) and (name in _BY_DIGEST or len(value) > _LONGEST_TEXT):
        return _digest_of(value.encode())
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return value if isinstance(value, int) and abs(value) <= _LARGEST_NUMBER else str(value)
    if isinstance(value, Mapping):
        return {str(key): _told("", part) for key, part in value.items()}
    return [_told("", part) for part in value]


def _digest_of(content: bytes) -> dict[str, Any]:
    return {"sha256": sha256_of(content), "bytes": len(content)}
