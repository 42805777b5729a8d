"""Whether a history is whole, and what it is about is still what it says. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from invoice_capture.domain.audited import present_values, require_continued
from invoice_capture.domain.history import Entry, HistoryBroken, read_entries, recorded_objects, require_whole

_KEPT_ELSEWHERE = {"sha256", "bytes"}


@dataclass(frozen=True)
class Noted:
    """The last entry of a history as somebody noted it; ``where`` in words, ``entries`` only if they were counted."""

    hash: str
    where: str
    entries: int | None = None


def read_history(job_id: str, content: bytes) -> tuple[list[Entry], list[str]]:
    """The entries of a history, and what is wrong with it. Without entries it cannot even be read."""
    try:
        entries = read_entries(content)
        require_whole(job_id, entries)
        require_continued(entries)
    except HistoryBroken as exc:
        return [], [f"history: {exc}"]
    except (KeyError, TypeError, AttributeError):
        return [], ["history: what is written there is no entry"]
    return (entries, []) if entries else ([], [f"history: there is none of job {job_id}"])


def differs_from(entries: list[Entry], noted: Noted) -> Iterator[str]:
    """What is wrong when a history does not contain what was noted of it."""
    hashes = [entry["hash"] for entry in entries]
    if noted.entries is not None and len(entries) < noted.entries:
        yield f"history: it was cut off after entry {len(entries)}; {noted.entries} entries were noted {noted.where}"
    elif noted.hash not in hashes or (noted.entries is not None and hashes.index(noted.hash) + 1 != noted.entries):
        yield f"history: the hash that was noted {noted.where} is of no entry: it was written anew, or cut off"


def present_objects(entries: Iterable[Entry]) -> list[Mapping[str, Any]]:
    """The documents and results that a history names, without those that a later version took the place of."""
    latest = {key: told for (key, _version), told in recorded_objects(list(entries)).items()}
    return list(latest.values())


def digested_values(entries: list[Entry]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The values that a history tells by digest, by item and attribute."""
    return {
        (item, name): value
        for item, values in present_values(entries).items()
        for name, value in values.items()
        if isinstance(value, Mapping) and _KEPT_ELSEWHERE <= set(value) <= {*_KEPT_ELSEWHERE, "packed"}
    }


def different_items(entries: list[Entry], items: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Where items as they are, in the form of the history, are not as it says.

    Of a job that is older than its history only what was changed since is known.
    """
    said, begun = present_values(entries), {entry["item"] for entry in entries if entry["did"] == "created"}
    for item, values in said.items():
        if item not in items:
            yield f"{item}: it was removed"
            continue
        names = {*values, *items[item]} if item in begun else set(values)
        for name in sorted(names):
            if values.get(name) != items[item].get(name):
                yield f"{item}: {name} is {_short(items[item].get(name))}, and was {_short(values.get(name))}"
    if "job" in begun:
        yield from (f"{item}: nothing is known of how it came about" for item in sorted(set(items) - set(said)))


def different_objects(
    entries: list[Entry], digest: Callable[[Mapping[str, Any]], tuple[str, int] | None]
) -> Iterator[str]:
    """Which documents and results are gone, or have other bytes. ``digest`` gives SHA-256 and size, None when gone."""
    for told in present_objects(entries):
        found = digest(told)
        if found is None:
            yield f"{told['key']}: it is gone"
        elif found != (told["sha256"], told["bytes"]):
            yield f"{told['key']}: it was altered"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"of SHA-256 {value['sha256']}" if isinstance(value, Mapping) and "sha256" in value else repr(value)
