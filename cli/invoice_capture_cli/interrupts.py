"""Ctrl-C that is never lost.

Python raises KeyboardInterrupt wherever its main thread happens to be. In a finaliser, or in the callback of a weak
reference, it is printed and forgotten. In the import system it may leave the lock held that every import takes, and all
other threads hang. So it is raised a moment later when it comes there, and once more when it was forgotten. And when a
signal comes just before the main thread begins to wait for an answer, Python knows of it, and waits nevertheless: so it
is sent again until it was received.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_SOON_SECONDS = 0.01
# Longer than Python takes to a handler when nothing blocks, and shorter than a person notices.
_RECEIVED_WITHIN_SECONDS = 0.1
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
        _UNRECEIVED.clear()
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

    with _UNRECEIVED.watched(number):
        before = signal.signal(number, receive)
        sys.unraisablehook = forgotten
        try:
            yield
        finally:
            if not was_raised:
                sys.unraisablehook = forgotten_before
            signal.signal(number, before)


class _Unreceived:
    """The signals that this process got, and its main thread did not receive yet: Python writes each to a socket."""

    def __init__(self) -> None:
        self._watched: list[int] = []
        self._came: socket.socket | None = None
        self._written: socket.socket | None = None
        self._descriptor_before = -1

    def clear(self) -> None:
        """The main thread has received them."""
        if sys.platform != "win32" and self._came is not None:
            with suppress(BlockingIOError):
                while self._came.recv(64, socket.MSG_DONTWAIT):
                    pass

    @contextmanager
    def watched(self, number: int) -> Iterator[None]:
        """Send a signal again that the main thread does not receive. Blocks may be nested."""
        if not self._watched:
            self._begin()
        self._watched.append(number)
        try:
            yield
        finally:
            self._watched.remove(number)
            if not self._watched:
                self._end()

    def _begin(self) -> None:
        if sys.platform == "win32":
            return  # which has no such signals, and where no wait ends for one
        self._came, self._written = socket.socketpair()
        self._written.setblocking(False)
        self._descriptor_before = signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)
        # Signals are for the main thread, which keeps them off at times.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            threading.Thread(target=self._send_again, args=(self._came,), name="signals", daemon=True).start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _end(self) -> None:
        if self._written is not None:
            signal.set_wakeup_fd(self._descriptor_before)
            self._written.close()  # which ends the thread
        self._came = self._written = None

    def _send_again(self, came: socket.socket) -> None:
        if sys.platform == "win32":
            return
        main = threading.main_thread().ident or 0
        with came:
            while came.recv(1, socket.MSG_PEEK):
                time.sleep(_RECEIVED_WITHIN_SECONDS)
                with suppress(BlockingIOError):
                    for number in came.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                        if number in self._watched:
                            signal.pthread_kill(main, number)
                        else:
                            came.recv(1)


_UNRECEIVED = _Unreceived()
