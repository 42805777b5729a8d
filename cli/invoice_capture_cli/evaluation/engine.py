"""Read documents with the embedded engine, in the terms of the labels."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from invoice_capture_cli.evaluation.labels import Label
from invoice_capture_cli.evaluation.places import PagesRead
from invoice_capture_cli.evaluation.reading import FIELDS, LINE_FIELDS, Leaf, Reading, Refusal
from invoice_capture_cli.evaluation.workers import Workers
from invoice_engine import EngineError, extract


def read_document(folder: Path, file: str, label: Label | None = None) -> Reading:
    """Read ``folder / file``; with its label, wanted values that are not given are looked for on the pages."""
    began = time.perf_counter()
    pages = PagesRead() if label else None
    try:
        data = (folder / file).read_bytes()
        began = time.perf_counter()
        extraction = extract(data, ocr=pages).to_json()
        seconds = _since(began)
        leaves = {name: _leaf(extraction["invoice"], path) for name, path in FIELDS.items()}
        lines = [_line(line) for line in extraction["invoice"]["lines"]]
        best = [_best_of_line(line) for line in extraction["invoice"]["lines"]]
        places = pages.places_of_missed(label, leaves, data) if label and pages else {}
    except EngineError as exc:
        return Reading(file, _since(began), refusal=Refusal(exc.code, str(exc)))
    except Exception as exc:  # a fault of the engine; the other documents are to be read all the same
        return Reading(file, _since(began), refusal=_failure(exc))
    read_as = extraction["read_as"]
    return Reading(
        file, seconds, leaves, lines, extraction["pages"], places=places, read_as=read_as, best_of_lines=best
    )


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 4)


def read_all(folder: Path, jobs: Iterable[tuple[str, Label | None]], processes: int | None) -> Iterator[Reading]:
    """The readings of files and their labels, see `read_document`, as they come; in one process per core when None."""

    def lost(job: tuple[Any, ...], why: str) -> Reading:
        return Reading(job[1], 0.0, refusal=Refusal("failed", f"Reading {why}."))

    with Workers[Reading](processes) as workers:
        yield from workers.results(read_document, [(folder, *job) for job in jobs], lost)


def _failure(exc: Exception) -> Refusal:
    last = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{Path(last.filename).name}, line {last.lineno}"
    return Refusal("failed", f"Reading failed with {type(exc).__name__} in {where}: {exc}")


def _leaf(invoice: Mapping[str, Any], path: Sequence[str]) -> Leaf:
    node: Any = invoice
    for step in path:
        node = node[step]
    leaf: Leaf = node
    return leaf


def _line(line: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, sources in LINE_FIELDS.items():
        value = next((line[source]["value"] for source in sources if line[source]["value"] is not None), None)
        if value is not None:
            found[name] = value
    return found


def _best_of_line(line: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    found: dict[str, tuple[str, float]] = {}
    for name, sources in LINE_FIELDS.items():
        leaf = next((line[source] for source in sources if line[source]["candidates"]), None)
        if leaf:
            found[name] = (leaf["candidates"][0]["value"], leaf["candidates"][0]["confidence"])
    return found
