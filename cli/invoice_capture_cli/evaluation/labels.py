"""The labelled folder: what its ground_truth.jsonl says about each document."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from invoice_capture_cli.errors import UsageError

FILE_NAME = "ground_truth.jsonl"
Line = Mapping[str, str]
# So many missing documents are named; the rest is counted.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Label:
    """What one document holds.

    ``file`` is its path in the folder. ``fields`` has the values that are to be found; ``not_printed`` those that are
    known and stand nowhere on it. Documents of one ``group`` share a layout. ``lines`` are the line items, which may
    lack any of their values; an empty list says nothing.
    """

    file: str
    kind: str
    group: str
    fields: Mapping[str, str]
    not_printed: Mapping[str, str]
    lines: Sequence[Line]


def load_labels(folder: Path, kinds: Collection[str] = ()) -> list[Label]:
    """The labels of these kinds, or of all, in the order of the file. Every document of theirs is there.

    Raises UsageError, which says what is wrong and where.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        what = f"{folder} has no {FILE_NAME}" if folder.is_dir() else f"There is no folder {folder}"
        raise UsageError(f"{what}: evaluate needs documents and the values they hold (docs/evaluating.md).") from None
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}.") from exc
    labels = list(_labels(text))
    if not labels:
        raise UsageError(f"{path} is empty: it needs one row per document (docs/evaluating.md).")
    if unknown := sorted(set(kinds) - {label.kind for label in labels}):
        there = ", ".join(sorted({label.kind for label in labels}))
        raise UsageError(f"--kinds: {folder} has no documents of kind {', '.join(unknown)}; it has {there}.")
    chosen = [label for label in labels if not kinds or label.kind in kinds]
    if missing := [label.file for label in chosen if not (folder / label.file).is_file()]:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise UsageError(f"These documents of {FILE_NAME} are not in {folder}: {', '.join(missing[:_NAMED])}{more}.")
    return chosen


def _labels(text: str) -> Iterator[Label]:
    seen: set[str] = set()
    # Not splitlines(): JSON strings may hold other separators of lines as they are.
    for number, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        try:
            # Numbers stay as they are written: an amount is no float.
            content = json.loads(row, parse_float=str, parse_int=str)
            json.dumps(content, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            _refuse(number, "has half a character, which no text can hold")
        except (ValueError, RecursionError) as exc:
            _refuse(number, f"is no JSON: {exc}")
        if not isinstance(content, dict):
            _refuse(number, "is no JSON object")
        label = _label(number, content)
        if label.file in seen:
            _refuse(number, f"is the second row of {label.file}")
        seen.add(label.file)
        yield label


def _label(number: int, row: Mapping[str, Any]) -> Label:
    file, kind = (_text(number, row, name) for name in ("file", "kind"))
    if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts or "\\" in file or "\0" in file:
        _refuse(number, f"has a file that is no path within the folder: {file!r}")
    lines = row.get("lines") or []
    if not isinstance(lines, list):
        _refuse(number, "has lines that are no list")
    return Label(
        file=file,
        kind=kind,
        group=_text(number, row, "group") if row.get("group") else kind,
        fields=_values(number, "fields", row.get("fields")),
        not_printed=_values(number, "not_printed", row.get("not_printed") or {}),
        lines=[_values(number, "lines", line) for line in lines],
    )


def _text(number: int, row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        _refuse(number, f"has no {name}, or one that is no text")
    return value


def _values(number: int, name: str, values: object) -> dict[str, str]:
    """Texts by their names; what is null or empty is not known, so it is left out."""
    if not isinstance(values, dict):
        _refuse(number, f"has {name} that are no JSON object")
    if any(isinstance(value, dict | list | bool) for value in values.values()):
        _refuse(number, f"has {name} with a value that is neither text nor number")
    return {key: value for key, value in values.items() if value not in (None, "")}


def _refuse(number: int, what: str) -> NoReturn:
    raise UsageError(f"{FILE_NAME}, line {number} {what}.")
