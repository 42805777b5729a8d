"""``watch``: capture whatever is dropped into a folder, until stopped."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from invoice_capture_cli.tables import console
from local_stack import report, table
from local_stack.action_links import ActionLinks
from local_stack.documents import Keys
from local_stack.errors import Interrupted, UserError
from local_stack.outcome import Outcome, outcome_of
from local_stack.records import Upload
from local_stack.session import Options, longest_wait, opened
from local_stack.stack import LocalStack

_LOOK_EVERY_SECONDS = 0.2
# A file that was not written to for this long is taken as complete.
_QUIET_SECONDS = 1.0


class SettledFiles(FileSystemEventHandler):
    """Names files of a folder once each, when nothing writes to them any more; a changed file is named again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._touched = set(folder.rglob("*"))
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}
        self._named: dict[Path, tuple[int, int]] = {}

    def on_any_event(self, event: FileSystemEvent) -> None:
        for name in (event.src_path, event.dest_path):
            if name:
                self.touch(Path(os.fsdecode(name)))

    def touch(self, file: Path) -> None:
        """Look at this file again."""
        with self._lock:
            self._touched.add(file)

    def take(self) -> list[Path]:
        """The files that have been quiet for a second since they changed, in the order of their names."""
        with self._lock:
            touched = sorted(self._touched)
        settled = []
        for file in touched:
            state = self._state_of(file)
            if state is None or state == self._named.get(file):
                # Gone, hidden, no file, or an event without a change, as reading makes on some systems.
                self._forget(file)
            elif self._is_quiet(file, state):
                self._forget(file)
                self._named[file] = state
                settled.append(file)
        return settled

    def _is_quiet(self, file: Path, state: tuple[int, int]) -> bool:
        now = time.monotonic()
        seen, since = self._seen.get(file, (None, now))
        if seen != state:
            self._seen[file] = state, now
            return False
        return now - since >= _QUIET_SECONDS

    def _state_of(self, file: Path) -> tuple[int, int] | None:
        """Size and time of a file that is to be captured."""
        if any(part.startswith(".") for part in file.relative_to(self._folder).parts) or not file.is_file():
            return None
        try:
            status = file.stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def _forget(self, file: Path) -> None:
        self._seen.pop(file, None)
        with self._lock:
            self._touched.discard(file)


def run(folder: str, options: Options) -> NoReturn:
    """Runs until Ctrl-C.

    Raises:
        UserError: what was asked for cannot be done.
        Interrupted: when it was pressed.
    """
    path = Path(folder)
    if not path.is_dir():
        raise UserError(f"{folder} is no folder.")
    out, finished = console(stderr=options.json), []
    with opened(options) as stack:
        files = SettledFiles(path)
        observer = Observer()
        observer.schedule(files, str(path), recursive=True)
        observer.start()
        out.print(f"Watching {folder}. Drop invoices into it; Ctrl-C ends.", style="dim", markup=False)
        links = ActionLinks(stack, out)
        try:
            for outcome in _outcomes(stack, files, options.provider, links.show_new):
                finished.append(outcome)
                if options.json:
                    sys.stdout.write(json.dumps(outcome.to_json(), ensure_ascii=False) + "\n")
                    sys.stdout.flush()
                else:
                    out.print(table.line(outcome))
        except KeyboardInterrupt:
            pass  # the one way to end
        finally:
            observer.stop()
        costs = report.build(stack.ledger, finished)
    if options.report is not None:
        report.write(Path(options.report), costs)
    good = sum(outcome.is_good for outcome in finished)
    raise Interrupted(f"Stopped: {len(finished)} documents were finished, {good} of them well.")


def _outcomes(
    stack: LocalStack, files: SettledFiles, provider: str | None, while_waiting: Callable[[], None]
) -> Iterator[Outcome]:
    keys = Keys(provider)
    pending: dict[Upload, tuple[Path, float]] = {}
    while True:
        for file in files.take():
            try:
                content = file.read_bytes()
            except OSError:
                continue  # gone again before it was taken
            upload = stack.upload(keys.for_file(file), content)
            pending[upload] = file, stack.clock.elapsed() + longest_wait(stack)
        overdue = [upload for upload, (_, until) in pending.items() if stack.clock.elapsed() > until]
        for upload in {*stack.ended(pending), *overdue}:
            yield outcome_of(stack, str(pending.pop(upload)[0]), upload)
        while_waiting()
        time.sleep(_LOOK_EVERY_SECONDS)
