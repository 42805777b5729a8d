"""An exported history: a folder that proves itself, without a stack, to the last byte.

::

    manifest.json     whose it is, every file with its SHA-256, and the hash of the last entry
    history.jsonl     the entries, one a line
    document/         the document as it came in
    results/          what providers answered
    values/           what the history tells by digest: the invoice and its findings, and other long texts
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from invoice_capture.domain.audited import content_of
from invoice_capture.domain.history import Entry, canonical, sha256_of
from invoice_capture_cli.archive.checking import Noted, differs_from, digested_values, present_objects, read_history
from invoice_capture_cli.archive.stored import Archive, StoredJob
from invoice_capture_cli.errors import CommandError, UsageError

MANIFEST, HISTORY = "manifest.json", "history.jsonl"
_FORMAT = 1
_LONGEST_NAME = 120


def write_folder(folder: Path, archive: Archive, stored: StoredJob) -> list[str]:
    """Write a history with everything that it is about; what was gone already is returned, and written down.

    Raises:
        UsageError: the folder is not empty, or cannot be written.
        CommandError: the history cannot be read.
    """
    entries, problems = read_history(stored.job_id, stored.history)
    if not entries:
        raise CommandError(f"Job {stored.job_id} cannot be exported: {problems[0]}.")
    contents = {HISTORY: stored.history, **dict(_values(entries, stored))}
    objects: dict[str, dict[str, Any]] = {}
    gone = []
    for told in present_objects(entries):
        content = archive.content(told)
        if content is None:
            gone.append(told["key"])
            continue
        name = _file_of(told, set(contents))
        contents[name], objects[name] = content, {"key": told["key"], "version": told["version"]}
    manifest = {
        "format": _FORMAT,
        "job": stored.job_id,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "head": entries[-1]["hash"],
        "entries": len(entries),
        "files": {name: {"sha256": sha256_of(content), "bytes": len(content)} for name, content in contents.items()},
        "objects": objects,
        "gone": gone,
    }
    contents[MANIFEST] = canonical({**manifest, "digest": sha256_of(canonical(manifest))}) + b"\n"
    _write(folder, contents)
    return gone


def read_manifest(folder: Path) -> Mapping[str, Any] | None:
    """The manifest of a folder; None when it is not what was exported, to the last byte.

    Raises:
        UsageError: nothing was exported there.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError as exc:
        raise UsageError(f"{folder} has no {MANIFEST}: name a folder that audit --export wrote.") from exc
    try:
        manifest = json.loads(text)
        digest = manifest.pop("digest")
        is_whole = text == canonical({**manifest, "digest": digest}) + b"\n" and digest == sha256_of(
            canonical(manifest)
        )
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    return manifest if is_whole and manifest.get("format") == _FORMAT else None


def problems_of(folder: Path, noted: Noted | None) -> list[str]:
    """What is missing, altered or too much in an exported folder. Raises UsageError when nothing was exported there."""
    manifest = read_manifest(folder)
    if manifest is None:
        return [f"{MANIFEST}: it was altered"]
    problems = [*_different_files(folder, manifest["files"])]
    history = _read(folder / HISTORY) or b""
    entries, broken = read_history(manifest["job"], history)
    if not entries:
        return problems + broken
    problems += differs_from(entries, Noted(manifest["head"], f"in {MANIFEST}", manifest["entries"]))
    if noted is not None:
        problems += differs_from(entries, noted)
    problems += _objects_unlike_the_history(entries, manifest)
    for name, told in _value_files(entries).items():
        if manifest["files"].get(name) != told:
            problems.append(f"{name}: it is not what the history says")
    return list(dict.fromkeys(problems))


def _objects_unlike_the_history(entries: list[Entry], manifest: Mapping[str, Any]) -> Iterator[str]:
    names = {(place["key"], place["version"]): name for name, place in manifest["objects"].items()}
    for told in present_objects(entries):
        name = names.get((told["key"], told["version"]))
        if name is None:
            if told["key"] not in manifest["gone"]:
                yield f"{told['key']}: it is not in the folder, and was not gone when that was written"
        elif manifest["files"].get(name) != {"sha256": told["sha256"], "bytes": told["bytes"]}:
            yield f"{name}: it is not what the history says"


def _different_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, told in files.items():
        content = _read(folder / name)
        if content is None:
            yield f"{name}: it is missing"
        elif (sha256_of(content), len(content)) != (told["sha256"], told["bytes"]):
            yield f"{name}: it was altered"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    yield from (f"{name}: it was not exported with the rest" for name in sorted(found - {MANIFEST, *files}))


def _values(entries: list[Entry], stored: StoredJob) -> Iterator[tuple[str, bytes]]:
    for item, attribute in digested_values(entries):
        value = stored.items.get(item, {}).get(attribute)
        if value is not None:
            yield _value_file(item, attribute), content_of(value)


def _value_files(entries: list[Entry]) -> dict[str, Mapping[str, Any]]:
    return {
        _value_file(item, attribute): {"sha256": told["sha256"], "bytes": told["bytes"]}
        for (item, attribute), told in digested_values(entries).items()
    }


def _value_file(item: str, attribute: str) -> str:
    return f"values/{_safe(item)}.{_safe(attribute)}"


def _file_of(told: Mapping[str, Any], taken: set[str]) -> str:
    folder = "results" if told["key"].startswith("results/") else "document"
    name = _safe(told["key"].rpartition("/")[2]) or "document"
    return next(
        file
        for number in range(len(taken) + 1)
        if (file := f"{folder}/{f'{number}-' if number else ''}{name}") not in taken
    )


def _safe(name: str) -> str:
    """A name that any file system takes, and that leads nowhere else."""
    kept = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in name)
    return kept[-_LONGEST_NAME:].lstrip(".").strip()


def _read(path: Path) -> bytes | None:
    try:
        return None if path.is_symlink() else path.read_bytes()
    except OSError:
        return None


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty: export into a new folder.")
        for name, content in contents.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
    except OSError as exc:
        raise UsageError(f"{folder} cannot be written: {exc.strerror}.") from exc
