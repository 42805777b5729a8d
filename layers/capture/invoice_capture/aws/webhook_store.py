"""Webhooks in DynamoDB, and what is secret of them in Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.aws.clients import Clients, calling, error_code
from invoice_capture.aws.items import Item, from_attributes, moment, optional_moment, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.throttle import Breaker
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.domain.webhook import EVERYTHING, Endpoint, Webhook, key_bytes
from invoice_capture.ports import Clock

_WEBHOOKS = "WEBHOOKS"
# What "*" is called where it cannot be; no client can have this name.
_NAME_OF_EVERYTHING = "_all"
# Whoever changes a secret by hand is heard after that.
_CACHED_FOR = timedelta(minutes=5)


class DynamoDBWebhookStore:
    """Items ``WEBHOOK#<name>`` of the partition ``WEBHOOKS``."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, name: str) -> Webhook | None:
        item = self._table.get(_key(name))
        return None if item is None else _webhook(from_attributes(item))

    def all(self) -> Sequence[Webhook]:
        items = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="PK = :webhooks",
            ExpressionAttributeValues=to_attributes({":webhooks": _WEBHOOKS}),
        )
        return [_webhook(from_attributes(item)) for item in items]

    def put(self, webhook: Webhook) -> None:
        self._table.write(_key(webhook.name) | to_attributes(_values(webhook)))

    def remove(self, name: str) -> None:
        self._table.remove(_key(name))

    def note(self, webhook: Webhook, breaker: Breaker, trouble: str | None, now: datetime) -> bool:
        values: dict[str, Any] = {
            ":failures": breaker.failures,
            ":noted": breaker.version,
            ":seen": breaker.version - 1,
        }
        sets, removes = ["failures = :failures", "noted = :noted"], []
        if breaker.probe_at is None:
            removes.append("probe_at")
        else:
            sets.append("probe_at = :probe_at")
            values |= {":probe_at": breaker.probe_at}
        if trouble is not None:
            sets += ["trouble = :trouble", "failed_at = :now"]
            values |= {":trouble": trouble, ":now": now}
        update = f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else "")
        return self._table.update(_key(webhook.name), update, "noted = :seen", to_attributes(values))

    def end(self, webhook: Webhook, now: datetime) -> None:
        values = to_attributes({":now": now, ":version": webhook.version})
        self._table.update(_key(webhook.name), "SET gone_at = :now", "version = :version", values)

    def tested(self, name: str, now: datetime) -> None:
        values = to_attributes({":now": now})
        self._table.update(_key(name), "SET tested_at = :now", "attribute_exists(PK)", values)


class SecretEndpoints:
    """The secret ``<prefix><name>`` of each webhook, a JSON object; ``_all`` is that of everything."""

    def __init__(self, clients: Clients, prefix: str, clock: Clock) -> None:
        self._clients = clients
        self._prefix = prefix
        self._clock = clock
        self._known: dict[str, tuple[str, datetime, Endpoint]] = {}

    def of(self, webhook: Webhook) -> Endpoint:
        now = self._clock.now()
        version, read_at, endpoint = self._known.get(webhook.name, ("", now, None))
        if endpoint is None or version != webhook.version or now - read_at > _CACHED_FOR:
            endpoint = self._read(webhook.name)
            self._known[webhook.name] = (webhook.version, now, endpoint)
        return endpoint

    def put(self, name: str, endpoint: Endpoint) -> str:
        content = json.dumps(
            {
                "url": endpoint.url,
                "key": endpoint.key,
                "previous_key": endpoint.previous_key,
                "previous_until": timestamp(endpoint.previous_until) if endpoint.previous_until else None,
            }
        )
        secret = self._secret(name)
        with calling("Secrets Manager"):
            try:
                answer = self._clients.secretsmanager.put_secret_value(SecretId=secret, SecretString=content)
            except Exception as exc:
                if error_code(exc) != "ResourceNotFoundException":
                    raise
                created = self._clients.secretsmanager.create_secret(Name=secret, SecretString=content)
                return created["VersionId"]
        return answer["VersionId"]

    def remove(self, name: str) -> None:
        with calling("Secrets Manager"):
            self._clients.secretsmanager.delete_secret(SecretId=self._secret(name), ForceDeleteWithoutRecovery=True)

    def _read(self, name: str) -> Endpoint:
        secret = self._secret(name)
        try:
            with calling("Secrets Manager"):
                answer = self._clients.secretsmanager.get_secret_value(SecretId=secret)
            return _endpoint(json.loads(answer["SecretString"]))
        except (ValueError, KeyError, TypeError) as exc:
            # What is wrong may be the key itself.
            raise SettingMissing(f"the secret {secret!r} is no JSON object with url and key") from exc
        except Exception as exc:
            if error_code(exc) == "ResourceNotFoundException":
                raise SettingMissing(f"the secret {secret!r} is not there") from exc
            raise

    def _secret(self, name: str) -> str:
        return self._prefix + (_NAME_OF_EVERYTHING if name == EVERYTHING else name)


def _key(name: str) -> Item:
    return to_attributes({"PK": _WEBHOOKS, "SK": f"WEBHOOK#{name}"})


def _values(webhook: Webhook) -> dict[str, Any]:
    breaker = webhook.breaker
    return {
        "name": webhook.name,
        "origin": webhook.origin,
        "version": webhook.version,
        "created_at": webhook.created_at,
        "events": None if webhook.events is None else sorted(webhook.events),
        "failures": breaker.failures,
        "probe_at": breaker.probe_at,
        "noted": breaker.version,
        "trouble": webhook.trouble,
        "failed_at": webhook.failed_at,
        "gone_at": webhook.gone_at,
        "tested_at": webhook.tested_at,
    }


def _webhook(values: Mapping[str, Any]) -> Webhook:
    events = values.get("events")
    return Webhook(
        name=values["name"],
        origin=values["origin"],
        version=values["version"],
        created_at=moment(values["created_at"]),
        events=None if events is None else frozenset(events),
        breaker=Breaker(values["failures"], optional_moment(values.get("probe_at")), values["noted"]),
        trouble=values.get("trouble"),
        failed_at=optional_moment(values.get("failed_at")),
        gone_at=optional_moment(values.get("gone_at")),
        tested_at=optional_moment(values.get("tested_at")),
    )


def _endpoint(content: Mapping[str, Any]) -> Endpoint:
    endpoint = Endpoint(
        content["url"], content["key"], content.get("previous_key"), optional_moment(content.get("previous_until"))
    )
    for key in (endpoint.key, endpoint.previous_key):
        if key is not None:
            key_bytes(key)
    return endpoint
