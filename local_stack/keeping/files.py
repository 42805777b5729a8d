"""Files that are there wholly or not at all, for their owner alone, in a folder that one process writes to."""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from local_stack.errors import UserError

PART = ".part"
"""How the names of files end that are being written."""

_OURS = 0o600
_OUR_FOLDER = 0o700


def make_folder(path: Path) -> None:
    """A folder that its owner alone can look into; one that is there already is left as it is. Raises OSError."""
    path.mkdir(mode=_OUR_FOLDER, exist_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Raises OSError; then the file is as it was."""
    write(path, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())


def write(path: Path, content: bytes) -> None:
    """Replace a file at once; when this returns, it survives a power cut. Raises OSError; then it is as it was."""
    draft = path.with_name(f".{uuid.uuid4().hex}{PART}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OURS), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make what was created, renamed or removed in a folder survive a power cut. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FolderLock:
    """The right to write to a folder, until ``close`` or the end of the process, however it ends.

    Raises:
        UserError: another process has it.
        OSError: the folder cannot be written to.
    """

    NAME = ".lock"

    def __init__(self, folder: Path) -> None:
        self._file = os.fdopen(os.open(folder / self.NAME, os.O_RDWR | os.O_CREAT, _OURS), "r+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = self._file.read().strip()
            self._file.close()
            if not isinstance(exc, BlockingIOError):
                raise
            process = f", process {holder}," if holder.isdigit() else ""
            raise UserError(
                f"Another local stack{process} keeps its jobs in {folder}: stop it, or keep these in another folder."
            ) from exc
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
