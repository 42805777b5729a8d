"""DynamoDB items: keys, and the translation between Python values and attribute values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from invoice_capture.domain.job import expires_on
from invoice_capture.domain.timestamps import timestamp

Item = dict[str, Any]

_BACKSTOP = timedelta(days=7)


def job_key(job_id: str) -> Item:
    return {"PK": {"S": f"JOB#{job_id}"}, "SK": {"S": "JOB"}}


def submission_key(key: tuple[str, int]) -> Item:
    return {"PK": {"S": f"JOB#{key[0]}"}, "SK": {"S": f"SUBMISSION#{key[1]}"}}


def extraction_key(key: tuple[str, int]) -> Item:
    """The item that counts the runs of the engine which did not come to an end."""
    return {"PK": {"S": f"JOB#{key[0]}"}, "SK": {"S": f"EXTRACTION#{key[1]}"}}


def provider_key(provider: str, part: str) -> Item:
    """A provider has one loop, shard 0; more shards would be more keys and no other change."""
    return {"PK": {"S": f"PROVIDER#{provider}#0"}, "SK": {"S": part}}


def due_shard(provider: str) -> str:
    """The partition of the due index that holds a provider's open submissions."""
    return f"PROVIDER#{provider}#0"


ACCOUNTS = "PROVIDERS#ACCOUNTS"
"""The partition that holds the names of providers' accounts which ever had a loop."""

DEADLINES = "JOBS#OPEN"
"""The partition of the due index that holds jobs by their deadline, until they have ended and that was announced."""

OWED = "JOBS#OWED"
"""The partition of the due index that holds jobs whose end could not be announced at once, by when they ended."""


def number_key(client: str, job_number: str) -> Item:
    """The item that keeps a client's job number from being given twice."""
    return {"PK": {"S": f"CLIENT#{client}"}, "SK": {"S": f"NUMBER#{job_number}"}}


def fingerprint_key(digest: str) -> Item:
    """The item that says which job a document belongs to."""
    return {"PK": {"S": f"SHA256#{digest}"}, "SK": {"S": "SHA256"}}


def end_of_retention(created_at: datetime, retention: timedelta) -> int:
    """The end of the last day of the retention of what was created then, as a TTL."""
    following = expires_on(created_at, retention) + timedelta(days=1)
    return int(datetime.combine(following, time(), UTC).timestamp())


def removal(created_at: datetime, retention: timedelta) -> int:
    """The TTL of what Remove Jobs removes when retention ends: some days later.

    The row of a job names the versions of its objects, so it must not be gone before them.
    """
    return end_of_retention(created_at, retention) + int(_BACKSTOP.total_seconds())


def reference_key(provider: str, reference: str) -> Item:
    """The item that says whose a provider's reference is; references have any length, keys have not."""
    digest = hashlib.sha256(f"{provider}\0{reference}".encode("utf-8", "surrogatepass")).hexdigest()
    return {"PK": {"S": f"REFERENCE#{digest}"}, "SK": {"S": "REFERENCE"}}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def optional_moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def to_attributes(values: Mapping[str, Any]) -> Item:
    """Attribute values of a mapping; what is None is left out."""
    return {name: to_attribute(value) for name, value in values.items() if value is not None}


def to_attribute(value: Any) -> Item:
    """One attribute value. Floats are kept exactly as they are written."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float | Decimal):
        return {"N": str(value)}
    if isinstance(value, datetime):
        return {"S": timestamp(value)}
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, Mapping):
        return {"M": {str(name): to_attribute(entry) for name, entry in value.items()}}
    return {"L": [to_attribute(entry) for entry in value]}


def from_attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: from_attribute(value) for name, value in item.items()}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """A Python value: numbers become int or float, as JSON has them."""
    [(kind, value)] = attribute.items()
    match kind:
        case "S" | "BOOL" | "B":
            return value
        case "N":
            return int(value) if value.lstrip("-").isdigit() else float(value)
        case "NULL":
            return None
        case "M":
            return from_attributes(value)
        case "L":
            return [from_attribute(entry) for entry in value]
        case _:
            raise TypeError(f"Unexpected attribute type {kind}")
