"""A typed value found in a text."""

from dataclasses import dataclass

from invoice_engine.model import Value


@dataclass(frozen=True, slots=True)
class Found:
    """`text[start:end]` reads as `value`; `quality` (0..1) says how much it looks like its type."""

    value: Value
    start: int
    end: int
    quality: float = 1.0
