"""Where a stack says that it is starting, and then how it is reached, for the command line on the same machine."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from invoice_capture_cli.errors import CommandError
from invoice_capture_cli.local_stacks import READY, STARTING, folder_of_stacks, read
from local_stack.errors import UserError


class Announcement:
    """A file that its owner alone can read, as it holds a key, and on which this process has a lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._started_at = time.time()
        self._descriptor: int | None = None

    def starting(self) -> None:
        """Raises OSError."""
        self._write(STARTING, {})

    def ready(self, about: Mapping[str, str]) -> None:
        """``about`` has ``url``, ``key``, ``aws_endpoint``, ``stack`` and ``region``. Raises OSError."""
        self._write(READY, about)

    def withdraw(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        self._unlock()

    def _write(self, status: str, about: Mapping[str, str]) -> None:
        state = {
            "status": status,
            "process": os.getpid(),
            "folder": str(Path.cwd()),
            "started_at": self._started_at,
            "about": dict(about),
        }
        draft = self.path.with_suffix(".part")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # Locked before anybody can see it: a file without a lock is one whose stack has gone.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, (json.dumps(state, indent=2) + "\n").encode())
        draft.replace(self.path)
        self._unlock()
        self._descriptor = descriptor

    def _unlock(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def announced(folder: Path | None = None) -> Iterator[Announcement]:
    """Say from now on that a stack is starting, until it says that it is ready, and nothing after the end.

    Raises:
        UserError: the file cannot be written.
    """
    folder = folder or folder_of_stacks(os.environ)
    # A name that never comes again: what somebody else removes is never this one.
    announcement = Announcement(folder / f"{secrets.token_hex(8)}.json")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_stale(folder)
        announcement.starting()
    except OSError as exc:
        raise UserError(
            f"{folder}, where the command line looks for local stacks, cannot be written to: {exc.strerror}. "
            "XDG_STATE_HOME names another place."
        ) from exc
    try:
        yield announcement
    finally:
        announcement.withdraw()


def _remove_stale(folder: Path) -> None:
    """Remove the files of stacks that were killed."""
    for file in folder.glob("*.json"):
        with suppress(CommandError):
            if read(file) is None:
                file.unlink(missing_ok=True)
