"""Ctrl-C at the worst of moments."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from invoice_capture_cli import interrupts
from tests.waiting import PATIENCE_SECONDS

FORGOTTEN = """
import os, signal, time, weakref
from invoice_capture_cli import interrupts

class Thing:
    def __del__(self):
        if {in_finaliser}:
            os.kill(os.getpid(), signal.SIGINT)

def gone(_):
    os.kill(os.getpid(), signal.SIGINT)

with {block}:
    thing = Thing()
    if not {in_finaliser}:
        reference = weakref.ref(thing, gone)
    try:
        del thing
        for _ in range(2000):
            time.sleep(0.01)
        print("lost")
    except KeyboardInterrupt:
        print("raised")
"""

IMPORTING = """
import importlib, pathlib, signal, sys, threading, time
from invoice_capture_cli import interrupts

folder = pathlib.Path(sys.argv[1])
(folder / "slow.py").write_text("import __main__; __main__.began.set(); __main__.may_end.wait()")
sys.path.insert(0, str(folder))
began, may_end = threading.Event(), threading.Event()
first, second = (threading.Thread(target=importlib.import_module, args=("slow",)) for _ in range(2))
first.start()
began.wait()
second.start()
while "importlib._bootstrap>" not in (frame := sys._current_frames()[second.ident]).f_code.co_filename:
    time.sleep(0.001)
with interrupts.raised():
    try:
        signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)
        print("not yet")
        time.sleep(5)
    except KeyboardInterrupt:
        print("raised")
may_end.set()
"""


def said(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    return done.stdout.strip()


@pytest.mark.parametrize("in_finaliser", [True, False])
def test_what_python_forgets_is_raised_again(in_finaliser: bool) -> None:
    assert said(FORGOTTEN.format(in_finaliser=in_finaliser, block="interrupts.raised()")) == "raised"


def test_python_forgets() -> None:
    program = FORGOTTEN.format(in_finaliser=True, block="__import__('contextlib').nullcontext()")
    assert said(program) == "lost", "then the module is needed no more"


def test_an_import_is_not_broken_off_where_it_holds_the_lock_of_all(tmp_path: Path) -> None:
    assert said(IMPORTING, str(tmp_path)).split("\n") == ["not yet", "raised"]


# Another thread gets the signals, so that nothing ends the wait of the main thread: as when a signal comes after Python
# last looked for one, and before the wait begins.
WAITING = """
import signal, socket, threading
from invoice_capture_cli import interrupts

waiting, asked = socket.socketpair()
may_end = threading.Event()
with interrupts.raised(), interrupts.raised(signal.SIGTERM, type("Terminated", (KeyboardInterrupt,), {{}})):
    other = threading.Thread(target=may_end.wait, daemon=True)
    other.start()
    threading.Timer(0.5, signal.pthread_kill, (other.ident, signal.{name})).start()
    waiting.settimeout(20)
    try:
        waiting.recv(1)
    except KeyboardInterrupt as exc:
        print(type(exc).__name__)
    try:
        threading.Event().wait(1)
        print("once")
    except KeyboardInterrupt:
        print("twice")
"""


@pytest.mark.parametrize(("name", "error"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "Terminated")])
def test_a_wait_that_began_too_late_to_see_the_signal_ends(name: str, error: str) -> None:
    assert said(WAITING.format(name=name)).split("\n") == [error, "once"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_signal_did_before_it_does_again_afterwards(number: int) -> None:
    before = signal.getsignal(number)
    with interrupts.raised(number), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


HALF_BUILT = """
import os, signal, sys
from invoice_capture_cli import interrupts

class Answer:
    def __init__(self):
        os.kill(os.getpid(), signal.SIGINT)
        self.content = b""

    def __del__(self):
        print(len(self.content))

try:
    with interrupts.raised():
        Answer()
except KeyboardInterrupt:
    sys.stderr.write("Stopped.\\n")
"""


def test_what_it_leaves_half_built_complains_to_nobody() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HALF_BUILT], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    assert (done.stdout, done.stderr) == ("", "Stopped.\n")
