"""``webhooks replay``: what was told of ended jobs is sent once more, so that receivers can catch up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.text import Text

from invoice_capture.aws.items import from_attributes, job_key
from invoice_capture.aws.job_items import read_job
from invoice_capture.aws.table import Table
from invoice_capture.use_cases.client.manage_webhooks import ManageWebhooks
from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED
from invoice_capture_cli.jobs import Wanted
from invoice_capture_cli.redrive import carry_out
from invoice_capture_cli.redrive_messages import DELIVERIES, Messages
from invoice_capture_cli.running import Run
from invoice_capture_cli.stack import calling_aws
from invoice_capture_cli.tables import Column, Sheet, show_parts
from invoice_capture_cli.values import since as moment_of
from invoice_capture_cli.webhooks import managing, named

_ENDED = ("completed", "failed")


@dataclass(frozen=True)
class Replayed:
    """To which webhooks the end of a job is sent again, or why not."""

    job_id: str
    webhooks: Sequence[str]
    trouble: str | None = None


def replay(run: Run, ids: Sequence[str], since: str | None) -> int:
    """1 when the end of some job that was named is sent to nobody."""
    manage, stack = managing(run)
    table = Table(stack.clients, stack.output("TableName"))
    wanted = ids if since is None else list(_ended_since(run, since))
    replayed: list[Replayed] = []
    with calling_aws(stack.name), run.err.status("Sending again"):
        for job_id in wanted:
            replayed.append(_replayed(manage, table, job_id))
    _show(run, replayed)
    return SOME_FAILED if ids and any(one.trouble for one in replayed) else ALL_WELL


def replay_failed(run: Run) -> int:
    """What lies in the dead-letter queue of deliveries goes back to where it came from."""
    stack = run.target.stack("Webhooks")
    return carry_out(run, Messages(stack, dry_run=False).of(DELIVERIES), dry_run=False)


def _ended_since(run: Run, since: str) -> Iterator[str]:
    filters = {
        "status": {"$in": list(_ENDED)},
        "completedAt": {"$gte": moment_of(since, datetime.now(UTC))},
    }
    for page in run.jobs.pages(Wanted(filters, order="asc")):
        yield from (job["_id"] for job in page.jobs)


def _replayed(manage: ManageWebhooks, table: Table, job_id: str) -> Replayed:
    item = table.get(job_key(job_id))
    if item is None:
        return Replayed(job_id, (), "there is no such job")
    names = manage.replay(read_job(from_attributes(item)))
    if names is None:
        return Replayed(job_id, (), "it has not ended, or was deleted")
    return Replayed(job_id, names, None if names else "no webhook wants it")


def _show(run: Run, replayed: Sequence[Replayed]) -> None:
    if run.json:
        run.emit(
            {
                "replayed": [
                    {"job": one.job_id, "webhooks": list(one.webhooks), "trouble": one.trouble} for one in replayed
                ]
            }
        )
        return
    if not replayed:
        run.say("No job has ended since.")
        return
    listed = Sheet("Sent again", Column(""), Column("Job", style="bold"), Column("To", wraps=True))
    for one in replayed:
        sign = Text("✗ not", style="red") if one.trouble else Text("✓ sent", style="green")
        listed.add(sign, one.job_id, one.trouble or ", ".join(map(named, one.webhooks)))
    show_parts(run.out, listed)
