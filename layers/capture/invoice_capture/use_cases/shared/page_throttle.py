"""The pages of one document at an OCR service: sent when their slot comes, among all who read with the account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from invoice_capture.domain.errors import ProviderUnavailable, RateLimited
from invoice_capture.ports import Capabilities, Clock
from invoice_capture.use_cases.shared.keep_budget import Budget
from invoice_capture.use_cases.shared.provider_throttle import ProviderThrottle, Throttles

_LONGEST_PAUSE = timedelta(seconds=30)
_AFTER_REFUSAL_SECONDS = 1.0
_SHARE_OF_QUOTA = 0.9
"""Pages do not leave to the millisecond when their slot comes: all that is allowed would be too much at times."""


@dataclass
class OcrService:
    """What the throttle needs to know of the service; ``name`` is that of its shared state."""

    name: str
    requests_per_second: float
    capabilities: Capabilities = field(default_factory=Capabilities)
    spacing_seconds: float = 0.0


@dataclass(frozen=True)
class OcrThrottle:
    """The throttle of an OCR service, somewhat below what its account may have; one page is one request."""

    ocr_service: str
    ocr_pages_per_second: float
    throttles: Throttles
    budget: Budget
    clock: Clock

    def until(self, give_up_at: datetime, client: str | None = None) -> PageSlots:
        """For one document, of a client or dropped, that is read until then."""
        service = OcrService(self.ocr_service, self.ocr_pages_per_second * _SHARE_OF_QUOTA)
        throttle = self.throttles.of(service)
        return PageSlots(
            service, throttle, partial(self.budget.admit, self.ocr_service, client), give_up_at, self.clock
        )


class PageSlots:
    """The slots of one document. They are taken together, so that it is read as a whole or not at all.

    ``afford`` counts what so many pages cost, and says when to ask again if they cannot be paid for. ``try_again_at``
    is set then, and when there is no slot in time. Nothing is read or written before the first page.
    """

    def __init__(
        self,
        service: OcrService,
        throttle: ProviderThrottle,
        afford: Callable[[int], datetime | None],
        give_up_at: datetime,
        clock: Clock,
    ) -> None:
        self._service = service
        self._throttle = throttle
        self._afford = afford
        self._give_up_at = give_up_at
        self._clock = clock
        self._next_at = give_up_at
        self._taken = False
        self.try_again_at: datetime | None = None

    @property
    def seconds_left(self) -> float:
        return max(0.0, (self._give_up_at - self._clock.now()).total_seconds())

    def take(self, pages: int) -> bool:
        """Wait for the slots of so many pages; False when the last of them is too late, or cannot be paid for."""
        bucket = self._throttle.state.bucket
        rate_factor = 1.0 if bucket is None else bucket.rate_factor
        sending = timedelta(seconds=pages / (self._service.requests_per_second * rate_factor))
        self.try_again_at = self._throttle.admit(pages, self._give_up_at - self._clock.now() - sending)
        if self.try_again_at is None:
            self.try_again_at = self._afford(pages)
        self._taken = self.try_again_at is None
        self._next_at = self._clock.now()
        return self._taken

    def before_page(self) -> None:
        """Wait until the next page may be sent: evenly, also where the service would take some at once."""
        now = self._clock.now()
        if self._next_at > now:
            self._clock.sleep((self._next_at - now).total_seconds())
        distance = self._service.spacing_seconds or 1 / self._service.requests_per_second
        self._next_at = max(now, self._next_at) + timedelta(seconds=distance)

    def again(self, failures: int, throttled: bool) -> bool:
        """Learn from a page that was not read so many times, and wait until it may be sent once more.

        A throttled page takes another slot. Where there is none in time it goes without one, after a pause: giving it
        up would have the pages of its document paid for again. False when that would take too long.
        """
        now = self._clock.now()
        wakes_at = now + min(_LONGEST_PAUSE, timedelta(seconds=2 ** min(failures - 1, 5)))
        if throttled:
            self._throttle.refused(RateLimited(f"{self._service.name} asks for fewer pages.", _AFTER_REFUSAL_SECONDS))
            if self._throttle.admit(1, self._give_up_at - now) is None:
                return True
        else:
            wakes_at = max(wakes_at, self._throttle.refused(ProviderUnavailable(f"{self._service.name} is not there.")))
        if wakes_at >= self._give_up_at:
            self.try_again_at = wakes_at
            return False
        self._clock.sleep((wakes_at - now).total_seconds())
        return True

    def answered(self) -> None:
        """The document was read; where the service was asked, it is there."""
        if self._taken:
            self._throttle.answered()
