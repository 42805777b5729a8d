"""Where a running stack says how it is reached, for the command line on the same machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local_stack.errors import UserError

STATE_FILE = Path(".state/local_stack.json")


@contextmanager
def announced(about: Mapping[str, str], path: Path = STATE_FILE) -> Iterator[None]:
    """Write ``about`` to a file that its owner alone can read, as it holds a key, and remove it at the end.

    A later stack that has written its own stays announced.

    Raises:
        UserError: the file cannot be written.
    """
    text = json.dumps(about, indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text)
        draft.replace(path)
    except OSError as exc:
        raise UserError(f"{path}, which the command line reads, cannot be written: {exc.strerror}.") from exc
    try:
        yield
    finally:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            path.unlink()
