"""Reading in a child process: the same answers, and no document that takes the caller down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from invoice_engine import EngineError, Limits, extract
from invoice_engine.errors import MachineBusy, TooLarge, UnreadableDocument
from invoice_engine.isolated import Isolated
from invoice_engine.pipe import Pipe
from tests.processes import commands_of, needs_proc, of_session
from tests.waiting import PATIENCE_SECONDS, child, wait_until
from tools.hostile_documents import hostile_documents
from tools.stage import PROJECT, SAMPLES

SAMPLE = (SAMPLES / "english_gbp_classic.pdf").read_bytes()
LIMITS = replace(Limits(), max_seconds=5.0, seconds_per_scan=0.0)


@pytest.fixture(scope="module")
def isolated() -> Iterator[Isolated]:
    reader = Isolated()
    yield reader
    reader.close()


def _child(reader: Isolated) -> int:
    child = reader._child
    assert child is not None
    return child.pid


@pytest.mark.parametrize("name", ["english_gbp_classic.pdf", "cii_germany.xml", "factur-x_en16931_austria.pdf"])
def test_the_answer_is_the_same_as_without_a_child(isolated: Isolated, name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    assert isolated.extract(content, Limits()) == extract(content).to_json()


def test_errors_are_the_same_as_without_a_child(isolated: Isolated) -> None:
    for content in (b"", b"%PDF-1.7 nothing", b"<a/>", b"no document"):
        with pytest.raises(EngineError) as without:
            extract(content)
        with pytest.raises(EngineError) as within:
            isolated.extract(content, Limits())
        assert (type(within.value), str(within.value)) == (type(without.value), str(without.value))


def test_one_child_reads_one_document_after_the_other(isolated: Isolated) -> None:
    isolated.extract(SAMPLE, Limits())
    first = _child(isolated)
    with ThreadPoolExecutor(4) as threads:
        totals = list(threads.map(lambda _: isolated.extract(SAMPLE, Limits())["invoice"]["total"]["value"], range(8)))
    assert totals == ["2096.40"] * 8
    assert _child(isolated) == first


def test_a_child_that_died_is_replaced(isolated: Isolated) -> None:
    isolated.extract(SAMPLE, Limits())
    child = isolated._child
    assert child is not None
    child.kill()
    wait_until(lambda: child.poll() is not None, "The end of the child")
    assert isolated.extract(SAMPLE, Limits())["invoice"]["total"]["value"] == "2096.40"


def test_a_crash_while_reading_is_the_documents_and_the_next_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Isolated()
    reader.extract(SAMPLE, Limits())
    os.kill(_child(reader), signal.SIGSTOP)
    receive = Pipe.receive_json

    def crash(pipe: Pipe) -> object:
        """It has the document now, and its answer is waited for."""
        os.kill(_child(reader), signal.SIGSEGV)
        os.kill(_child(reader), signal.SIGCONT)
        return receive(pipe)

    with monkeypatch.context() as patch:
        patch.setattr(Pipe, "receive_json", crash)
        with pytest.raises(UnreadableDocument, match="crashed"):
            reader.extract(SAMPLE, Limits())
    assert reader.extract(SAMPLE, Limits())["invoice"]["total"]["value"] == "2096.40"
    reader.close()


# A step that never looks at the deadline, as in a library written in C.
_WORKS_ON = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from invoice_engine import child
def extract(*_arguments):
    while True:
        pass
child.extract = extract
child.main(int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
"""


def test_a_document_without_end_is_given_up_when_it_has_used_its_processor_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Isolated(grace_seconds=0.3)
    with monkeypatch.context() as patch:
        patch.setattr("invoice_engine.isolated._PROGRAM", _WORKS_ON)
        with pytest.raises(TooLarge, match="more processor time than"):
            reader.extract(SAMPLE, replace(Limits(), max_seconds=0.2, max_wall_seconds=PATIENCE_SECONDS))
    assert reader.extract(SAMPLE, Limits())["invoice"]["total"]["value"] == "2096.40"
    reader.close()


def test_a_child_that_gets_no_time_of_the_machine_is_given_up_and_its_document_is_not_at_fault() -> None:
    reader = Isolated(grace_seconds=0.3)
    reader.extract(SAMPLE, Limits())
    os.kill(_child(reader), signal.SIGSTOP)
    with pytest.raises(MachineBusy, match="too little time"):
        reader.extract(SAMPLE, replace(Limits(), max_seconds=0.2))
    assert reader.extract(SAMPLE, Limits())["invoice"]["total"]["value"] == "2096.40"
    reader.close()


def test_nobody_is_left_behind() -> None:
    reader = Isolated()
    reader.extract(SAMPLE, Limits())
    child = _child(reader)
    del reader
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


# As the local stack does it: on a thread, and with an end that clears nothing away.
_READS = """
import os, sys, threading, time
from pathlib import Path
from invoice_engine.isolated import Isolated
from invoice_engine.limits import Limits
document = Path(sys.argv[1]).read_bytes()
threading.Thread(target=lambda: Isolated().extract(document, Limits())).start()
try:
    time.sleep(600)
except KeyboardInterrupt:
    time.sleep(0.5)
    os._exit(130)
"""

# Finds its languages, and then never ends.
_TESSERACT = """#!/bin/sh
[ "$1" = --list-langs ] && printf 'List of available languages (1):\\neng\\n' && exit
exec sleep 600
"""


@needs_proc
@pytest.mark.parametrize("stop", [(os.killpg, signal.SIGINT), (os.kill, signal.SIGKILL)], ids=["ctrl-c", "killed"])
def test_a_caller_that_ends_in_the_middle_of_a_scan_leaves_nobody_behind(
    stop: tuple[Callable[[int, int], None], int], tmp_path: Path
) -> None:
    program = tmp_path / "tesseract"
    program.write_text(_TESSERACT)
    program.chmod(0o700)
    command = [sys.executable, "-c", _READS, str(SAMPLES.parent / "scans" / "english_gbp_scanned.pdf")]
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with child(command, env=environment) as caller:
        # The caller, its child and Tesseract; the languages are asked for first.
        wait_until(lambda: "sleep" in commands_of(caller.pid), "Tesseract")
        kill, number = stop
        kill(caller.pid, number)
        _, errors = caller.communicate(timeout=PATIENCE_SECONDS)
        wait_until(lambda: not of_session(caller.pid), "The end of all that it started")
    assert errors == ""


def test_hostile_documents_end_in_an_answer_or_in_a_clear_error(isolated: Isolated) -> None:
    """benchmarks/hostile.py does this with a thousand."""
    for _name, content in hostile_documents(120, seed=20261121):
        with suppress(EngineError):
            isolated.extract(content, LIMITS)


# Root may read everything by CAP_SYS_PTRACE (19), CAP_SYS_ADMIN (21) and CAP_PERFMON (38). PR_CAPBSET_DROP (24) takes
# them away from what it executes.
_AS_A_USER = """
import ctypes, os, sys
for capability in (19, 21, 38):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
_READS_ITS_PARENT = """
import sys
from pathlib import Path
from invoice_engine import Limits
from invoice_engine.isolated import Isolated
from tests.processes import readable_by_a_child
reader = Isolated()
before = readable_by_a_child()
reader.extract(Path(sys.argv[1]).read_bytes(), Limits())
print(before, readable_by_a_child())
reader.close()
"""


@needs_proc
def test_a_child_cannot_read_its_parent() -> None:
    command = [sys.executable, "-c", _AS_A_USER, "-c", _READS_ITS_PARENT, str(SAMPLES / "cii_germany.xml")]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["environ,mem,maps", "nothing"], run.stderr
