"""``audit``: the history of a job, for people, for programs, and as a folder for an auditor."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from invoice_capture.domain.history import Entry
from invoice_capture_cli.archive.checking import read_history
from invoice_capture_cli.archive.folder import write_folder
from invoice_capture_cli.archive.stored import NOT_RECORDED_YET, Archive
from invoice_capture_cli.errors import ALL_WELL, CommandError
from invoice_capture_cli.running import Run
from invoice_capture_cli.tables import Column, Sheet, clean, show_parts
from invoice_capture_cli.values import when

_DIGITS_SHOWN = 12


def audit(run: Run, job_id: str, export: Path | None) -> int:
    """Raises CommandError for a history that was tampered with: verify says where."""
    archive = Archive(run.target.stack("A history"))
    stored = archive.job(job_id)
    entries, problems = read_history(job_id, stored.history)
    if not entries:
        if stored.is_fresh and not stored.history:
            raise CommandError(f"Job {job_id} has no history. {NOT_RECORDED_YET}")
        raise CommandError(f"The history of job {job_id} cannot be shown: {problems[0].removeprefix('history: ')}.")
    if export is not None:
        for key in write_folder(export, archive, stored):
            run.say(f"{key} was gone already, and is not in {export}.")
        run.say(f"Exported to {export}. Check it anywhere: invoice-capture verify {export}")
    if run.json:
        run.emit({"job": job_id, "head": entries[-1]["hash"], "entries": entries})
    else:
        _show(run, entries)
    return ALL_WELL


def _show(run: Run, entries: list[Entry]) -> None:
    sheet = Sheet(
        f"History of job {entries[0]['job']}",
        Column("#", right=True),
        Column("When", style="dim"),
        Column("Who", style="bold", wraps=True, turn=1, below="When"),
        Column("What", wraps=True),
    )
    for entry in entries:
        lines = [Text(f"{entry['item']} {entry['did']}", style="bold"), *map(clean, _changes(entry)), *_objects(entry)]
        sheet.add(str(entry["sequence"]), when(entry["at"]), entry["by"], Text("\n").join(lines))
    parts: list[Any] = [sheet]
    if entries[0]["did"] != "created":
        parts.append(Text("The job is older than its history, which begins here.", style="yellow"))
    parts.append(Text.assemble("Head ", (entries[-1]["hash"], "bold")))
    parts.append(Text("Note it elsewhere: verify --head HASH proves everything up to here by it.", style="dim"))
    show_parts(run.out, *parts)


def _changes(entry: Entry) -> Iterator[str]:
    """One line for each value; of what is gone with its item, none."""
    if entry["did"] == "removed":
        return
    for name, change in entry["what"].items():
        former, latter = _parts(change["from"]), _parts(change["to"])
        for part in dict.fromkeys((*former, *latter)):
            before, after = former.get(part), latter.get(part)
            if before != after:
                label = f"{name} {part}".replace("_", " ").strip()
                yield f"{label}: {_said(after)}" if before is None else f"{label}: {_said(before)} → {_said(after)}"


def _parts(value: Any) -> Mapping[str, Any]:
    """The parts of a value that has names for them, also as JSON; else the value itself, without a name."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {"": value}
    is_named = isinstance(value, dict) and set(value) != {"sha256", "bytes"}
    return value if is_named else {} if value is None else {"": value}


def _said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict) and "sha256" in value:
        return f"SHA-256 {value['sha256'][:_DIGITS_SHOWN]}… ({value['bytes']:,} bytes)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _objects(entry: Entry) -> Iterator[Text]:
    for told in entry["objects"]:
        yield clean(f"{told['key']}: {_said(told)}", "dim")
