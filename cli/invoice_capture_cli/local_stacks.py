"""The local stacks that run on this machine, as each says in a file of its own.

The files lie in one folder for each user, so that a stack is found from any other folder. A stack holds a lock on its
file for as long as it lives, which the system takes away however it ends: a file without one is of a stack that has
gone, whatever process has its number now.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import stat
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from invoice_capture_cli.errors import Unreachable, UsageError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
STARTING, READY = "starting", "ready"

_LONGEST_WAIT_SECONDS = 120.0
_LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class LocalStack:
    """What a stack says of itself: ``folder`` is where it was started; ``about`` has how it is reached, when READY."""

    file: Path
    process: int
    folder: Path
    started_at: float
    status: str
    about: Mapping[str, str]


def folder_of_stacks(environment: Mapping[str, str]) -> Path:
    """Where the stacks of this user have their files."""
    state = environment.get("XDG_STATE_HOME") or ""
    # The specification calls a relative path invalid, and wants it ignored.
    base = Path(state) if Path(state).is_absolute() else Path("~/.local/state").expanduser()
    return base / "invoice-capture" / "local_stacks"


def how_to_start() -> str:
    """A command that starts a stack from any folder; in words where this program was not installed from the project."""
    project = Path(__file__).resolve().parents[2]
    if not (project / "local_stack" / "__main__.py").is_file():
        return "in the folder of the project, after make: .venv/bin/python -m local_stack serve"
    python = Path(sys.executable)
    shown = python.relative_to(project) if python.is_relative_to(project) else python
    return f"cd {shlex.quote(str(project))} && {shlex.quote(str(shown))} -m local_stack serve"


def find(environment: Mapping[str, str], folder: Path) -> LocalStack | None:
    """The stack that was started in this folder or next above it, the latest of several; else the only one there is.

    Raises:
        UsageError: several run, none of them here; or a file is not to be trusted, or damaged.
    """
    running = all_running(environment)
    here = [stack for stack in running if folder.is_relative_to(stack.folder)]
    if here:
        return max(here, key=lambda stack: (len(stack.folder.parts), stack.started_at))
    if len(running) > 1:
        known = ", ".join(f"{stack.about.get('url', 'one that is starting')} of {stack.folder}" for stack in running)
        raise UsageError(
            f"Several local stacks run, and none was started in this folder: {known}. "
            "Go to the folder of one, or name one with --url and --key."
        )
    return running[0] if running else None


def all_running(environment: Mapping[str, str]) -> list[LocalStack]:
    """Raises UsageError."""
    files = sorted(folder_of_stacks(environment).glob("*.json"))
    return [stack for file in files if (stack := read(file)) is not None]


def read(file: Path) -> LocalStack | None:
    """What a stack says of itself; None when it has gone. Raises UsageError."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UsageError(
            f"{file}, in which a local stack says how it is reached, cannot be read: {exc.strerror}."
        ) from exc
    with os.fdopen(descriptor, encoding="utf-8") as opened:
        status = os.fstat(descriptor)
        # Whoever can write it could send documents and keys elsewhere.
        if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise UsageError(f"{file} is not yours alone, so it is not trusted: remove it, and start the stack again.")
        if not _is_locked(descriptor):
            # It may have been replaced by its next version since it was opened.
            return None if _is_still(file, status) else read(file)
        try:
            return _parsed(file, json.load(opened))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise UsageError(f"{file} cannot be used: stop the local stack and start it again.") from exc


def wait_until_ready(stack: LocalStack, say: Callable[[str], None]) -> LocalStack:
    """The stack as it is when it has started.

    Raises:
        Unreachable: it ended while it was starting, or takes too long.
    """
    if stack.status == READY:
        return stack
    say(f"The local stack is starting (process {stack.process}); waiting for it.")
    give_up_at = time.monotonic() + _LONGEST_WAIT_SECONDS
    while time.monotonic() < give_up_at:
        time.sleep(_LOOK_EVERY_SECONDS)
        now = read(stack.file)
        if now is None:
            raise Unreachable("The local stack ended while it was starting: its terminal shows why.")
        if now.status == READY:
            return now
    raise Unreachable(
        f"The local stack (process {stack.process}) has not started within {_LONGEST_WAIT_SECONDS:g} seconds: "
        "its terminal may show why."
    )


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _is_still(file: Path, opened: os.stat_result) -> bool:
    """Whether a path leads to what was opened, or to nothing."""
    try:
        return os.path.samestat(file.lstat(), opened)
    except FileNotFoundError:
        return True


def _parsed(file: Path, state: Any) -> LocalStack:
    about = {name: str(value) for name, value in state["about"].items()}
    if state["status"] == READY:
        # A stack that runs here is reached here.
        for name in ("url", "aws_endpoint"):
            if urlsplit(about[name]).hostname not in LOOPBACK:
                raise ValueError(f"{name} leads elsewhere")
        _ = about["key"], about["stack"], about["region"]
    return LocalStack(
        file=file,
        process=int(state["process"]),
        folder=Path(state["folder"]),
        started_at=float(state["started_at"]),
        status=str(state["status"]),
        about=about,
    )
