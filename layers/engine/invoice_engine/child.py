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
from typing import Any

from invoice_engine.engine import extract
from invoice_engine.errors import EngineError, TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.pipe import Pipe
from invoice_engine.read.ocr import OcrResult, PageImage, default_reader

_LONGEST_MESSAGE = 1 << 30
# What is left alone clears its pictures away, which takes no longer than this.
_CLEARING_SECONDS = 1.0


def main(memory_bytes: int, ocr: str) -> None:
    """`ocr` says who reads pictures: `here`, or `there` in the process that started this one."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    # A crash is told by the end of this process; a picture of its memory would be kept for nobody.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe = Pipe(0, os.dup(1), _LONGEST_MESSAGE)
    # What a library prints must not stand among the answers.
    os.dup2(2, 1)
    threading.Thread(target=_end_when_alone, daemon=True).start()
    reader = _Announced(pipe) if ocr == "here" else _Elsewhere(pipe)
    while True:
        try:
            limits = Limits(**pipe.hear())
            document = pipe.receive()
        except BrokenPipeError:
            return
        pipe.tell(_answer(document, limits, reader))


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
class _Announced:
    """OCR in this process; the other one is told how long that may take."""

    pipe: Pipe

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        self.pipe.tell({"seconds": deadline.remaining()})
        return default_reader().read(images, limits, deadline)


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """OCR in the process that started this one, which asks for one picture after the other."""

    pipe: Pipe

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:  # noqa: ARG002
        self.pipe.tell({"seconds": deadline.remaining(), "pictures": True})
        pictures = iter(images)
        while "next" in (answer := self.pipe.hear()):
            image = next(pictures, None)
            if image is None:
                self.pipe.tell({})
                continue
            self.pipe.tell({"number": image.number, "dpi": image.dpi})
            self.pipe.send(_sendable(image))
        if "code" in answer:
            raise EngineError.from_json(answer)
        return OcrResult.from_json(answer)


def _sendable(image: PageImage) -> bytes:
    """The picture as any reader takes it, so that only this process decodes; nothing for one that cannot be opened."""
    from invoice_engine.read.portable import portable

    try:
        return portable(image).data
    except UnreadableDocument:
        return b""
