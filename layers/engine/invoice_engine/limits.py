"""Bounds on what one document may cost."""

import time
from dataclasses import dataclass, field

from invoice_engine.errors import TooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """What `extract` accepts. Everything beyond raises TooLarge.

    `max_seconds` is wall time, looked at between pages and steps: a step that is under way is not interrupted.
    `max_characters` bounds the text read from one page; the rest of such a page is left unread.
    """

    max_bytes: int = 25 * 1024 * 1024
    max_pages: int = 200
    max_characters: int = 60_000
    max_attachments: int = 50
    max_xml_depth: int = 64
    max_xml_elements: int = 200_000
    max_seconds: float = 30.0


@dataclass(slots=True)
class Deadline:
    """The moment at which work on a document must stop."""

    seconds: float
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    def check(self) -> None:
        """Raises TooLarge once the time is used up."""
        if time.monotonic() > self._end:
            raise TooLarge(
                f"Reading the document took longer than {self.seconds:g} seconds. "
                "Send it in smaller parts, or allow more time."
            )
