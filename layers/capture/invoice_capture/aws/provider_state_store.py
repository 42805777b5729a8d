"""What all who talk to one provider share, in DynamoDB: its lease, rate, breaker and latencies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from invoice_capture.aws.items import (
    ACCOUNTS,
    from_attributes,
    moment,
    optional_moment,
    provider_key,
    to_attributes,
)
from invoice_capture.aws.table import Table
from invoice_capture.domain.job import provider_of
from invoice_capture.domain.polling import faded, fading_period
from invoice_capture.domain.throttle import Breaker, RateBucket
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.ports import Lease, ProviderState

_LEASE_NAMES = {"#owner": "owner"}


class DynamoDBProviderStateStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, provider: str) -> ProviderState:
        items = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="PK = :provider",
            ExpressionAttributeValues={":provider": provider_key(provider, "LEASE")["PK"]},
        )
        parts = {item["SK"]["S"]: from_attributes(item) for item in items}
        return ProviderState(
            lease=_lease(parts["LEASE"]) if "LEASE" in parts else None,
            bucket=_bucket(parts["RATE"]) if "RATE" in parts else None,
            breaker=_breaker(parts["BREAKER"]) if "BREAKER" in parts else Breaker(),
            latencies=_latencies(parts.get("LATENCY", {})),
        )

    def accounts(self) -> frozenset[str]:
        items = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="PK = :accounts",
            ExpressionAttributeValues=to_attributes({":accounts": ACCOUNTS}),
        )
        return frozenset(item["SK"]["S"] for item in items)

    def take_lease(self, provider: str, lease: Lease, instead_of: Lease | None) -> bool:
        if provider != provider_of(provider):
            # Before there is a loop that could die: the sweeper finds accounts nowhere else.
            self._table.put({"PK": {"S": ACCOUNTS}, "SK": {"S": provider}}, "attribute_not_exists(PK)")
        if instead_of is None:
            return self._table.put(_lease_item(provider, lease), "attribute_not_exists(PK)")
        return self._table.put(
            _lease_item(provider, lease),
            "attribute_not_exists(PK) OR (#owner = :owner AND expires_at = :expires_at)",
            to_attributes({":owner": instead_of.owner, ":expires_at": instead_of.expires_at}),
            _LEASE_NAMES,
        )

    def keep_lease(self, provider: str, lease: Lease, look_by: datetime) -> bool:
        return self._table.put(
            _lease_item(provider, lease),
            "#owner = :owner AND (attribute_not_exists(wanted_at) OR wanted_at >= :look_by)",
            to_attributes({":owner": lease.owner, ":look_by": look_by}),
            _LEASE_NAMES,
        )

    def want_look(self, provider: str, lease: Lease, at: datetime) -> bool:
        return self._table.update(
            provider_key(provider, "LEASE"),
            "SET wanted_at = :at",
            "#owner = :owner AND expires_at = :expires_at AND (attribute_not_exists(wanted_at) OR wanted_at > :at)",
            to_attributes({":at": at, ":owner": lease.owner, ":expires_at": lease.expires_at}),
            _LEASE_NAMES,
        )

    def pass_lease(self, provider: str, owner: str, lease: Lease) -> bool:
        return self._table.put(
            _lease_item(provider, lease), "#owner = :owner", to_attributes({":owner": owner}), _LEASE_NAMES
        )

    def release_lease(self, provider: str, owner: str) -> bool:
        return self._table.delete(
            provider_key(provider, "LEASE"), "#owner = :owner", to_attributes({":owner": owner}), _LEASE_NAMES
        )

    def swap_bucket(self, provider: str, bucket: RateBucket) -> bool:
        values = {
            "next_slot_at": bucket.next_slot_at.isoformat(),
            "rate_factor": round(bucket.rate_factor, 6),
            "updated_at": bucket.updated_at,
            "slowed_at": bucket.slowed_at,
            "version": bucket.version,
        }
        return self._swap(provider, "RATE", values, bucket.version)

    def swap_breaker(self, provider: str, breaker: Breaker) -> bool:
        values = {"failures": breaker.failures, "probe_at": breaker.probe_at, "version": breaker.version}
        return self._swap(provider, "BREAKER", values, breaker.version)

    def add_latencies(self, provider: str, counts: Mapping[tuple[str, int], int], now: datetime) -> None:
        key, period = provider_key(provider, "LATENCY"), fading_period(now)
        added = {f"{size_class}_{bucket}": count for (size_class, bucket), count in counts.items()}
        names = {"#period": "period"}
        while True:
            sums = "ADD " + ", ".join(f"{name} :{name}" for name in added)
            values = {f":{name}": count for name, count in added.items()} | {":period": period}
            if self._table.update(key, sums, "#period = :period", to_attributes(values), names):
                return
            before = from_attributes(self._table.get(key) or {})
            last = before.get("period", -1)
            if last >= period:
                # Another clock is ahead, by moments.
                period = last
                continue
            kept = {
                f"{size_class}_{bucket}": count
                for size_class, buckets in faded(_latencies(before)).items()
                for bucket, count in buckets.items()
            }
            item = key | to_attributes(kept | {"period": period})
            unchanged = "attribute_not_exists(#period) OR #period = :last"
            self._table.put(item, unchanged, to_attributes({":last": last}), names)

    def _swap(self, provider: str, part: str, values: Mapping[str, Any], version: int) -> bool:
        return self._table.put(
            provider_key(provider, part) | to_attributes(values),
            "attribute_not_exists(PK) OR version = :version",
            to_attributes({":version": version - 1}),
        )


def _lease_item(provider: str, lease: Lease) -> dict[str, Any]:
    values = {
        "owner": lease.owner,
        "wakes_at": timestamp(lease.wakes_at),
        "expires_at": timestamp(lease.expires_at),
    }
    return provider_key(provider, "LEASE") | to_attributes(values)


def _lease(values: Mapping[str, Any]) -> Lease:
    return Lease(
        owner=values["owner"],
        wakes_at=moment(values["wakes_at"]),
        expires_at=moment(values["expires_at"]),
        wanted_at=optional_moment(values.get("wanted_at")),
    )


def _bucket(values: Mapping[str, Any]) -> RateBucket:
    return RateBucket(
        # Under their former names in the table of 0.1.0.
        next_slot_at=moment(values.get("next_slot_at") or values["next_turn_at"]),
        rate_factor=float(values.get("rate_factor") or values["share"]),
        updated_at=moment(values["updated_at"]),
        slowed_at=optional_moment(values.get("slowed_at")),
        version=values["version"],
    )


def _breaker(values: Mapping[str, Any]) -> Breaker:
    return Breaker(values["failures"], optional_moment(values.get("probe_at")), values["version"])


def _latencies(values: Mapping[str, Any]) -> Mapping[str, Mapping[int, float]]:
    """Counts by size class and bucket; the attributes are named ``<size class>_<bucket>``."""
    counts: dict[str, dict[int, float]] = {}
    for name, count in values.items():
        size_class, _, bucket = name.rpartition("_")
        if size_class and bucket.isdigit():
            counts.setdefault(size_class, {})[int(bucket)] = count
    return counts
