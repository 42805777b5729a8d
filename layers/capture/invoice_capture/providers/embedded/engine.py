"""The embedded engine behind one call, with its errors translated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from invoice_capture.domain.errors import UnreadableDocument

if TYPE_CHECKING:
    from invoice_engine.isolated import Isolated
    from invoice_engine.read.ocr.port import OcrReader


class Slots(Protocol):
    """What reading is given: its time by the clock, and when pages may be sent to an OCR service."""

    @property
    def seconds_left(self) -> float: ...

    def take(self, pages: int) -> bool: ...

    def before_page(self) -> None: ...

    def again(self, failures: int, throttled: bool) -> bool: ...


class Engine(Protocol):
    def __call__(self, content: bytes, slots: Slots | None = None) -> bytes:
        """The engine's answer as JSON. Without ``slots`` nobody is in a hurry, nor at the OCR service.

        Raises ProviderError.
        """
        ...


def textract() -> OcrReader:
    from invoice_engine.read.ocr.textract import TextractReader

    return TextractReader()


def tesseract() -> None:
    """The engine's own choice, where it is installed."""


def no_ocr() -> OcrReader:
    from invoice_engine.read.ocr.readers import NoOcr

    return NoOcr()


# What the setting OCR may say, and what reads scans and photos then.
OCR_READERS: Mapping[str, Callable[[], OcrReader | None]] = MappingProxyType(
    {"textract": textract, "tesseract": tesseract, "none": no_ocr}
)


def engine(maximum_bytes: int, ocr: str = "tesseract") -> Engine:
    """The engine for documents of so many bytes at most; `ocr` is a key of OCR_READERS.

    Documents are read in child processes, so that none can take this one down, and each by one that reads no other at
    the same time.
    """
    idle: list[Isolated] = []

    @contextmanager
    def reader() -> Iterator[Isolated]:
        # The engine lies in a layer of its own, which only the function that extracts carries.
        from invoice_engine.isolated import Isolated

        try:
            one = idle.pop()
        except IndexError:
            one = Isolated(ocr=OCR_READERS[ocr]())
        try:
            yield one
        finally:
            idle.append(one)

    def read(content: bytes, slots: Slots | None = None) -> bytes:
        from invoice_capture.providers.embedded.mapping import ERRORS
        from invoice_engine import EngineError, Limits
        from invoice_engine.read.ocr.textract import Alone, TextractReader

        limits = Limits(max_bytes=maximum_bytes, max_wall_seconds=None if slots is None else slots.seconds_left)
        with reader() as one:
            if isinstance(one.ocr, TextractReader):
                one.ocr.slots = slots or Alone()
            try:
                extraction = one.extract(content, limits)
            except EngineError as exc:
                raise ERRORS.get(exc.code, UnreadableDocument)(str(exc)) from exc
        return json.dumps(extraction, ensure_ascii=False, separators=(",", ":")).encode()

    return read
