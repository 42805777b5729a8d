"""Tesseract as a child process: one picture a call, one thread each, bounded in time and memory."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock

from invoice_engine.errors import NoTextLayer
from invoice_engine.limits import Deadline, Limits
from invoice_engine.read.ocr.language import ENGLISH
from invoice_engine.read.ocr.tsv import ReadPage, parse_tsv

PROGRAM = "tesseract"
# With more threads a page takes longer, not shorter, and pages run side by side anyway.
ONE_THREAD = ("/usr/bin/env", "OMP_THREAD_LIMIT=1")
NOT_INSTALLED = (
    "The document is a scan or a photo, and reading those needs OCR by Tesseract, which is not installed. Install the "
    "package tesseract-ocr (and one for each language, such as tesseract-ocr-deu), or send the original PDF."
)
# Page segmentation modes.
ORIENTATION_ONLY, WITH_ORIENTATION, AUTOMATIC, ONE_COLUMN, ONE_BLOCK = "0", "1", "3", "4", "6"


class CannotRead(Exception):
    """Tesseract could not read one picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The file Tesseract reads a page from, the number of the picture in it, and its size in pixels."""

    path: Path
    width: int
    height: int
    frame: int = 0
    dpi: int | None = None


@dataclass(slots=True)
class Running:
    """The processes that belong to one piece of work, which can be given up."""

    _lock: Lock = field(default_factory=Lock)
    _processes: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _given_up: bool = False

    @contextmanager
    def process(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Raises CannotRead when the work has been given up."""
        with self._lock:
            if self._given_up:
                raise CannotRead
            process = subprocess.Popen(  # noqa: S603 - the program is Tesseract, and the path is one of ours
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self._processes.add(process)
        with process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                with self._lock:
                    self._processes.discard(process)

    def give_up(self) -> None:
        with self._lock:
            self._given_up = True
            for process in self._processes:
                process.kill()


@dataclass(frozen=True, slots=True)
class Tesseract:
    """The program for the time of one document."""

    path: str
    installed: frozenset[str]
    limits: Limits
    deadline: Deadline
    running: Running = field(default_factory=Running)

    @classmethod
    def find(cls, limits: Limits, deadline: Deadline) -> "Tesseract":
        """Raises NoTextLayer when the program or every language is missing."""
        path = shutil.which(PROGRAM)
        if path is None:
            raise NoTextLayer(NOT_INSTALLED)
        return cls(path, _installed(path), limits, deadline)

    def nearest(self, language: str) -> str:
        """`language` if it is installed, else English, else any."""
        if language in self.installed:
            return language
        return ENGLISH if ENGLISH in self.installed else min(self.installed)

    def recognise(self, picture: Picture, mode: str, language: str) -> ReadPage:
        """Raises CannotRead when the picture cannot be read, TooLarge or MachineBusy when time is up."""
        return parse_tsv(self._run(picture, mode, ["-l", language], ["tsv"]))

    def rotation(self, picture: Picture) -> int:
        """By how many degrees clockwise the page must be turned to stand upright; 0 when that cannot be told."""
        try:
            answer = self._run(picture, ORIENTATION_ONLY, [], [])
        except CannotRead:
            return 0  # too few letters, or no trained data for orientation
        for line in answer.splitlines():
            name, _, value = line.partition(":")
            if name == "Rotate" and value.strip() in ("90", "180", "270"):
                return int(value)
        return 0

    def _run(self, picture: Picture, mode: str, options: Sequence[str], output: Sequence[str]) -> str:
        self.deadline.check()
        resolution = ["--dpi", str(picture.dpi)] if picture.dpi else []
        frame = ["-c", f"tessedit_page_number={picture.frame}"]
        command = [*ONE_THREAD, self.path, str(picture.path), "stdout", "--psm", mode]
        with self.running.process([*command, *options, *resolution, *frame, *output]) as process:
            _bound(process.pid, self.limits.max_ocr_memory, self.deadline.remaining())
            try:
                answer, _ = process.communicate(timeout=self.deadline.timeout())
            except subprocess.TimeoutExpired:
                process.kill()
                self.deadline.check()
                raise
        if process.returncode != 0:
            self.deadline.check()  # it may have been ended because its time was up
            raise CannotRead
        return answer.decode("utf-8", "replace")


@lru_cache(maxsize=4)
def _installed(path: str) -> frozenset[str]:
    """The languages with trained data on this machine."""
    listed = subprocess.run(  # noqa: S603 - the program is Tesseract, and no argument comes from the document
        [path, "--list-langs"], capture_output=True, text=True, timeout=10, check=False
    )
    languages = frozenset(line.strip() for line in listed.stdout.splitlines()[1:]) - {"", "osd"}
    if not languages:
        raise NoTextLayer(
            "Tesseract is installed, but no language for it. Install the package tesseract-ocr-eng (and one for each "
            "other language, such as tesseract-ocr-deu)."
        )
    return languages


def _bound(pid: int, memory: int, seconds: float) -> None:
    """Bound the address space in bytes, and the processor time in seconds.

    Only Linux can bound a process that runs already; doing it before it runs is not safe among threads.
    """
    if sys.platform == "linux":
        import resource

        # Whole seconds, and more than are left: then the deadline says why it was ended.
        for kind, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, int(seconds) + 1)):
            try:
                _, hard = resource.prlimit(pid, kind)
                if hard != resource.RLIM_INFINITY:
                    limit = min(limit, hard)  # noqa: PLW2901 - this process is bounded itself and gives no more than that
                resource.prlimit(pid, kind, (limit, limit))
            except ProcessLookupError:
                return  # it has ended already
