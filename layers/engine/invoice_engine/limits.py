"""Bounds on what one document may cost."""

import os
import time
from dataclasses import dataclass, field

from invoice_engine.errors import MachineBusy, TooLarge

WALL_FACTOR = 4.0
"""How many times its processor time a document may take by the clock: only a busy machine needs more than one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What `extract` accepts. Everything beyond raises TooLarge.

    `max_seconds` is processor time, of this process and of the programs it runs, looked at between pages and steps: a
    step that is under way is not interrupted. Each page that goes to OCR adds `seconds_per_scan`: it takes a hundred
    times as long as a page with text. How busy the machine is makes no difference to it. `max_wall_seconds` is by the
    clock, WALL_FACTOR times the processor time when None; what takes longer raises MachineBusy.
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
    max_wall_seconds: float | None = None

    @property
    def most_seconds(self) -> float:
        """The processor time that the longest document that is accepted may take."""
        return self.max_seconds + self.max_scanned_pages * self.seconds_per_scan

    def wall_seconds(self, seconds: float) -> float:
        """What work of so many seconds of the processor may take by the clock."""
        return WALL_FACTOR * seconds if self.max_wall_seconds is None else self.max_wall_seconds


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@dataclass(slots=True)
class Deadline:
    """When work on a document must stop: by the processor time that it used, and by the clock as a safety net.

    Processor time is that of this whole process, and of the programs that it ran and that have ended.
    """

    seconds: float
    wall_seconds: float | None = None
    _used_before: float = field(init=False, default_factory=_processor_seconds)
    _began_at: float = field(init=False, default_factory=time.monotonic)

    def extend(self, seconds: float) -> None:
        """Allow this much more work."""
        self.seconds += seconds

    def check(self) -> None:
        """Raises TooLarge once the processor time is used up, MachineBusy when the clock is faster."""
        if self.remaining() <= 0:
            raise TooLarge(
                f"Reading the document took longer than {self.seconds:g} seconds of processor time. "
                "Send it in smaller parts, or allow more time."
            )
        if self.timeout() <= 0:
            raise MachineBusy.after(time.monotonic() - self._began_at)

    def remaining(self) -> float:
        """Seconds of processor time left, never below 0."""
        return max(0.0, self.seconds - (_processor_seconds() - self._used_before))

    def timeout(self) -> float:
        """Seconds left by the clock, never below 0."""
        longest = WALL_FACTOR * self.seconds if self.wall_seconds is None else self.wall_seconds
        return max(0.0, longest - (time.monotonic() - self._began_at))
