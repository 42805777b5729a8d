"""``webhooks``: who is told by HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.text import Text

from invoice_capture.aws.messaging import SQSDeliveryQueue
from invoice_capture.aws.table import Table
from invoice_capture.aws.webhook_store import DynamoDBWebhookStore, SecretEndpoints
from invoice_capture.clock import SystemClock
from invoice_capture.domain.announcement import TOLD
from invoice_capture.domain.errors import LinkError
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.domain.webhook import EVERYTHING, Webhook
from invoice_capture.links.urls import Link, read_link
from invoice_capture.use_cases.client.manage_webhooks import ManageWebhooks, NoWebhook
from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED, UsageError
from invoice_capture_cli.local_stacks import LOOPBACK
from invoice_capture_cli.running import Run
from invoice_capture_cli.stack import Stack, calling_aws
from invoice_capture_cli.tables import Column, Sheet, show_parts
from invoice_capture_cli.values import when

# A receiver has 15 seconds, and a function may have to start.
_LONGEST_WAIT_SECONDS = 40.0
_LOOK_EVERY_SECONDS = 0.5


def set_webhook(run: Run, name: str, url: str, events: frozenset[str] | None) -> int:
    link = _link(run, url)
    if unknown := sorted((events or frozenset()) - TOLD):
        raise UsageError(f"There is no event {unknown[0]!r}; there are {', '.join(sorted(TOLD))}.")
    if events is not None and not events:
        raise UsageError("--events names none: leave it out for all.")
    manage, stack = managing(run)
    with calling_aws(stack.name):
        key = manage.set(name, url, link.origin, events)
    if run.json:
        run.emit({"webhook": name, "origin": link.origin, "key": key})
    elif key is None:
        run.say(f"The webhook of {named(name)} is at {link.origin} now, with the key that it has.")
    else:
        run.out.print(Text(key, style="bold"), soft_wrap=True)
        run.say(
            f"By this key {link.origin} verifies what is sent about {named(name)}. Keep it now: it is not shown again."
        )
    return ALL_WELL


def list_webhooks(run: Run) -> int:
    manage, stack = managing(run)
    with calling_aws(stack.name):
        webhooks = manage.all()
    if run.json:
        run.emit({"webhooks": [_as_json(webhook) for webhook in webhooks]})
    elif not webhooks:
        run.say("There is no webhook yet. Set one with: invoice-capture webhooks set URL --client NAME")
    else:
        listed = Sheet(
            "Webhooks",
            Column("Told of", style="bold", wraps=True),
            Column("At", wraps=True),
            Column("Events", wraps=True, turn=1, below="At"),
            Column("State", wraps=True),
        )
        for webhook in webhooks:
            listed.add(
                named(webhook.name), webhook.origin, ", ".join(sorted(webhook.events or {"all"})), _state(webhook)
            )
        show_parts(run.out, listed)
    return ALL_WELL


def rotate(run: Run, name: str) -> int:
    manage, stack = managing(run)
    with calling_aws(stack.name), _looking_for(name):
        key, until = manage.rotate(name)
    if run.json:
        run.emit({"webhook": name, "key": key, "previousKeySignsUntil": timestamp(until)})
    else:
        run.out.print(Text(key, style="bold"), soft_wrap=True)
        run.say(
            f"Give this key to the receiver before {when(until.isoformat())}: until then both keys sign. "
            "It is not shown again."
        )
    return ALL_WELL


def remove(run: Run, name: str) -> int:
    manage, stack = managing(run)
    with calling_aws(stack.name), _looking_for(name):
        manage.remove(name)
    if run.json:
        run.emit({"webhook": name, "removed": True})
    else:
        run.say(f"The webhook of {named(name)} is removed, and so are its keys.")
    return ALL_WELL


def send_test(run: Run, name: str) -> int:
    """Wait for what is answered, which the function that sends it writes down."""
    manage, stack = managing(run)
    with calling_aws(stack.name), _looking_for(name), run.err.status("Waiting for the answer"):
        before = manage.test(name)
        give_up_at = time.monotonic() + _LONGEST_WAIT_SECONDS
        while (trouble := manage.outcome(before)) is None and time.monotonic() < give_up_at:
            time.sleep(_LOOK_EVERY_SECONDS)
    if trouble is None:
        trouble = (
            f"nothing was noted within {_LONGEST_WAIT_SECONDS:g} seconds; look at the log of DeliverMessagesFunction"
        )
    if run.json:
        run.emit({"webhook": name, "answered": not trouble, "trouble": trouble or None})
    else:
        run.say(f"The webhook of {named(name)} " + (f"failed: {trouble}." if trouble else "answered as it should."))
    return SOME_FAILED if trouble else ALL_WELL


def managing(run: Run) -> tuple[ManageWebhooks, Stack]:
    """Raises UsageError where webhooks are off."""
    stack = run.target.stack("Webhooks")
    prefix = stack.outputs.get("WebhookSecretPrefix")
    if prefix is None:
        raise UsageError(f"The stack {stack.name!r} sends no webhooks: deploy it with the parameter Webhooks=true.")
    manage = ManageWebhooks(
        webhooks=DynamoDBWebhookStore(Table(stack.clients, stack.output("TableName"))),
        endpoints=SecretEndpoints(stack.clients, prefix, SystemClock()),
        deliveries=SQSDeliveryQueue(
            stack.clients, stack.output("DeliveryQueueUrl"), stack.output("DeliveryDeadLetterQueueUrl")
        ),
        clock=SystemClock(),
    )
    return manage, stack


def named(name: str) -> str:
    return "everything" if name == EVERYTHING else name


@contextmanager
def _looking_for(name: str) -> Iterator[None]:
    """Turn NoWebhook into what to do about it."""
    try:
        yield
    except NoWebhook as exc:
        raise UsageError(
            f"There is no webhook of {named(name)}: invoice-capture webhooks list shows those there are."
        ) from exc


def _link(run: Run, url: str) -> Link:
    """Raises UsageError for what will never be sent to."""
    try:
        link = read_link(url, "This")
    except LinkError as exc:
        raise UsageError(
            "A webhook is a URL of the form https://host/path, with a host that is written plainly and no user name."
        ) from exc
    if link.scheme != "https" and not (run.target.endpoint and link.host in LOOPBACK):
        raise UsageError("A webhook begins with https://: what is told is not for everybody on the way.")
    return link


def _state(webhook: Webhook) -> Text:
    if webhook.gone_at is not None:
        return Text(f"gone since {when(webhook.gone_at.isoformat())}: it answered HTTP 410", style="red")
    if webhook.breaker.failures and webhook.failed_at is not None:
        return Text(f"failing, last at {when(webhook.failed_at.isoformat())}: {webhook.trouble}", style="yellow")
    return Text("well", style="green")


def _as_json(webhook: Webhook) -> dict[str, Any]:
    """What may be known of a webhook: neither its whole URL nor its keys."""
    return {
        "webhook": webhook.name,
        "origin": webhook.origin,
        "events": None if webhook.events is None else sorted(webhook.events),
        "setAt": timestamp(webhook.created_at),
        "failures": webhook.breaker.failures,
        "trouble": webhook.trouble,
        "failedAt": timestamp(webhook.failed_at) if webhook.failed_at else None,
        "goneAt": timestamp(webhook.gone_at) if webhook.gone_at else None,
        "testedAt": timestamp(webhook.tested_at) if webhook.tested_at else None,
    }
