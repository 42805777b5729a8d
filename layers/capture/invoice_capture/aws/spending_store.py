"""What is spent at providers, in DynamoDB: a partition a month, with the month's total and an item for each day of a
client at a provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from invoice_capture.aws.items import Item, from_attributes, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.domain.spending import Spent, Total, month_of

_ENTRY = "SPENT"
_TOTAL = "TOTAL"
# Long enough to look back at the same month of last year.
_KEPT_FOR = timedelta(days=400)


class DynamoDBSpendingStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def reserve(self, month: str, micros: int, limit: int) -> Total | None:
        ttl = _ttl(date.fromisoformat(f"{month}-01"))
        item = self._table.add_up_to(_key(month, _TOTAL), "micros", micros, limit, ttl)
        return None if item is None else _total(item)

    def total(self, month: str) -> Total:
        return _total(self._table.get(_key(month, _TOTAL)) or {})

    def add(self, spent: Spent) -> None:
        counts = {"documents": spent.documents, "pages": spent.pages, "micros": spent.micros}
        client = spent.client or ""
        key = _key(month_of(spent.day), f"{_ENTRY}#{client}#{spent.day}#{spent.provider}")
        # What adds nothing is no part of the answer.
        self._table.add(key, {name: count for name, count in counts.items() if count}, _ttl(spent.day))

    def claim_warning(self, month: str, limit: int) -> bool:
        return self._claim(month, "warned_of", limit)

    def claim_exceeded(self, month: str, limit: int) -> bool:
        return self._claim(month, "exceeded_of", limit)

    def give_back_claims(self, month: str, limit: int) -> None:
        for name in ("warned_of", "exceeded_of"):
            self._table.update(
                _key(month, _TOTAL), f"REMOVE {name}", f"{name} = :limit", to_attributes({":limit": limit})
            )

    def of_month(self, month: str) -> Sequence[Spent]:
        return list(self._entries(month, f"{_ENTRY}#", is_consistent=False))

    def of_client(self, client: str, month: str, day: date | None = None) -> Sequence[Spent]:
        beginning = f"{_ENTRY}#{client}#" + ("" if day is None else f"{day}#")
        return list(self._entries(month, beginning, is_consistent=True))

    def _claim(self, month: str, name: str, limit: int) -> bool:
        return self._table.update(
            _key(month, _TOTAL),
            f"SET {name} = :limit",
            f"attribute_not_exists({name}) OR {name} <> :limit",
            to_attributes({":limit": limit}),
        )

    def _entries(self, month: str, beginning: str, *, is_consistent: bool) -> Iterator[Spent]:
        items = self._table.query(
            ConsistentRead=is_consistent,
            KeyConditionExpression="PK = :month AND begins_with(SK, :beginning)",
            ExpressionAttributeValues=to_attributes({":month": _partition(month), ":beginning": beginning}),
        )
        return (_spent(from_attributes(item)) for item in items)


def _key(month: str, sort_key: str) -> Item:
    return to_attributes({"PK": _partition(month), "SK": sort_key})


def _partition(month: str) -> str:
    return f"SPENT#{month}"


def _ttl(day: date) -> int:
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + _KEPT_FOR).timestamp())


def _spent(values: Mapping[str, Any]) -> Spent:
    _, client, day, provider = values["SK"].split("#")
    return Spent(
        date.fromisoformat(day), provider, client or None, values["documents"], values["pages"], values.get("micros", 0)
    )


def _total(item: Item) -> Total:
    values = from_attributes(item)
    return Total(values.get("micros", 0), values.get("warned_of", 0), values.get("exceeded_of", 0))
