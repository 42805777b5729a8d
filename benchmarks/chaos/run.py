"""One stack in bad weather, from its first document to the end of its last job."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.chaos.books import Books, Job
from benchmarks.chaos.door import Door
from benchmarks.chaos.weather import CONFLICT, LAG, NO_ROOM, PHASES, SESSION_ENDED, TIMEOUT_SECONDS, Weather
from benchmarks.small_invoices import pdf_invoice, ubl_invoice
from invoice_capture.aws.items import from_attributes
from invoice_capture.domain.announcement import EVENTS
from local_stack.hostility import Faults
from local_stack.hostility.index_lag import RecentWrites
from local_stack.iam.policies import Role
from local_stack.iam.sessions import Session, Sessions
from local_stack.simulators import NAMES, Script
from local_stack.stack import LocalStack

ROUTES = ("abbyy?,extract_api,embedded", "ocr_job?,abbyy?,embedded", "extract_api?,ocr_job,embedded")
"""Default routes, which the stacks take turns with; a fifth of the documents goes by them, the others choose by key."""
_CHOICES = (*(f"{name}/" for name in NAMES), "embedded/", "")
_TIME_SCALE = 8000.0
_DAY_SECONDS = 86_400.0
# Until every deadline has passed, what was paid is tried to be stored for another day.
_PATIENCE_SECONDS = 5 * _DAY_SECONDS
# What takes longer is named in the log.
_LONG_SECONDS = _DAY_SECONDS / 2
_LOOKS_EVERY_SECONDS = 2.0
# Below the stack's own, to stand in its log.
_LOG = logging.getLogger("local_stack.weather")


@dataclass(frozen=True)
class Plan:
    """``first`` is the number of the first of this stack's ``jobs``. ``concurrency``: fair weather, and little room."""

    stack: int
    first: int
    jobs: int
    seed: int
    log: str | None = None
    concurrency: int | None = None


def run(plan: Plan) -> Books:
    """Live through all of the weather, wait until everything has come to its end, and close the books."""
    began = time.monotonic()
    faults = Faults(seed=1000 * plan.seed + plan.stack)
    with ExitStack() as exits:
        log = exits.enter_context(Path(plan.log).open("w", encoding="utf-8")) if plan.log else None
        exits.enter_context(_booked(faults))
        stack = exits.enter_context(
            LocalStack(
                time_scale=_TIME_SCALE,
                # Histories follow jobs by the table's stream, and are on the way of none.
                parameters={"DefaultRoute": ROUTES[plan.stack % len(ROUTES)], "Ocr": "none", "History": "false"},
                provider_settings={name: {"timeout_seconds": f"{TIMEOUT_SECONDS:g}"} for name in NAMES},
                simulator_scripts={name: Script(tls=True) for name in NAMES},
                faults=faults,
                log=log,
            )
        )
        doors = {name: Door(simulator) for name, simulator in stack.simulators.items()}
        keys = [_key(number) for number in range(plan.first, plan.first + plan.jobs)]
        if plan.concurrency is None:
            weather = Weather(plan.jobs, faults, stack.simulators, plan.seed + plan.stack)
            _live_through(stack, weather, keys)
        else:
            faults.concurrency = plan.concurrency
            for key in keys:
                _drop(stack, key)
        _wait_for_the_end(stack, keys)
        return _closed(plan, stack, doors, keys, time.monotonic() - began)


def _key(number: int) -> str:
    choice = _CHOICES[number % len(_CHOICES)]
    return f"incoming/{choice}{number:06d}.{'xml' if choice == 'embedded/' else 'pdf'}"


def _drop(stack: LocalStack, key: str) -> None:
    name = Path(key)
    number = int(name.stem)
    stack.upload(key, ubl_invoice(number) if name.suffix == ".xml" else pdf_invoice(number))


