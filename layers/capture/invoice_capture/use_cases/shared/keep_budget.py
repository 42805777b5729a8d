"""Keep Budget: whether a document may be paid for, counted before the billable request leaves.

What is counted stays counted: a submission that its provider refused for good was estimated like any other. One that
certainly was not taken, and is sent again later, is counted once; one that may have been taken, and is sent once more,
is counted twice, as it may be charged.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from invoice_capture.domain.spending import WARNING_PERCENT, Prices, Spent, Total, dollars, month_of, next_month
from invoice_capture.ports import Clock, Metrics, Notifier, SpendingStore

# A limit that was raised is noticed so soon.
_PAUSE = timedelta(hours=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Budget:
    """``monthly_budget`` is what a month may cost in all, in millionths of a dollar, or None."""

    prices: Prices
    monthly_budget: int | None
    spending: SpendingStore
    notifier: Notifier
    metrics: Metrics
    clock: Clock

    def admit(self, provider: str, client: str | None, pages: int) -> datetime | None:
        """Count a document that a provider is about to charge for: None when it may, or else when to ask again."""
        now = self.clock.now()
        price = self.prices.of(provider)
        micros = 0 if price is None else price.of(pages)
        if self.monthly_budget is not None and micros and not self._reserve(month_of(now), micros, self.monthly_budget):
            return min(now + _PAUSE, next_month(now))
        self.spending.add(Spent(now.date(), provider, client, 1, pages, micros))
        return None

    def _reserve(self, month: str, micros: int, limit: int) -> bool:
        total = self.spending.reserve(month, micros, limit)
        if total is None:
            total = self.spending.total(month)
            if total.exceeded_of != limit and self.spending.claim_exceeded(month, limit):
                self._tell("budget.exceeded", "Budget used up", month, total, limit)
            return False
        self.metrics.count("BudgetUsed", _percent(total, limit))
        is_near = _percent(total, limit) >= WARNING_PERCENT
        if is_near and total.warned_of != limit and self.spending.claim_warning(month, limit):
            self._tell("budget.warning", "Budget nearly used up", month, total, limit)
        if total.micros >= limit and total.exceeded_of != limit and self.spending.claim_exceeded(month, limit):
            self._tell("budget.exceeded", "Budget used up", month, total, limit)
        return True

    def _tell(self, event: str, subject: str, month: str, total: Total, limit: int) -> None:
        message = {
            "event": event,
            "month": month,
            "spent": dollars(total.micros),
            "limit": dollars(limit),
            "currency": "USD",
            "percent": _percent(total, limit),
        }
        try:
            self.notifier.publish(subject, message)
        except Exception as exc:
            # Nobody's document waits for that.
            _log.warning("A budget could not be told of.", extra={"error": type(exc).__name__})
            self.spending.give_back_claims(month, limit)


def _percent(total: Total, limit: int) -> int:
    return total.micros * 100 // limit
