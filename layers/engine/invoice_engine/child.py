"""The child process of `isolated`: reads documents from its standard input until that ends.

Not to be started by people. It leads a process group of its own: Ctrl-C at a terminal is for the process that started
it, and when that is gone, so are this one and its Tesseract.
"""

import os
import resource
import select
import signal
import threading
import time
from _thread import interrupt_main
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from operator import length_hint
from typing import Any

from invoice_engine.engine import extract
from invoice_engine.errors import EngineError, TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.pipe import Pipe
from invoice_engine.read.ocr.port import OcrResult, PageImage
from invoice_engine.read.ocr.readers import default_reader

_LONGEST_MESSAGE = 1 << 30
# What is left alone clears its pictures away, which takes no longer than this.
_CLEARING_SECONDS = 1.0


def main(memory_bytes: int, grace_seconds: float, ocr: str) -> None:
    """`ocr` says who reads pictures: `here`, or `there` in the process that started this one."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    # A crash is told by the end of this process; a picture of its memory would be kept for nobody.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe = Pipe(0, os.dup(1), _LONGEST_MESSAGE)
    # What a library prints must not stand among the answers.
    os.dup2(2, 1)
    threading.Thread(target=_end_when_alone, daemon=True).start()
    bound = _Bound(grace_seconds)
    reader = _Announced(pipe, bound) if ocr == "here" else _Elsewhere(pipe, bound)
    while True:
        try:
            limits = Limits(**pipe.receive_json())
            document = pipe.receive()
        except BrokenPipeError:
            return
        bound.work(limits.max_seconds)
        pipe.send_json(_answer(document, limits, reader))


def _end_when_alone() -> None:
    """Wait for the end of the process that started this one, which may come in the middle of a document."""
    parent = select.poll()
    parent.register(0, 0)  # its end is told without being asked for
    parent.poll()
    # Nobody is left to be told anything.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    interrupt_main()
    time.sleep(_CLEARING_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _answer(document: bytes, limits: Limits, reader: "_Announced | _Elsewhere") -> dict[str, Any]:
    try:
        return {"extraction": extract(document, limits, reader).to_json()}
    except EngineError as exc:
        return exc.to_json()
    except (MemoryError, RecursionError):
        return TooLarge("The document needs more memory than is allowed. Send it in smaller parts.").to_json()


@dataclass(frozen=True, slots=True)
class _Bound:
    """Ends this process when a step that never looks at the deadline has used up the processor time, and some grace."""

    grace_seconds: float

    def work(self, seconds: float) -> None:
        """Allow so much more work from now on. Programs that this process starts inherit the bound."""
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = ceil(time.process_time() + seconds + self.grace_seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


@dataclass(frozen=True, slots=True)
class _Announced:
    """OCR in this process; the other one is told how long that may take."""

    pipe: Pipe
    bound: _Bound

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        self.bound.work(deadline.remaining())
        self.pipe.send_json({"seconds": deadline.seconds})
        return default_reader().read(images, limits, deadline)


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """OCR in the process that started this one, which asks for one picture after the other."""

    pipe: Pipe
    bound: _Bound

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:  # noqa: ARG002
        self.bound.work(deadline.remaining())
        self.pipe.send_json({"seconds": deadline.seconds, "pictures": length_hint(images)})
        pictures = iter(images)
        while "next" in (answer := self.pipe.receive_json()):
            image = next(pictures, None)
            if image is None:
                self.pipe.send_json({})
                continue
            self.pipe.send_json({"number": image.number, "dpi": image.dpi})
            self.pipe.send(_sendable(image))
        if "code" in answer:
            raise EngineError.from_json(answer)
        return OcrResult.from_json(answer)


def _sendable(image: PageImage) -> bytes:
    """The picture as any reader takes it, so that only this process decodes; nothing for one that cannot be opened."""
    from invoice_engine.read.ocr.portable import portable

    try:
        return portable(image).data
    except UnreadableDocument:
        return b""
