"""``stack remove``: a stack goes, and what holds documents only for who said so twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from invoice_capture_cli.errors import ALL_WELL, STOPPED, Aborted, CommandError, Unreachable, UsageError
from invoice_capture_cli.running import Run
from invoice_capture_cli.stack import Stack, calling_aws

_BUCKETS = ("DocumentsBucket", "AccessLogsBucket")
_TABLE = "Table"
_PLAN = "ClientUsagePlan"
_OURS = {*_BUCKETS[:1], _TABLE, "CaptureInvoiceStateMachine"}
# Of a request to S3.
_MOST_OBJECTS = 1000


@dataclass(frozen=True)
class Words:
    """What was typed beforehand instead of an answer to a question: the names of the stack and of its bucket."""

    stack: str | None
    bucket: str | None


@dataclass(frozen=True)
class Parts:
    """What outlives a stack: buckets and table on purpose, and the keys of clients, which nobody else deletes."""

    buckets: tuple[str, ...]
    table: str
    keys: tuple[str, ...]


class NotEmptied(CommandError):
    """Some versions stay, and with them their bucket and the table."""


def remove(run: Run, name: str, words: Words, *, empty_bucket: bool) -> int:
    """The exit status. Raises UsageError before anything was touched, NotEmptied after the stack has gone."""
    if run.options.url is not None or run.options.stack not in {None, name}:
        raise UsageError(
            f"stack remove goes by the name of the stack alone: leave out --url and --stack, or name {name}."
        )
    stack = Stack(name, region=run.options.region, profile=run.options.profile)
    parts = _parts(stack)
    documents = parts.buckets[0]
    kept = [*parts.buckets, parts.table]
    _announce(run, name, kept, empty_bucket=empty_bucket)
    _confirm(run, f"Type the name of the stack to remove it: {name}", name, words.stack, "--yes")
    if empty_bucket:
        _confirm(run, f"Type the name of the bucket to empty it: {documents}", documents, words.bucket, "--yes-empty")
    with calling_aws(name):
        _delete_keys(stack, parts.keys)
        _delete_stack(stack)
        if empty_bucket:
            _delete_data(stack, parts)
    removed = [name, *parts.keys, *(kept if empty_bucket else ())]
    _tell(run, name, removed, [] if empty_bucket else kept)
    return ALL_WELL


def _announce(run: Run, name: str, kept: list[str], *, empty_bucket: bool) -> None:
    run.say(f"Removing {name} ends its functions, queues, topics, API, keys and logs.")
    run.say("What holds documents and jobs goes as well:" if empty_bucket else "What holds documents and jobs stays:")
    for resource in kept:
        run.say(f"  {resource}")
    if empty_bucket:
        run.say("There is no way back.")


def _parts(stack: Stack) -> Parts:
    with calling_aws(stack.name):
        stack.outputs  # noqa: B018 - says which stack is not there
        pages = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
        found = {
            part["LogicalResourceId"]: part.get("PhysicalResourceId", "")
            for page in pages
            for part in page["StackResourceSummaries"]
        }
        if not found.keys() >= _OURS:
            raise UsageError(f"The stack {stack.name!r} is no invoice-capture: nothing was touched.")
        buckets = tuple(found[name] for name in _BUCKETS if name in found)
        return Parts(buckets, found[_TABLE], tuple(_key_ids(stack, found.get(_PLAN, ""))))


def _key_ids(stack: Stack, plan: str) -> Iterator[str]:
    if plan:
        pages = stack.client("apigateway").get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan)
        yield from (key["id"] for page in pages for key in page["items"])


def _confirm(run: Run, question: str, expected: str, given: str | None, option: str) -> None:
    if given is None:
        if run.json or not sys.stdin.isatty():
            raise UsageError(f"Nobody is there to be asked: say it with {option} {expected}. Nothing was touched.")
        run.say(question)
        try:
            given = sys.stdin.readline().strip()
        except KeyboardInterrupt:
            raise Aborted("Stopped: nothing was touched.", STOPPED) from None
    if given != expected:
        raise UsageError(f"{given!r} is not {expected!r}: nothing was touched.")


def _delete_keys(stack: Stack, keys: tuple[str, ...]) -> None:
    for key in keys:
        stack.client("apigateway").delete_api_key(apiKey=key)


def _delete_stack(stack: Stack) -> None:
    from botocore.exceptions import WaiterError

    cloudformation = stack.client("cloudformation")
    cloudformation.delete_stack(StackName=stack.name)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack.name)
    except WaiterError as exc:
        raise Unreachable(
            f"CloudFormation did not remove {stack.name!r}; its events say why: aws cloudformation "
            f"describe-stack-events --stack-name {stack.name}. Documents and jobs were left alone; run it again."
        ) from exc


def _delete_data(stack: Stack, parts: Parts) -> None:
    s3 = stack.client("s3")
    for bucket in parts.buckets:
        if refused := _empty(s3, bucket):
            raise NotEmptied(
                f"The stack is gone. Of {bucket} {len(refused)} version(s) stay, such as {refused[0]}. Object Lock "
                f"keeps them until its time is up: empty and delete {bucket} then, and the table {parts.table}."
            )
        s3.delete_bucket(Bucket=bucket)
    stack.client("dynamodb").delete_table(TableName=parts.table)


def _empty(s3: Any, bucket: str) -> list[str]:
    """Delete every version and marker. What was refused, and why."""
    refused: list[str] = []
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, MaxKeys=_MOST_OBJECTS)
    for page in pages:
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if found:
            objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found]
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            refused += [f"{error.get('VersionId', 'one')} ({error['Code']})" for error in answer.get("Errors", ())]
    return refused


def _tell(run: Run, name: str, removed: list[str], kept: list[str]) -> None:
    if run.json:
        run.emit({"stack": name, "removed": removed, "kept": kept})
        return
    run.say(f"Removed: {', '.join(removed)}.")
    if kept:
        run.say(f"Kept: {', '.join(kept)}. The table keeps its backups of the last 35 days for as long as it is there.")
    run.say(f"Secrets named {name}/providers/… are yours: delete them with aws secretsmanager delete-secret.")
