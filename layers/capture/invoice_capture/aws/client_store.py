"""What clients may cost, in DynamoDB, and how much of it they used."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from invoice_capture.aws.items import Item, from_attributes, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.domain.client_limits import ClientLimits

_LIMITS = "LIMITS"
# Beyond the longest month.
_KEPT_FOR = timedelta(days=40)


class DynamoDBClientStore:
    """Items ``CLIENT#<client>`` of the partition ``LIMITS``, and ``USED#<client>`` with an item a day and a month."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def limits(self, client: str) -> ClientLimits | None:
        item = self._table.get(_limits_key(client))
        return None if item is None else _limits(from_attributes(item))

    def all_limits(self) -> dict[str, ClientLimits]:
        items = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="PK = :limits",
            ExpressionAttributeValues=to_attributes({":limits": _LIMITS}),
        )
        return {item["SK"]["S"].removeprefix("CLIENT#"): _limits(from_attributes(item)) for item in items}

    def set_limits(self, client: str, limits: ClientLimits | None) -> None:
        if limits is None:
            self._table.remove(_limits_key(client))
            return
        values = vars(limits) | {"providers": None if limits.providers is None else sorted(limits.providers)}
        self._table.write(_limits_key(client) | to_attributes(values))

    def take(self, client: str, what: str, period: str, most: int, now: datetime) -> bool:
        key = to_attributes({"PK": f"USED#{client}", "SK": f"{period}#{what}"})
        expires_at = datetime.combine(now, time(), UTC) + _KEPT_FOR
        return self._table.add_up_to(key, "used", 1, most, int(expires_at.timestamp())) is not None


def _limits_key(client: str) -> Item:
    return to_attributes({"PK": _LIMITS, "SK": f"CLIENT#{client}"})


def _limits(values: dict[str, Any]) -> ClientLimits:
    providers = values.get("providers")
    return ClientLimits(
        providers=None if providers is None else frozenset(providers),
        documents_a_day=values.get("documents_a_day"),
        documents_a_month=values.get("documents_a_month"),
        pages_a_day=values.get("pages_a_day"),
        pages_a_month=values.get("pages_a_month"),
    )