def _live_through(stack: LocalStack, weather: Weather, keys: Sequence[str]) -> None:
    for number, phase in enumerate(PHASES):
        weather.turn(number)
        _LOG.warning("The weather is now: %s", phase.name)
        until = stack.clock.elapsed() + 3600 * phase.hours
        for key in keys[len(keys) * number // len(PHASES) : len(keys) * (number + 1) // len(PHASES)]:
            _drop(stack, key)
        while stack.clock.elapsed() < until:
            time.sleep(0.01)
    weather.clear()
    _LOG.warning("The weather is fair for good")


def _wait_for_the_end(stack: LocalStack, keys: Sequence[str]) -> None:
    """Until every document has a job that has ended and is told, or nothing can be hoped for any more."""
    began = stack.clock.elapsed()
    while stack.clock.elapsed() < began + _PATIENCE_SECONDS:
        is_running = any(executions.running for executions in list(stack._executions.values()))
        if not is_running or stack.clock.elapsed() > began + _LONG_SECONDS:
            rows = [items["JOB"] for items in _partitions(stack).values() if "JOB" in items]
            done = {_document(row)["key"] for row in rows if row.get("finished_at") and "announcement" not in row}
            if len(done) == len(keys) and not is_running:
                return
            _LOG.warning("Still to come: %s", ", ".join(key for key in keys if key not in done))
        time.sleep(_LOOKS_EVERY_SECONDS)


@contextmanager
def _booked(faults: Faults) -> Iterator[None]:
    """Write down what the stack's own books leave out: when an index did not show a write, and sessions that ended."""
    shown, session_of = RecentWrites.shown, Sessions.of

    def booked_shown(recent: RecentWrites, now: float, lag: float) -> Mapping[Any, Any]:
        hidden = shown(recent, now, lag)
        if hidden:
            faults.book(LAG)
        return hidden

    def booked_session_of(sessions: Sessions, role: Role) -> Session:
        before = sessions._latest.get(role.arn)
        session = session_of(sessions, role)
        if before is not None and session is not before and sessions.is_over(before):
            faults.book(SESSION_ENDED)
        return session

    with patch.object(RecentWrites, "shown", booked_shown), patch.object(Sessions, "of", booked_session_of):
        yield


def _partitions(stack: LocalStack) -> dict[str, dict[str, dict[str, Any]]]:
    """The items of all jobs as plain values, by partition and sort key."""
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for page in stack.dynamodb.get_paginator("scan").paginate(TableName=stack.table):
        for item in page["Items"]:
            if item["PK"]["S"].startswith("JOB#"):
                found[item["PK"]["S"]][item["SK"]["S"]] = from_attributes(item)
    return found


def _closed(plan: Plan, stack: LocalStack, doors: Mapping[str, Door], keys: Sequence[str], seconds: float) -> Books:
    told: dict[str, list[str]] = defaultdict(list)
    for notification in stack.notifications():
        if notification.message["event"] in EVENTS.values():
            told[notification.message["job_id"]].append(notification.message["status"])
    by_key = {_document(items["JOB"])["key"]: items for items in _partitions(stack).values() if "JOB" in items}
    # Before the injected faults are added up: among them are those that it finds.
    fates = {key: fates for door in doors.values() for key, fates in door.fates_of().items()}
    injected = stack.faults.injected.copy()
    for name in [name for name in injected if name.startswith("lambda throttles ")]:
        injected[NO_ROOM] += injected.pop(name)
    for name in [name for name in injected if name.endswith("conflicts with a transaction")]:
        injected[CONFLICT] += injected.pop(name)
    return Books(
        stack=plan.stack,
        jobs=[_job(key, by_key.get(key), told, stack) for key in keys],
        spending=[one for door in doors.values() for one in door.spending],
        charged=Counter((name, one.name) for name in doors for one in stack.simulators[name].accepted),
        fates=fates,
        injected=sum((door.injected for door in doors.values()), injected),
        denied=sorted({str(denial) for denial in stack.permissions.denied}),
        stack_hours=stack.clock.elapsed() / 3600,
        seconds=seconds,
    )


def _job(key: str, items: Mapping[str, dict[str, Any]] | None, told: Mapping[str, list[str]], stack: LocalStack) -> Job:
    name = Path(key).name
    if items is None:
        return Job(name, key, None)
    row = items["JOB"]
    executions = stack._executions.get(row["job_id"])
    return Job(
        document=name,
        key=key,
        row=row,
        submissions=[item for sort_key, item in sorted(items.items()) if sort_key.startswith("SUBMISSION#")],
        told=told.get(row["job_id"], ()),
        is_running=bool(executions and executions.running),
    )


def _document(row: Mapping[str, Any]) -> Mapping[str, Any]:
    document = row["document"]
    return json.loads(document) if isinstance(document, str) else document  # type: ignore[no-any-return]
