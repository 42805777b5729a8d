"""``evaluate``: how well the embedded engine reads a labelled folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from invoice_capture_cli.errors import ALL_WELL, STOPPED, Aborted, CommandError, UsageError
from invoice_capture_cli.evaluation.labels import Label, load_labels
from invoice_capture_cli.running import Run

if TYPE_CHECKING:
    from invoice_capture_cli.evaluation.misses import Shown
    from invoice_capture_cli.evaluation.pictures import Pictures
    from invoice_capture_cli.evaluation.results import Results

_ENGINE = ("invoice_engine", "lxml.etree", "pypdfium2", "stdnum")
# So many documents with the same reason are named.
_NAMED = 3


@dataclass(frozen=True)
class EvaluationOptions:
    """What to read, and what to show. ``processes`` is one per core when None; ``limit`` is of misses on the page."""

    kinds: Sequence[str]
    page: Path | None
    processes: int | None
    groups: bool
    limit: int


def evaluate(run: Run, folder: Path, options: EvaluationOptions) -> int:
    """The exit status: whatever the figures, all is well when they could be measured. Raises CommandError."""
    _require("Evaluating needs the embedded engine", *_ENGINE)
    if options.page is not None:
        _require("The page needs jinja2 and pillow", "jinja2", "PIL.Image")
        _check_writable(options.page)
    labels = load_labels(folder, options.kinds)
    try:
        results = _read(run, folder, labels, options)
        if options.page is not None:
            _write_page(run, folder, results, options.page, options)
    except KeyboardInterrupt:
        raise Aborted("Stopped: nothing was measured.", STOPPED) from None
    if run.json:
        run.emit({"folder": str(folder), "engine": _version(), **results.to_json(groups=options.groups)})
    else:
        _show(run, results, options)
    return ALL_WELL


def _read(run: Run, folder: Path, labels: Sequence[Label], options: EvaluationOptions) -> Results:
    from invoice_capture_cli.evaluation.engine import read_all
    from invoice_capture_cli.evaluation.results import Results

    with _progress(run) as progress:
        task = progress.add_task("Reading", total=len(labels))
        readings = {}
        jobs = [(label.file, label if options.page is not None else None) for label in labels]
        for reading in read_all(folder, jobs, options.processes):
            readings[reading.file] = reading
            progress.advance(task)
    return Results(labels, readings)


def _write_page(run: Run, folder: Path, results: Results, path: Path, options: EvaluationOptions) -> None:
    from invoice_capture_cli.evaluation.misses import choose_misses
    from invoice_capture_cli.evaluation.page import render

    shown = choose_misses(results, options.limit)
    pictures = _draw(run, folder, shown, options.processes)
    made = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    page = render(results, shown, pictures, {"folder": str(folder), "version": _version(), "made": made})
    try:
        path.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror or exc}.") from exc
    run.say(f"{path} shows {_counted(shown.counts)}.")
    if shown.left_out:
        run.say(f"Left out: {_counted(shown.left_out)}. --limit says how many values are shown.")


def _draw(run: Run, folder: Path, shown: Shown, processes: int | None) -> Pictures:
    from invoice_capture_cli.evaluation.pictures import Pictures, draw_pages
    from invoice_capture_cli.evaluation.workers import Workers

    def lost(job: tuple[Any, ...], why: str) -> Pictures:  # noqa: ARG001 - the misses are shown without a picture
        return {}

    jobs = [(folder, document.file, document.drawn) for document in shown.documents if document.drawn]
    pictures: Pictures = {}
    with _progress(run) as progress, Workers[Pictures](processes) as workers:
        task = progress.add_task("Drawing", total=len(jobs))
        for drawn in workers.results(draw_pages, jobs, lost):
            pictures |= drawn
            progress.advance(task)
    return pictures


def _counted(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "no miss"


def _progress(run: Run) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=run.err,
        transient=True,
        disable=not run.err.is_terminal,
    )


def _show(run: Run, results: Results, options: EvaluationOptions) -> None:
    from invoice_capture_cli.evaluation.tables import all_tables

    for table in all_tables(results, groups=options.groups):
        run.out.print(table)
    for refusal, files in results.refusals:
        more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
        run.out.print(Text(f"Refused: {', '.join(files[:_NAMED])}{more}: {refusal.message}"))


def _require(what: str, *modules: str) -> None:
    for name in modules:
        try:
            import_module(name)
        except ImportError as exc:
            install = "pip install 'invoice-capture[cli]'"
            raise CommandError(f"{what}, and {exc.name or name} is not installed: {install}") from exc


def _check_writable(page: Path) -> None:
    """Reading takes long; what cannot be written is to be known before."""
    if page.is_dir():
        raise UsageError(f"{page} is a folder: name a file in it.")
    if not page.parent.is_dir():
        raise UsageError(f"{page} cannot be written: there is no folder {page.parent}.")


def _version() -> str:
    from invoice_engine import __version__

    return __version__
