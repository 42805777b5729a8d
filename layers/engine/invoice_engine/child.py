"""The child process of `isolated`: reads documents from its standard input until that ends.

Not to be started by people.
"""

import os
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from invoice_engine.engine import extract
from invoice_engine.errors import EngineError, TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.pipe import Pipe
from invoice_engine.read.ocr import OcrResult, PageImage, default_reader

_LONGEST_MESSAGE = 1 << 30


def main(memory_bytes: int, ocr: str) -> None:
    """`ocr` says who reads pictures: `here`, or `there` in the process that started this one."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    # A crash is told by the end of this process; a picture of its memory would be kept for nobody.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe = Pipe(0, os.dup(1), _LONGEST_MESSAGE)
    # What a library prints must not stand among the answers.
    os.dup2(2, 1)
    reader = _Announced(pipe) if ocr == "here" else _Elsewhere(pipe)
    while True:
        try:
            limits = Limits(**pipe.hear())
            document = pipe.receive()
        except BrokenPipeError:
            return
        pipe.tell(_answer(document, limits, reader))


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
