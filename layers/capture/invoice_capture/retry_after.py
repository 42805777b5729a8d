"""The header Retry-After, which says when to come again."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_HOUR_SECONDS = 3600.0


def retry_after_seconds(header: str | None, now: datetime, longest: float = _HOUR_SECONDS) -> float | None:
    """The wait that a Retry-After header asks for, as seconds or as a date; None when it is absent or nonsense.

    ``longest`` is the wait in seconds that is believed at most. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(longest, max(0.0, seconds)) if seconds == seconds else None  # noqa: PLR0124 - NaN
