"""The services around the state machines."""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.core.utils import unix_time_millis
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.events.models import events_backends
from moto.s3 import notifications
from moto.sqs.models import Queue, SQSBackend

from local_stack.moto_patches.host import Host, Patch, TableCall


def patches(host: Host) -> list[Patch]:
    return [*_s3(host), *_sqs(host), *_lambda(host), *_dynamodb(host)]


def locked(owner: type, *names: str) -> list[Patch]:
    """Methods of a back end, one call at a time.

    moto is not thread-safe: two threads pass the same condition, or receive the same message.
    """
    lock = threading.RLock()

    def guard(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return original(*args, **kwargs)

        return guarded

    return [(owner, name, guard(getattr(owner, name))) for name in names]


def _s3(host: Host) -> list[Patch]:
    sequence = iter(range(1, 2**63))

    def send_event(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        """moto's event differs from that of AWS in its etag, sequencer, reason and time, and hides failures."""
        event: Any = {
            "version": "0",
            "id": f"{next(sequence):032x}",
            "detail-type": notifications._detail_type(event_name),
            "source": "aws.s3",
            "account": account_id,
            "time": host.clock.now().timestamp(),
            "region": bucket.region_name,
            "resources": [bucket.arn],
            "detail": {
                "version": "0",
                "bucket": {"name": bucket.name},
                "object": {
                    "key": key.name,
                    "size": key.size,
                    "etag": key.etag.replace('"', ""),
                    "sequencer": f"{next(sequence):018X}",
                    **({"version-id": key.version_id} if bucket.is_versioned else {}),
                },
                "request-id": f"{next(sequence):016X}",
                "requester": account_id,
                "source-ip-address": "127.0.0.1",
                "reason": "PutObject" if event_name.endswith(":Put") else event_name.rsplit(":", 1)[1],
            },
        }
        for bus in events_backends[account_id][bucket.region_name].event_buses.values():
            for rule in bus.rules.values():
                # A schedule has no pattern, which for moto matches every event.
                if not rule.scheduled_expression and rule.event_pattern.matches_event(event):
                    rule.send_to_targets(event, transform_input=False)

    return [(notifications, "_send_event_bridge_message", send_event)]


def _sqs(host: Host) -> list[Patch]:
    add_message = Queue.add_message

    def add_and_tell(queue: Any, message: Any) -> None:
        """moto delays a message in real time; it comes when its time has passed on the stack's clock."""
        if message.delayed:
            delay = (message.delayed_until - unix_time_millis()) / 1000
            message.delayed_until = 0.0
            host.clock.call_later(delay, lambda: add_and_tell(queue, message))
            return
        add_message(queue, message)
        host.message_arrived(queue.queue_arn)

    guarded = locked(SQSBackend, "receive_message", "delete_message", "change_message_visibility", "send_message")
    return [(Queue, "add_message", add_and_tell), *guarded]


def _lambda(host: Host) -> list[Patch]:
    def invoke(  # noqa: PLR0917 - moto's signature
        backend: Any, name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        """moto runs functions in Docker, asynchronous ones at once; the runtime of the local stack takes over."""
        name = backend.get_function(name, qualifier).function_name
        payload = body.encode() if isinstance(body, str) else bytes(body or b"{}")
        answer, failed = host.invoke(name, payload, headers.get("X-Amz-Invocation-Type", "RequestResponse"))
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer

    return [(LambdaBackend, "invoke", invoke)]


def _dynamodb(host: Host) -> list[Patch]:
    lock = threading.RLock()
    queried: list[Mapping[str, Any]] = []
    call_action, query = DynamoHandler.call_action, Table.query
    transact_write_items = DynamoDBBackend.transact_write_items

    def call_and_tell(handler: Any) -> Any:
        """Requests come one at a time, and each is shown to the host with the items it found and left."""
        operation, body = handler._get_action(), handler.params
        with lock:
            queried.clear()
            table, keys = _addressed(handler.dynamodb_backend, operation, body)
            before = tuple(_plain_item(table, key) for key in keys)
            answer = call_action(handler)
            if table is not None:
                after = tuple(_plain_item(table, key) for key in keys)
                names = tuple(filter(None, (table.hash_key_attr, table.range_key_attr)))
                indexes = {
                    index.name: tuple(part["AttributeName"] for part in index.schema) for index in table.all_indexes()
                }
                host.table_called(TableCall(operation, body, before, after, tuple(queried), names, indexes))
            return answer

    def query_partition(table: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
        """moto sorts the whole table for every query, which makes a thousand jobs quadratic."""
        index_name = args[6]
        partitions = table.items.values() if index_name else [table.items.get(hash_key, {})]
        table.all_items = lambda: [item for partition in partitions for item in partition.values()]
        try:
            found = query(table, hash_key, *args, **kwargs)
        finally:
            del table.all_items
        queried.extend(_plain(table.items[item.hash_key][item.range_key].attrs) for item in found[0])
        return found

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

    return [
        (DynamoHandler, "call_action", call_and_tell),
        (Table, "query", query_partition),
        (DynamoDBBackend, "transact_write_items", transact),
        # The only copies of a table are those for rolling back.
        (Table, "__deepcopy__", lambda table, _memo: table),
    ]


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
