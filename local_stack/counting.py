"""What a job costs, counted from what really happened.

AWS calls
    Every request the handlers make through boto3, and those that Step Functions makes for its tasks
    (``lambda:Invoke``, ``sns:Publish``, ``dynamodb:UpdateItem``, ``states:StartExecution``). What AWS does by itself
    to get an event to a function, and what the local stack asks for its display, is not counted.

DynamoDB units, from the items before and after each request
    A write costs one unit per started KB of the larger of both, at least one, also when its condition fails, and
    twice that in a transaction. Each index whose entry appears, disappears or changes costs one more per KB of the
    entry, and two when its key changes; an entry has the keys and what the index names. A read costs one unit per
    started 4 KB, half without consistency, twice in a transaction; a query adds up its items before rounding.

Provider requests
    HTTP requests that the providers send through ``requests``, and those a provider reports itself.

A request belongs to the job of the invocation or execution that makes it. A batch of uploads has many jobs: there
the request itself names the job or the document. What serves all jobs is ``SHARED``: loops, the sweeper and what
records histories, and within a job's invocation the start of a loop with its lease, and the secret that every
container reads once.
"""

from __future__ import annotations

import base64
import json
import math
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import botocore.handlers
import requests

from local_stack.moto_patches import TableCall

SHARED = "shared"
_BY_REQUEST = "by request"
_subject: ContextVar[str | None] = ContextVar("subject", default=None)

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
_GETS = frozenset({"GetItem", "BatchGetItem", "TransactGetItems"})


@dataclass
class Costs:
    """Counts of one job, or of what all jobs share."""

    aws_calls: Counter[str] = field(default_factory=Counter)
    write_units: float = 0.0
    write_units_invoice: float = 0.0
    read_units: float = 0.0
    provider_requests: int = 0
    state_transitions: int = 0
    history_events: int = 0

    def add(self, other: Costs) -> None:
        self.aws_calls.update(other.aws_calls)
        self.write_units += other.write_units
        self.write_units_invoice += other.write_units_invoice
        self.read_units += other.read_units
        self.provider_requests += other.provider_requests
        self.state_transitions += other.state_transitions
        self.history_events += other.history_events


class Ledger:
    """The costs by subject: a job id, or ``SHARED``. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._costs: dict[str, Costs] = {}
        self._job_of_document: dict[str, str] = {}

    def of(self, subject: str) -> Costs:
        """The costs of a job, with those of its document before the job was known."""
        total = Costs()
        with self._lock:
            for name, costs in self._costs.items():
                if self._job_of_document.get(name, name) == subject:
                    total.add(costs)
        return total

    def all(self) -> dict[str, Costs]:
        """The costs of all jobs by id, and of ``SHARED``; documents that became no job count as shared."""
        totals: dict[str, Costs] = {SHARED: Costs()}
        with self._lock:
            for name, costs in self._costs.items():
                fallback = SHARED if name.startswith("document ") else name
                totals.setdefault(self._job_of_document.get(name, fallback), Costs()).add(costs)
        return totals

    def clear(self) -> None:
        with self._lock:
            self._costs.clear()
            self._job_of_document.clear()

    def job_of_document(self, document: Mapping[str, Any], job_id: str) -> None:
        """Learn which job a document version became."""
        with self._lock:
            self._job_of_document[_document(document["key"], document.get("version_id"))] = job_id

    def execution_ended(self, execution_input: Any, events: list[dict[str, Any]]) -> None:
        """Count the transitions of a finished execution: states entered, and tasks tried again."""
        kinds = Counter(str(getattr(event["type"], "value", event["type"])) for event in events)
        entered = sum(count for kind, count in kinds.items() if kind.endswith("StateEntered"))
        retries = kinds["TaskScheduled"] - kinds["TaskStateEntered"]
        with self._lock:
            costs = self._entry(subject_of(execution_input))
            costs.state_transitions += entered + max(0, retries)
            costs.history_events += len(events)

    def aws_call(self, operation: str, parameters: Mapping[str, Any]) -> None:
        subject = _subject_of_request(parameters)
        if subject is not None:
            with self._lock:
                self._entry(subject).aws_calls[operation] += 1

    def provider_request(self) -> None:
        subject = _subject.get()
        if subject is not None:
            with self._lock:
                self._entry(subject).provider_requests += 1

    def table_called(self, call: TableCall) -> None:
        subject = _subject_of_request(call.body)
        if subject is None:
            return
        writes, invoice_writes, reads = units(call)
        with self._lock:
            costs = self._entry(subject)
            costs.write_units += writes
            costs.write_units_invoice += invoice_writes
            costs.read_units += reads

    def _entry(self, subject: str) -> Costs:
        return self._costs.setdefault(subject, Costs())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear of the requests that boto3 sessions made inside this block, and of all ``requests`` ones."""

        def count_call(params: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_kwargs: Any) -> None:
            if context.get("is_presign_request"):
                return  # signing a link asks nobody
            self.aws_call(f"{model.service_model.endpoint_prefix}:{model.name}", params)

        send = requests.Session.send

        def count_and_send(session: Any, request: Any, **kwargs: Any) -> Any:
            self.provider_request()
            return send(session, request, **kwargs)

        # The way moto itself gets into every session, also into those that somebody else makes.
        entry = ("before-parameter-build", count_call)
        botocore.handlers.BUILTIN_HANDLERS.append(entry)
        try:
            with patch.object(requests.Session, "send", count_and_send):
                yield
        finally:
            botocore.handlers.BUILTIN_HANDLERS.remove(entry)


