"""``export``: canonical invoices as JSON or CSV."""

from __future__ import annotations

import csv
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from invoice_capture_cli.csv_rows import INVOICE_COLUMNS, LINE_COLUMNS, invoice_row, line_rows
from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED, UsageError
from invoice_capture_cli.exported import Exported
from invoice_capture_cli.jobs import Job, Wanted
from invoice_capture_cli.parallel import Parallel
from invoice_capture_cli.running import Run


@dataclass(frozen=True)
class Form:
    """How to write; ``output`` is None for standard output."""

    format: str
    output: Path | None
    lines: bool


def choose_form(format_: str | None, output: Path | None, *, lines: bool, as_json: bool) -> Form:
    """Raises UsageError for what does not go together."""
    output = None if output is not None and str(output) == "-" else output
    by_name = "csv" if output is not None and output.suffix.lower() == ".csv" else "json"
    chosen = format_ or ("csv" if lines else by_name)
    if lines and chosen != "csv":
        raise UsageError("--lines is for CSV: in JSON every invoice has its lines anyway.")
    if as_json and output is None and chosen == "csv":
        raise UsageError("--json and CSV are two things on one output: leave --json out, or give --output FILE.")
    if output is not None and output.is_dir():
        raise UsageError(f"{output} is a folder: name a file in it.")
    return Form(chosen, output, lines)


def export(run: Run, ids: Sequence[str], wanted: Wanted, form: Form) -> int:
    """The exit status. Raises CommandError; then there is no half file."""
    jobs = _named(run, list(dict.fromkeys(ids))) if ids else _listed(run, wanted)
    work = Parallel(lambda job: Exported(job, run.jobs.invoice(str(job["_id"]))), jobs)
    missing: list[Exported] = []
    written = 0

    def complete() -> Iterator[Exported]:
        nonlocal written
        for exported in work.in_order():
            if exported.stored is None:
                missing.append(exported)
            else:
                written += 1
                yield exported

    with _output(form.output) as file:
        _WRITERS[form.format](file, complete(), form.lines)
    _conclude(run, form, written, missing)
    return SOME_FAILED if missing else ALL_WELL


def _conclude(run: Run, form: Form, written: int, missing: Sequence[Exported]) -> None:
    for exported in missing:
        run.say(f"{exported.job['_id']} has no invoice: it is {exported.job.get('status')}.")
    if run.json and form.output is not None:
        without = [str(exported.job["_id"]) for exported in missing]
        run.emit({"exported": written, "output": str(form.output), "withoutInvoice": without})
    elif form.output is not None:
        run.say(f"{'1 invoice' if written == 1 else f'{written} invoices'} written to {form.output}.")
    elif not written and not missing:
        run.say("There is no such invoice.")


def _named(run: Run, ids: list[str]) -> list[Job]:
    found = run.jobs.listed(ids)
    if missing := [job_id for job_id in ids if job_id not in found]:
        raise UsageError(f"There is no job {', '.join(missing)}. invoice-capture list shows the ids of yours.")
    return [found[job_id] for job_id in ids]


def _listed(run: Run, wanted: Wanted) -> list[Job]:
    """All that fit, the oldest first. A document that was sent twice has one invoice."""
    jobs = [job for page in run.jobs.pages(wanted) for job in page.jobs]
    ids = {job["_id"] for job in jobs}
    return [job for job in jobs if job.get("duplicateOf") not in ids]


@contextmanager
def _output(path: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that appears under its name when it is complete.

    Raises UsageError when it cannot be written.
    """
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    is_special = path.exists() and not path.is_file()
    # Links are followed: what is replaced is the file that they lead to.
    final = path if is_special else path.resolve()
    draft = final if is_special else final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            if not is_special:
                os.fsync(file.fileno())
        if not is_special:
            draft.replace(final)
    except OSError as exc:
        _discard(draft, final)
        raise UsageError(f"{path} cannot be written: {exc.strerror or exc}.") from exc
    except BaseException:
        _discard(draft, final)
        raise


def _discard(draft: Path, final: Path) -> None:
    if draft != final:
        with suppress(OSError):
            draft.unlink()


def _write_json(file: IO[str], invoices: Iterator[Exported], lines: bool) -> None:  # noqa: ARG001
    """An array, written invoice by invoice."""
    file.write("[")
    separator = "\n"
    for exported in invoices:
        file.write(separator + json.dumps(exported.to_json(), ensure_ascii=False))
        separator = ",\n"
    file.write("\n]\n")


def _write_csv(file: IO[str], invoices: Iterator[Exported], lines: bool) -> None:
    writer = csv.writer(file)
    writer.writerow(LINE_COLUMNS if lines else INVOICE_COLUMNS)
    for exported in invoices:
        writer.writerows(line_rows(exported) if lines else [invoice_row(exported)])


_WRITERS: dict[str, Callable[[IO[str], Iterator[Exported], bool], None]] = {"json": _write_json, "csv": _write_csv}
