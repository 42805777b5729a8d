"""``keys``: who may use the API."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from invoice_capture.aws.key_store import DynamoDBKeyStore
from invoice_capture.aws.table import Table
from invoice_capture.aws.usage_plans import ApiGatewayUsagePlans
from invoice_capture.clock import SystemClock
from invoice_capture.domain.api_key import ApiKey
from invoice_capture.domain.client import SEES_ALL, KeyRefused
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.use_cases.client.manage_keys import ManageKeys
from invoice_capture_cli.errors import ALL_WELL, UsageError
from invoice_capture_cli.running import Run
from invoice_capture_cli.stack import calling_aws
from invoice_capture_cli.tables import Column, Sheet, show_parts
from invoice_capture_cli.values import when


def create(run: Run, client: str, *, sees_all: bool, label: str | None) -> int:
    manage, stack = _keys(run)
    with calling_aws(stack):
        try:
            key, text = manage.create(client, [SEES_ALL] if sees_all else [], label)
        except KeyRefused as exc:
            raise UsageError(str(exc)) from exc
    if run.json:
        run.emit(_as_json(key) | {"key": text})
        return ALL_WELL
    run.out.print(Text(text, style="bold"), soft_wrap=True)
    run.say(
        f"This is the key of {client}, id {key.key_id}. Keep it now: it is stored as a digest and never shown again."
    )
    return ALL_WELL


def list_keys(run: Run) -> int:
    manage, stack = _keys(run)
    with calling_aws(stack):
        keys = manage.list()
    if run.json:
        run.emit({"keys": [_as_json(key) for key in keys]})
        return ALL_WELL
    if not keys:
        run.say("There is no key yet. Make one with: invoice-capture keys create --client NAME")
        return ALL_WELL
    listed = Sheet(
        "Keys",
        Column("Key id"),
        Column("Client", style="bold", wraps=True),
        Column("Sees", turn=1, below="Client"),
        Column("Created"),
        Column("Revoked", style="red", turn=2, below="Created"),
        Column("Label", wraps=True),
    )
    for key in keys:
        listed.add(
            key.key_id,
            key.client,
            "everything" if SEES_ALL in key.scopes else "its own jobs",
            when(key.created_at.isoformat()),
            when(key.revoked_at.isoformat()) if key.revoked_at else "",
            key.label or "",
            style="dim" if key.revoked_at else "",
        )
    show_parts(run.out, listed)
    return ALL_WELL


def revoke(run: Run, key_id: str) -> int:
    manage, stack = _keys(run)
    with calling_aws(stack):
        try:
            manage.revoke(key_id)
        except KeyRefused as exc:
            raise UsageError(str(exc)) from exc
    if run.json:
        run.emit({"revoked": True})
    else:
        run.say("The key is revoked: it opens nothing from now on.")
    return ALL_WELL


def _keys(run: Run) -> tuple[ManageKeys, str]:
    stack = run.target.stack("Managing keys")
    table_name, plan = stack.output("TableName"), stack.output("UsagePlanId")
    manage = ManageKeys(
        keys=DynamoDBKeyStore(Table(stack.clients, table_name)),
        usage_plans=ApiGatewayUsagePlans(stack.clients, plan),
        clock=SystemClock(),
    )
    return manage, stack.name


def _as_json(key: ApiKey) -> dict[str, Any]:
    """What may be known of a key: neither its text nor its digest."""
    return {
        "keyId": key.key_id,
        "client": key.client,
        "scopes": sorted(key.scopes),
        "createdAt": timestamp(key.created_at),
        "revokedAt": timestamp(key.revoked_at) if key.revoked_at else None,
        "label": key.label,
    }
