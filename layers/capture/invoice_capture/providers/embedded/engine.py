"""The embedded engine behind one call, with its errors translated."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from invoice_capture.domain.errors import UnreadableDocument

if TYPE_CHECKING:
    from invoice_engine.isolated import Isolated
    from invoice_engine.read.ocr import OcrReader


def textract() -> OcrReader:
    from invoice_engine.read.textract import TextractReader

    return TextractReader()


def tesseract() -> None:
    """The engine's own choice, where it is installed."""


def no_ocr() -> OcrReader:
    from invoice_engine.read.ocr import NoOcr

    return NoOcr()


# What the setting OCR may say, and what reads scans and photos then.
OCR_READERS: Mapping[str, Callable[[], OcrReader | None]] = MappingProxyType(
    {"textract": textract, "tesseract": tesseract, "none": no_ocr}
)


def engine(maximum_bytes: int, ocr: str = "tesseract") -> Callable[[bytes], bytes]:
    """A function from a document's bytes to the engine's answer as JSON; it raises ProviderError.

    Documents are read in a child process, so that none can take this one down. `ocr` is a key of OCR_READERS.
    """

    @cache
    def reader() -> Isolated:
        # The engine lies in a layer of its own, which only the function that extracts carries.
        from invoice_engine.isolated import Isolated

        return Isolated(ocr=OCR_READERS[ocr]())

    def read(content: bytes) -> bytes:
        from invoice_capture.providers.embedded.mapping import ERRORS
        from invoice_engine import EngineError, Limits

        try:
            extraction = reader().extract(content, Limits(max_bytes=maximum_bytes))
        except EngineError as exc:
            raise ERRORS.get(exc.code, UnreadableDocument)(str(exc)) from exc
        return json.dumps(extraction, ensure_ascii=False, separators=(",", ":")).encode()

    return read
