"""The table, in the few forms in which the stores use it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from invoice_capture.aws.clients import Clients, calling, error_code
from invoice_capture.aws.items import Item
from invoice_capture.aws.stamping import stamped, without_stamp
from invoice_capture.domain.errors import StoreUnavailable

_CONDITION_FAILED = "ConditionalCheckFailedException"
_KEYS_PER_BATCH = 100
# What to wait, in seconds, when another transaction holds an item; each is made shorter by chance.
_PAUSES = (0.03, 0.06, 0.12, 0.25, 0.5)


class ConditionFailed(Exception):
    """A transaction was refused; ``places`` are the positions of the writes whose condition did not hold."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(f"conditions {list(places)} did not hold")
        self.places = places


class Table:
    """Every write is conditional or harmless to repeat; every read of a key is consistent.

    ``writer`` is who writes, as items of jobs say; None says nothing.
    """

    def __init__(self, clients: Clients, name: str, writer: str | None = None) -> None:
        self._clients = clients
        self._writer = writer
        self.name = name

    def get(self, key: Item) -> Item | None:
        with calling("DynamoDB"):
            answer = self._clients.dynamodb.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        return without_stamp(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Item]) -> Iterator[Item]:
        """The items that exist, in any order."""
        for start in range(0, len(keys), _KEYS_PER_BATCH):
            wanted: Any = {self.name: {"Keys": keys[start : start + _KEYS_PER_BATCH], "ConsistentRead": True}}
            while wanted:
                with calling("DynamoDB"):
                    answer = self._clients.dynamodb.batch_get_item(RequestItems=wanted)
                yield from answer["Responses"].get(self.name, [])
                wanted = answer.get("UnprocessedKeys")

    def query(self, *, limit: int | None = None, portion: int | None = None, **arguments: Any) -> Iterator[Item]:
        """All pages of a query, or the first ``limit`` items; each page is read when it is needed.

        ``portion`` is how many items a page has, for a caller that may stop early.
        """
        left = limit
        while True:
            if left is not None or portion is not None:
                arguments["Limit"] = min(size for size in (left, portion) if size is not None)
            with calling("DynamoDB"):
                answer = self._clients.dynamodb.query(TableName=self.name, **arguments)
            yield from answer["Items"]
            if left is not None:
                left -= len(answer["Items"])
            if "LastEvaluatedKey" not in answer or left == 0:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(self, item: Item) -> None:
        """Write an item, whatever is there."""
        with calling("DynamoDB"):
            self._clients.dynamodb.put_item(TableName=self.name, **stamped(self._writer, {"Item": item}))

    def put(self, item: Item, condition: str, values: Item | None = None, names: dict[str, str] | None = None) -> bool:
        """False when the condition did not hold."""
        return self._conditional("put_item", Item=item, ConditionExpression=condition, **_expressions(values, names))

    def update(self, key: Item, update: str, condition: str, values: Item, names: dict[str, str] | None = None) -> bool:
        """False when the condition did not hold."""
        return self._conditional(
            "update_item",
            Key=key,
            UpdateExpression=update,
            ConditionExpression=condition,
            **_expressions(values, names),
        )

    def add(self, key: Item, counts: dict[str, int], ttl: int | None = None) -> dict[str, int]:
        """Add to counters, which begin at zero; returns them."""
        values: Item = {f":{name}": {"N": str(count)} for name, count in counts.items()}
        update = "ADD " + ", ".join(f"{name} :{name}" for name in counts)
        if ttl is not None:
            update, values = f"SET #ttl = :ttl {update}", values | {":ttl": {"N": str(ttl)}}
        with calling("DynamoDB"):
            answer = self._clients.dynamodb.update_item(
                TableName=self.name,
                Key=key,
                UpdateExpression=update,
                ExpressionAttributeValues=values,
                ReturnValues="UPDATED_NEW",
                **_expressions(None, None if ttl is None else {"#ttl": "ttl"}),
            )
        return {name: int(answer["Attributes"][name]["N"]) for name in counts}

    def add_up_to(self, key: Item, name: str, amount: int, most: int, ttl: int) -> Item | None:
        """Add to a counter, unless that takes it above ``most``; the item as it is then, or None when it does."""
        if amount > most:
            return None
        try:
            with calling("DynamoDB"):
                answer = self._clients.dynamodb.update_item(
                    TableName=self.name,
                    Key=key,
                    UpdateExpression=f"SET #ttl = :ttl ADD {name} :amount",
                    ConditionExpression=f"attribute_not_exists({name}) OR {name} <= :most",
                    ExpressionAttributeNames={"#ttl": "ttl"},
                    ExpressionAttributeValues={
                        ":ttl": {"N": str(ttl)},
                        ":amount": {"N": str(amount)},
                        ":most": {"N": str(most - amount)},
                    },
                    ReturnValues="ALL_NEW",
                )
        except Exception as exc:
            if error_code(exc) == _CONDITION_FAILED:
                return None
            raise
        return dict(answer["Attributes"])

    def delete(self, key: Item, condition: str, values: Item, names: dict[str, str] | None = None) -> bool:
        """False when the condition did not hold."""
        return self._conditional("delete_item", Key=key, ConditionExpression=condition, **_expressions(values, names))

    def remove(self, key: Item) -> None:
        """Delete an item; one that is gone already is fine."""
        with calling("DynamoDB"):
            self._clients.dynamodb.delete_item(TableName=self.name, Key=key)

    def transact(self, writes: Sequence[dict[str, Any]]) -> None:
        """All writes or none; those that another transaction holds up are tried again. Raises ConditionFailed."""
        requests = [
            {kind: stamped(self._writer, {**arguments, "TableName": self.name}) for kind, arguments in write.items()}
            for write in writes
        ]
        for pause in (*_PAUSES, None):
            try:
                with calling("DynamoDB"):
                    self._clients.dynamodb.transact_write_items(TransactItems=requests)  # type: ignore[arg-type]
            except Exception as exc:
                if error_code(exc) != "TransactionCanceledException":
                    raise
                if places := _failed_conditions(exc):
                    raise ConditionFailed(places) from exc
                if pause is None:
                    raise StoreUnavailable("DynamoDB could not finish a transaction in time.") from exc
                time.sleep(pause * random.random())  # noqa: S311
            else:
                return

    def _conditional(self, operation: str, **arguments: Any) -> bool:
        try:
            with calling("DynamoDB"):
                getattr(self._clients.dynamodb, operation)(TableName=self.name, **stamped(self._writer, arguments))
        except Exception as exc:
            if error_code(exc) == _CONDITION_FAILED:
                return False
            raise
        return True


def _failed_conditions(error: Exception) -> list[int]:
    """The places of the writes whose condition did not hold; none when the transaction was only held up."""
    reasons = getattr(error, "response", {}).get("CancellationReasons", [])
    return [place for place, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed"]


def _expressions(values: Item | None, names: dict[str, str] | None) -> dict[str, Any]:
    return {
        name: content
        for name, content in (("ExpressionAttributeValues", values), ("ExpressionAttributeNames", names))
        if content
    }
