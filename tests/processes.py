"""Processes of a session, as Linux shows them: a command that a test started, and all that came of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")


def of_session(leader: int) -> set[int]:
    """The processes that have not ended, whatever their process group."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # Gone meanwhile.
            with suppress(OSError):
                state, _parent, _group, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == leader and state != "Z":
                    found.add(int(entry.name))
    return found


def commands_of(leader: int) -> set[str]:
    """The names of the programs that run in a session."""
    names = set()
    for process in of_session(leader):
        with suppress(OSError):
            names.add(Path(f"/proc/{process}/comm").read_text().strip())
    return names


def end_session(leader: int) -> None:
    """Let a failed test leave nothing behind."""
    for process in of_session(leader):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


_READS = """
import os
found = []
for name in ("environ", "mem", "maps"):
    try:
        os.close(os.open(f"/proc/{os.getppid()}/{name}", os.O_RDONLY))
    except OSError:
        continue
    found.append(name)
print(",".join(found) or "nothing")
"""


def readable_by_a_child() -> str:
    """What a child of this process can open of it in /proc."""
    return subprocess.run([sys.executable, "-c", _READS], capture_output=True, text=True, check=True).stdout.strip()