@contextmanager
def attributed_to(payload: Any) -> Iterator[None]:
    """Attribute what this thread does in the block to the job that an event or an execution's input names."""
    token = _subject.set(subject_of(payload))
    try:
        yield
    finally:
        _subject.reset(token)


def subject_of(payload: Any) -> str:
    if not isinstance(payload, Mapping):
        return SHARED
    if "Records" in payload:
        # Histories are recorded beside the way of jobs, of many in one run.
        if any(record.get("eventSource") == "aws:dynamodb" for record in payload["Records"]):
            return SHARED
        return _job_of_message(payload["Records"]) or _BY_REQUEST
    return str(payload.get("job_id", SHARED))


def _job_of_message(records: Any) -> str | None:
    """The job that the only message of a batch names."""
    if len(records) != 1:
        return None
    try:
        body = json.loads(records[0]["body"])
    except ValueError:
        return None
    return body.get("job_id") if isinstance(body, Mapping) else None


def _subject_of_request(parameters: Mapping[str, Any]) -> str | None:
    """Whom a request of this thread is for; None outside invocations and executions."""
    subject = _subject.get()
    if subject is None or subject == SHARED:
        return subject
    named = _named_by(parameters)
    starts_loop = "stateMachineArn" in parameters and named == SHARED
    serves_all = starts_loop or "SecretId" in parameters or _item(parameters).get("SK") == {"S": "LEASE"}
    if serves_all:
        return SHARED
    return named if subject == _BY_REQUEST else subject


def _named_by(parameters: Mapping[str, Any]) -> str:
    """The subject that a request itself names: by an execution's input, an object, or a key of the table."""
    if "input" in parameters:
        return str(json.loads(parameters["input"]).get("job_id", SHARED))
    if isinstance(parameters.get("Key"), str):
        return _document(parameters["Key"], parameters.get("VersionId"))
    partition = _item(parameters).get("PK", {}).get("S", "")
    return partition.removeprefix("JOB#") if partition.startswith("JOB#") else SHARED


def _item(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The key or item of a DynamoDB request, of a transaction the first; empty for any other."""
    if "TransactItems" in parameters:
        [parameters] = parameters["TransactItems"][0].values()
    item = parameters.get("Key") or parameters.get("Item")
    return item if isinstance(item, Mapping) else {}


def _document(key: str, version_id: str | None) -> str:
    return f"document {version_id or '-'} {key}"


def units(call: TableCall) -> tuple[float, float, float]:
    """Write units besides the invoice item, write units of the invoice item, and read units of a request."""
    if call.operation in _WRITES:
        factor = 2 if call.operation.startswith("Transact") else 1
        plain = invoice = 0.0
        for before, after in zip(call.before, call.after, strict=True):
            cost = factor * _started(max(item_size(before), item_size(after)), 1024) + _index_writes(
                call, before, after
            )
            # Long invoices keep the rest of their lines in items beside theirs.
            if (after or before or {}).get("SK", {}).get("S", "").startswith("INVOICE"):
                invoice += cost
            else:
                plain += cost
        return plain, invoice, 0.0
    if call.operation in _GETS:
        return 0.0, 0.0, sum(_read_factor(call) * _started(item_size(item), 4096) for item in call.before)
    if call.operation == "Query":
        index = call.indexes.get(call.body.get("IndexName", ""))
        carried = call.projected.get(call.body.get("IndexName", ""), ())
        read = [item if index is None else _entry_of(item, (*index, *call.key, *carried)) for item in call.queried]
        return 0.0, 0.0, _read_factor(call) * _started(sum(map(item_size, read)), 4096)
    return 0.0, 0.0, 0.0


def _read_factor(call: TableCall) -> float:
    if call.operation.startswith("Transact"):
        return 2.0
    requested = next(iter(call.body["RequestItems"].values())) if call.operation == "BatchGetItem" else call.body
    return 1.0 if requested.get("ConsistentRead") else 0.5


def _index_writes(call: TableCall, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> float:
    cost = 0.0
    for name, attributes in call.indexes.items():
        names = (*attributes, *call.key, *call.projected.get(name, ()))
        old, new = (
            _entry_of(item, names) if item and set(attributes) <= set(item) else None for item in (before, after)
        )
        if old == new:
            continue
        cost += sum(_started(item_size(entry), 1024) for entry in (old, new) if entry is not None)
    return cost


def _entry_of(item: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: item[name] for name in names if name in item}


def _started(size: int, unit: int) -> int:
    return max(1, math.ceil(size / unit))


def item_size(item: Mapping[str, Any] | None) -> int:
    """The size of an item in DynamoDB JSON as DynamoDB measures it, in bytes; 0 for an absent one."""
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(typed: Mapping[str, Any]) -> int:
    kind, value = next(iter(typed.items()))
    if kind == "S":
        return len(value.encode("utf-8", "surrogatepass"))
    if kind == "N":
        return _number_size(value)
    if kind == "B":
        return len(base64.b64decode(value) if isinstance(value, str) else value)
    if kind in {"SS", "NS", "BS"}:
        return sum(_value_size({kind[0]: member}) for member in value)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(member) for name, member in value.items())
    if kind == "L":
        return 3 + sum(1 + _value_size(member) for member in value)
    return 1


def _number_size(value: Any) -> int:
    """Two significant digits a byte, one byte more for the exponent and one for a minus sign."""
    text = str(value)
    digits = text.lstrip("-").split("E")[0].replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1 + text.startswith("-")
