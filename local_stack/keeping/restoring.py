"""Kept jobs in the table and the bucket of a new stack, as if it had taken them in itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.items import Item, to_attributes
from invoice_capture.aws.job_counts import counting
from invoice_capture.aws.usage_plans import ApiGatewayUsagePlans
from local_stack.keeping.folder import KeepFolder, KeptKey
from local_stack.keeping.kept_job import KeptJob

if TYPE_CHECKING:
    from local_stack.stack import LocalStack

_ITEMS_PER_REQUEST = 25


def restore(stack: LocalStack, folder: KeepFolder) -> list[KeptJob]:
    """The jobs as they are offered now, the oldest first. Those that had not ended have failed.

    The stack must not work yet: a document that appears in the bucket would be taken in once more.
    """
    now = stack.clock.now()
    kept = [job.ended(now) if job.is_interrupted else job for _, job in sorted(folder.jobs.items())]
    with unnoticed(stack):
        jobs = list(_with_objects(stack, folder, kept))
    # Of two that have the same fingerprint, which only a crash leaves, the captured one has it.
    _write(stack, [item for job in sorted(jobs, key=lambda job: job.is_captured) for item in job.items()])
    _count(stack, jobs)
    _write(stack, list(_keys(stack, folder.stack.keys)))
    return jobs


@contextmanager
def unnoticed(stack: LocalStack) -> Iterator[None]:
    """Nobody is told of objects that appear."""
    configure = stack.s3.put_bucket_notification_configuration
    configure(Bucket=stack.bucket, NotificationConfiguration={})
    yield
    # moto does not tell what it was before; the intake of template.yaml rests on it.
    configure(Bucket=stack.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})


def _with_objects(stack: LocalStack, folder: KeepFolder, jobs: Iterable[KeptJob]) -> Iterator[KeptJob]:
    """The jobs with the places that their objects have now. An object that two jobs share is stored once."""
    stored: dict[tuple[str, str, str | None], str] = {}
    for job in jobs:
        versions = {}
        for kept in job.objects:
            place = (job.bucket, *kept.place)
            if kept.version_id is None or place not in stored:
                answer = stack.s3.put_object(
                    Bucket=stack.bucket,
                    Key=kept.key,
                    Body=folder.content(job.job_id, kept.file),
                    ContentType=kept.content_type,
                    Metadata=kept.metadata,
                )
                stored[place] = answer["VersionId"]
            versions[kept.place] = stored[place]
        yield job.moved(stack.bucket, versions)


def _write(stack: LocalStack, items: list[Item]) -> None:
    by_key = {(item["PK"]["S"], item["SK"]["S"]): {"PutRequest": {"Item": item}} for item in items}
    puts: list[Any] = list(by_key.values())
    for start in range(0, len(puts), _ITEMS_PER_REQUEST):
        requests = puts[start : start + _ITEMS_PER_REQUEST]
        stack.dynamodb.batch_write_item(RequestItems={stack.table: requests})


def _count(stack: LocalStack, jobs: Iterable[KeptJob]) -> None:
    """The counters, each written once."""
    retention = timedelta(days=float(stack.resources.function("JobsApiFunction").environment["RETENTION_DAYS"]))
    totals: Counter[tuple[str, str]] = Counter()
    updates: dict[tuple[str, str], dict[str, Any]] = {}
    for job in jobs:
        for write in counting(job.read(), retention, 1):
            update = write["Update"]
            counter = (update["Key"]["PK"]["S"], update["Key"]["SK"]["S"])
            totals[counter] += 1
            updates[counter] = update
    for counter, update in updates.items():
        values = update["ExpressionAttributeValues"] | to_attributes({":change": totals[counter]})
        stack.dynamodb.update_item(TableName=stack.table, **update | {"ExpressionAttributeValues": values})


def _keys(stack: LocalStack, keys: Iterable[KeptKey]) -> Iterator[Item]:
    """The items of keys, with what the usage plan of this stack knows their clients by."""
    plans = ApiGatewayUsagePlans(Clients(), stack.usage_plan_id)
    for key in keys:
        yield to_attributes(key.model_dump() | {"usage_identifier": plans.enroll(key.client)})
