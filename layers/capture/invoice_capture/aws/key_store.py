"""API keys in DynamoDB, as digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from invoice_capture.aws.items import Item, from_attributes, moment, optional_moment, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.domain.api_key import ApiKey

_KEYS = "KEYS"


class DynamoDBKeyStore:
    """Items ``KEY#<key id>`` of the partition ``KEYS``: one GetItem finds a key, one Query lists them all.

    A partition answers 3,000 reads of a key a second, more than the rest of the API does. Keys have no TTL: a revoked
    one stays listed, with its time.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, key: ApiKey) -> bool:
        values = {
            "key_id": key.key_id,
            "client": key.client,
            "scopes": sorted(key.scopes),
            "digest": key.digest,
            "usage_identifier": key.usage_identifier,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
            "label": key.label,
        }
        # The same key again is the same write again, after its answer was lost; it must not bring a revoked key back.
        return self._table.put(
            _key(key.key_id) | to_attributes(values),
            "attribute_not_exists(PK) OR (digest = :digest AND attribute_not_exists(revoked_at))",
            to_attributes({":digest": key.digest}),
        )

    def get(self, key_id: str) -> ApiKey | None:
        item = self._table.get(_key(key_id))
        return None if item is None else _api_key(from_attributes(item))

    def all(self) -> Sequence[ApiKey]:
        items = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="PK = :keys",
            ExpressionAttributeValues=to_attributes({":keys": _KEYS}),
        )
        return [_api_key(from_attributes(item)) for item in items]

    def revoke(self, key_id: str, now: datetime) -> bool:
        return self._table.update(
            _key(key_id),
            "SET revoked_at = if_not_exists(revoked_at, :now)",
            "attribute_exists(PK)",
            to_attributes({":now": now}),
        )


def _key(key_id: str) -> Item:
    return {"PK": {"S": _KEYS}, "SK": {"S": f"KEY#{key_id}"}}


def _api_key(values: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        key_id=values["key_id"],
        client=values["client"],
        scopes=frozenset(values["scopes"]),
        digest=values["digest"],
        usage_identifier=values["usage_identifier"],
        created_at=moment(values["created_at"]),
        revoked_at=optional_moment(values.get("revoked_at")),
        label=values.get("label"),
    )
