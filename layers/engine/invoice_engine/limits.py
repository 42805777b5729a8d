"""Bounds on what one document may cost."""

import time
from dataclasses import dataclass, field

from invoice_engine.errors import TooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """What `extract` accepts. Everything beyond raises TooLarge.

    `max_seconds` is wall time, looked at between pages and steps: a step that is under way is not interrupted. Each
    page that goes to OCR adds `seconds_per_scan`: it takes a hundred times as long as a page with text.
    `max_characters` bounds the text read from one page; the rest of such a page is left unread.
    `max_pixels` bounds one picture that is sent, `max_drawn_pixels` one that is drawn from a page for OCR (larger pages
    are drawn smaller), `max_ocr_memory` the address space in bytes of one OCR process.
    """

    max_bytes: int = 25 * 1024 * 1024
    max_pages: int = 200
    max_scanned_pages: int = 50
    max_pixels: int = 50_000_000
    max_drawn_pixels: int = 12_000_000
    max_ocr_memory: int = 1_200_000_000
    max_characters: int = 60_000
    max_attachments: int = 50
    max_xml_depth: int = 64
    max_xml_elements: int = 200_000
    max_seconds: float = 30.0
    seconds_per_scan: float = 4.0

    @property
    def most_seconds(self) -> float:
        """What the longest document that is accepted may take."""
        return self.max_seconds + self.max_scanned_pages * self.seconds_per_scan


@dataclass(slots=True)
class Deadline:
    """The moment at which work on a document must stop."""

    seconds: float
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    def extend(self, seconds: float) -> None:
        """Allow this much more."""
        self.seconds += seconds
        self._end += seconds

    def check(self) -> None:
        """Raises TooLarge once the time is used up."""
        if time.monotonic() >= self._end:
            raise TooLarge(
                f"Reading the document took longer than {self.seconds:g} seconds. "
                "Send it in smaller parts, or allow more time."
            )

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._end - time.monotonic())
