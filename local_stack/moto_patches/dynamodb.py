"""DynamoDB: requests one at a time, told to the host, on a table that need not be copied or sorted for each."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.responses import DynamoHandler

from local_stack.hostility.answered_transactions import AnsweredTransactions
from local_stack.hostility.index_lag import RecentWrites
from local_stack.hostility.running_transactions import RunningTransactions
from local_stack.moto_patches.host import Host, Patch, TableCall

_SCALARS = frozenset({"S", "N", "BOOL", "NULL"})


def patches(host: Host) -> list[Patch]:
    recent, queried = RecentWrites(), list[Mapping[str, Any]]()
    return [
        (DynamoHandler, "call_action", _requests(host, recent, queried)),
        (Table, "query", _queries(host, recent, queried)),
        (DynamoDBBackend, "transact_write_items", _transactions()),
        # The only copies of a table are those for rolling back.
        (Table, "__deepcopy__", lambda table, _memo: table),
        # The stack hands changes over itself; moto would keep a copy of each for ever.
        (StreamShard, "add", lambda *_images: None),
        (BaseJSONSerializer, "_serialize_type_structure", _values_as_they_are()),
    ]


def _requests(host: Host, recent: RecentWrites, queried: list[Mapping[str, Any]]) -> Any:
    lock, transactions, call_action = threading.RLock(), RunningTransactions(host.faults), DynamoHandler.call_action
    answered = AnsweredTransactions(host.clock)

    def call_unless_conflicting(handler: Any) -> Any:
        operation, body = handler._get_action(), handler.params
        if not host.faults.transaction_seconds:
            return call_and_tell(handler, operation, body)
        table, keys = _addressed(handler.dynamodb_backend, operation, body)
        items = [_identity(table, key) for key in keys]
        with transactions.touching(operation, items) as refusal:
            if refusal is not None:
                return 400, {}, json.dumps(refusal)
            return call_and_tell(handler, operation, body)

    def call_and_tell(handler: Any, operation: str, body: Mapping[str, Any]) -> Any:
        """Requests come one at a time, and each is shown to the host with the items it found and left."""
        with lock:
            if (known := answered.to(operation, body)) is not None:
                return known
            queried.clear()
            table, keys = _addressed(handler.dynamodb_backend, operation, body)
            before = tuple(_plain_item(table, key) for key in keys)
            answer = call_action(handler)
            if table is not None:
                after = tuple(_plain_item(table, key) for key in keys)
                if lag := host.faults.index_lag_seconds:
                    for key, was, is_now in zip(keys, before, after, strict=True):
                        if was != is_now:
                            recent.remember(_identity(table, key), was, host.clock.elapsed(), lag)
                names = tuple(filter(None, (table.hash_key_attr, table.range_key_attr)))
                indexes = {
                    index.name: tuple(part["AttributeName"] for part in index.schema) for index in table.all_indexes()
                }
                projected = {
                    index.name: tuple(index.projection.get("NonKeyAttributes", ())) for index in table.all_indexes()
                }
                host.table_called(TableCall(operation, body, before, after, tuple(queried), names, indexes, projected))
            answered.remember(operation, body, answer)
            return answer

    return call_unless_conflicting


def _queries(host: Host, recent: RecentWrites, queried: list[Mapping[str, Any]]) -> Any:
    query = Table.query

    def query_partition(table: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
        """moto looks through the whole table for every query, and sorts it, which makes a thousand jobs quadratic."""
        comparison, values, _, start_key, _, _, index_name, *_ = args
        if start_key and not _is_within(table, start_key, index_name, ("EQ", [hash_key]), (comparison, values)):
            raise MockValidationException(
                "The provided starting key is outside query boundaries based on provided conditions"
            )
        if index_name:
            name = _key_names(table, index_name)[0]
            items = [
                item
                for partition in table.items.values()
                for item in partition.values()
                if name in item.attrs and item.attrs[name] == hash_key
            ]
        else:
            items = list(table.items.get(hash_key, {}).values())
        if index_name and (lag := host.faults.index_lag_seconds):
            items = list(_as_shown(table, items, recent.shown(host.clock.elapsed(), lag)))
        table.all_items = lambda: items
        try:
            found = query(table, hash_key, *args, **kwargs)
        finally:
            del table.all_items
        # What an index finds is a part of an item, and may be gone.
        whole = (table.items.get(item.hash_key, {}).get(item.range_key, item) for item in found[0])
        queried.extend(_plain(item.attrs) for item in whole)
        return found

    return query_partition


def _values_as_they_are() -> Any:
    serialize = BaseJSONSerializer._serialize_type_structure

    def serialize_structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        """moto looks under three names for each of the ten types that a value might have: half of an answer's time."""
        if shape.name == "AttributeValue" and len(value) == 1 and not _SCALARS.isdisjoint(value):
            serializer._default_serialize(serialized, value, shape, key)
        else:
            serialize(serializer, serialized, value, shape, key)

    return serialize_structure


