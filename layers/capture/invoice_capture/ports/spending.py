"""What is spent at providers, counted as documents are submitted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from invoice_capture.domain.spending import Spent, Total


class SpendingStore(Protocol):
    """Months are written as ``2026-11``, amounts are millionths of a dollar."""

    def reserve(self, month: str, micros: int, limit: int) -> Total | None:
        """Add to what the month has spent, unless that takes it above the limit. None when it does."""
        ...

    def total(self, month: str) -> Total:
        """What was reserved in a month; it is zero while no limit was set."""
        ...

    def add(self, spent: Spent) -> None:
        """Count documents, pages and amount."""
        ...

    def claim_warning(self, month: str, limit: int) -> bool:
        """Be the one who tells people that most of this limit is spent. False when somebody else does, or did."""
        ...

    def claim_exceeded(self, month: str, limit: int) -> bool:
        """Be the one who tells people that this limit stops documents. False when somebody else does, or did."""
        ...

    def give_back_claims(self, month: str, limit: int) -> None:
        """People could not be told: the next one who finds the limit so near tells them."""
        ...

    def of_month(self, month: str) -> Sequence[Spent]:
        """What was counted in a month, in any order; may lag behind by moments."""
        ...

    def of_client(self, client: str, month: str, day: date | None = None) -> Sequence[Spent]:
        """What was counted for a client in a month or on one of its days, as it is now."""
        ...
