"""Ctrl-C that is never lost.

Python raises KeyboardInterrupt wherever its main thread happens to be. In a finaliser, or in the callback of a weak
reference, it is printed and forgotten. In the import system it may leave the lock held that every import takes, and all
other threads hang. So it is raised a moment later when it comes there, and once more when it was forgotten.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SOON_SECONDS = 0.01
_IMPORT_SYSTEM = "<frozen importlib"


@contextmanager
def raised(number: int = signal.SIGINT, error: type[KeyboardInterrupt] = KeyboardInterrupt) -> Iterator[None]:
    """Have a signal raise an error in the main thread, which calls this, as long as the block runs."""
    forgotten_before, was_raised = sys.unraisablehook, False

    def send_again() -> None:
        later = threading.Timer(_SOON_SECONDS, os.kill, (os.getpid(), number))
        later.daemon = True
        later.start()

    def receive(_number: int, frame: FrameType | None) -> None:
        nonlocal was_raised
        if frame is not None and frame.f_code.co_filename.startswith(_IMPORT_SYSTEM):
            send_again()
        else:
            was_raised = True
            raise error

    def forgotten(what: Any) -> None:
        if what.exc_type is error:
            send_again()
        elif not was_raised:
            # What an interrupt left half built complains when it is thrown away.
            forgotten_before(what)

    before = signal.signal(number, receive)
    sys.unraisablehook = forgotten
    try:
        yield
    finally:
        if not was_raised:
            sys.unraisablehook = forgotten_before
        signal.signal(number, before)