def _transactions() -> Any:
    transact_write_items = DynamoDBBackend.transact_write_items

    def transact(backend: Any, transact_items: list[dict[str, Any]]) -> None:
        """moto copies the whole table to be able to roll back; the items of the transaction are enough."""
        _, keys = _addressed(backend, "TransactWriteItems", {"TransactItems": transact_items})
        tables = [backend.get_table(next(iter(action.values()))["TableName"]) for action in transact_items]
        originals = [
            copy.deepcopy(table.get_item(*_typed(table, key))) for table, key in zip(tables, keys, strict=True)
        ]
        try:
            transact_write_items(backend, transact_items)
        except Exception:
            for table, key, original in zip(tables, keys, originals, strict=True):
                hash_key, range_key = _typed(table, key)
                table.items[hash_key].pop(range_key, None)
                if original is not None:
                    table.items[hash_key][range_key] = original
            raise

    return transact


def _addressed(backend: Any, operation: str, body: Mapping[str, Any]) -> tuple[Any, list[Mapping[str, Any]]]:
    """The table of a request and the keys it names; (None, []) when it addresses no items."""
    if operation.startswith("Transact"):
        actions = [next(iter(action.values())) for action in body["TransactItems"]]
        table_name, named = (
            actions[0]["TableName"],
            [action.get("Key") or action["Item"] for action in actions],
        )
    elif operation.startswith("Batch"):
        table_name, requests = next(iter(body["RequestItems"].items()))
        if operation == "BatchGetItem":
            named = requests["Keys"]
        else:
            actions = [next(iter(request.values())) for request in requests]
            named = [action.get("Key") or action["Item"] for action in actions]
    elif operation in {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"}:
        table_name = body["TableName"]
        named = [body[part] for part in ("Key", "Item") if part in body]
    else:
        return None, []
    table = backend.get_table(table_name)
    attributes = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    return table, [{name: item[name] for name in attributes} for item in named]


def _identity(table: Any, key: Mapping[str, Any]) -> tuple[str, str]:
    return table.name, json.dumps(key, sort_keys=True)


def _as_shown(table: Any, items: list[Any], shown: Mapping[Any, Mapping[str, Any] | None]) -> Iterator[Any]:
    """The items as an index has them that does not know the latest writes."""
    here = {_typed(table, json.loads(key)): before for (name, key), before in shown.items() if name == table.name}
    yield from (item for item in items if not here or (item.hash_key, item.range_key) not in here)
    for before in here.values():
        if before is not None:
            yield Item(*_typed(table, before), dict(before))


def _is_within(table: Any, start_key: Mapping[str, Any], index_name: str | None, *conditions: tuple[Any, Any]) -> bool:
    """Whether a page begins where a query looks, by its partition and its range; moto would begin anywhere."""
    names = _key_names(table, index_name) if index_name else (table.hash_key_attr, table.range_key_attr)
    return all(
        comparison is None or (name in start_key and DynamoType(start_key[name]).compare(comparison, values))
        for name, (comparison, values) in zip(names, conditions, strict=False)
    )


def _key_names(table: Any, index_name: str) -> tuple[str, ...]:
    """The attributes that make the key of an index, that of the partition first."""
    schema = next(index.schema for index in table.all_indexes() if index.name == index_name)
    return tuple(part["AttributeName"] for part in schema)


def _typed(table: Any, key: Mapping[str, Any]) -> tuple[Any, Any]:
    range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
    return DynamoType(key[table.hash_key_attr]), range_key


def _plain_item(table: Any, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
    item = table.get_item(*_typed(table, key))
    return None if item is None else _plain(item.attrs)


def _plain(value: Any) -> Any:
    """moto's typed attributes as DynamoDB JSON."""
    if isinstance(value, DynamoType):
        return {value.type: _plain(value.value)}
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
