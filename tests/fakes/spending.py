"""Spending in memory, held to the same suite as on DynamoDB; and a budget that never ends."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from invoice_capture.domain.spending import Spent, Total, month_of
from invoice_capture.use_cases.shared.keep_budget import Budget


class MemorySpendingStore:
    def __init__(self) -> None:
        self.spent: dict[tuple[date, str, str | None], Spent] = {}
        self.totals: dict[str, Total] = defaultdict(lambda: Total(0))
        self._lock = threading.Lock()

    def reserve(self, month: str, micros: int, limit: int) -> Total | None:
        with self._lock:
            total = self.totals[month]
            if total.micros + micros > limit:
                return None
            self.totals[month] = replace(total, micros=total.micros + micros)
            return self.totals[month]

    def total(self, month: str) -> Total:
        return self.totals[month]

    def add(self, spent: Spent) -> None:
        with self._lock:
            key = (spent.day, spent.provider, spent.client)
            before = self.spent.get(key, replace(spent, documents=0, pages=0, micros=0))
            self.spent[key] = replace(
                before,
                documents=before.documents + spent.documents,
                pages=before.pages + spent.pages,
                micros=before.micros + spent.micros,
            )

    def claim_warning(self, month: str, limit: int) -> bool:
        with self._lock:
            is_new = self.totals[month].warned_of != limit
            self.totals[month] = replace(self.totals[month], warned_of=limit)
            return is_new

    def claim_exceeded(self, month: str, limit: int) -> bool:
        with self._lock:
            is_new = self.totals[month].exceeded_of != limit
            self.totals[month] = replace(self.totals[month], exceeded_of=limit)
            return is_new

    def give_back_claims(self, month: str, limit: int) -> None:
        with self._lock:
            total = self.totals[month]
            warned = 0 if total.warned_of == limit else total.warned_of
            exceeded = 0 if total.exceeded_of == limit else total.exceeded_of
            self.totals[month] = Total(total.micros, warned, exceeded)

    def of_month(self, month: str) -> Sequence[Spent]:
        return [spent for spent in self.spent.values() if month_of(spent.day) == month]

    def of_client(self, client: str, month: str, day: date | None = None) -> Sequence[Spent]:
        return [spent for spent in self.of_month(month) if spent.client == client and day in (None, spent.day)]


class EndlessBudget(Budget):
    """Counts nothing and stops nothing."""

    def admit(self, provider: str, client: str | None, pages: int) -> datetime | None:
        return None
