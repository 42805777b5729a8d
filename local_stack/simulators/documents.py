"""What a simulated server knows of a document: its format by its bytes, and what the embedded engine reads in it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

import invoice_engine
from invoice_engine.model import Candidate, Field, Invoice, text_of

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
)
_PDF_HEADER_WINDOW = 1024
# Healthy documents whose pixels an OCR would read. The engine reads none, so their results are empty.
_WITHOUT_TEXT = frozenset({"no_text_layer", "unsupported_document"})
# PDFium must never be used by two threads at once.
_READING = threading.Lock()


@dataclass(frozen=True)
class Reading:
    """What is in a document. ``failure`` is ``encrypted``, ``unreadable`` or None."""

    invoice: Invoice
    pages: int = 1
    failure: str | None = None


@dataclass(frozen=True)
class AcceptedDocument:
    """A document that a server took, and charges for. ``number`` counts them from 0; ``fails``: the script has it
    fail.
    """

    name: str
    content: bytes = field(repr=False)
    accepted_at: datetime
    ready_at: datetime
    fails: bool = False
    number: int = 0

    def reading(self) -> Reading:
        """What is in it, read when somebody asks first."""
        return _read(self.content)


def format_of(content: bytes) -> str | None:
    """``pdf``, ``png``, ``jpg``, ``tiff`` or ``bmp`` by the first bytes; None for anything else."""
    if b"%PDF-" in content[:_PDF_HEADER_WINDOW]:
        return "pdf"
    return next((name for signature, name in _SIGNATURES if content.startswith(signature)), None)


@lru_cache(maxsize=256)
def _read(content: bytes) -> Reading:
    if format_of(content) is None:
        # The engine also reads e-invoices, which no service that looks at pages does.
        return Reading(Invoice(), 0, "unreadable")
    with _READING:
        try:
            # As an attribute: the local stack puts its own lock around it.
            extraction = invoice_engine.extract(content)
        except invoice_engine.EngineError as exc:
            if exc.code in _WITHOUT_TEXT:
                return Reading(Invoice())
            return Reading(Invoice(), 0, "encrypted" if exc.code == "encrypted_document" else "unreadable")
    return Reading(extraction.invoice, max(1, extraction.pages))


# --- values as the wire has them -------------------------------------------------------------------------------------


def text(value: Field) -> str | None:
    """A value as text, decimals without exponent and dates as ISO 8601; None when nothing was read."""
    return None if value.value is None else text_of(value.value)


def number(value: Field) -> float | None:
    """An amount as a JSON number; None when nothing was read."""
    return float(value.value) if isinstance(value.value, Decimal) else None


def readings(value: Field) -> Iterable[Candidate]:
    """The chosen candidate and then the others, each once."""
    if value.chosen is not None:
        yield value.chosen
        yield from (one for one in value.candidates if one != value.chosen)
