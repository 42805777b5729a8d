"""What DynamoDB's stream tells of items, as plain values.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from invoice_capture.domain.timestamps import timestamp

_OF_A_JOB = "JOB#"
# Who removes what has outlived its time to live.
_DYNAMODB = "dynamodb.amazonaws.com"


def changes_in(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The changes of items of jobs in an event of the stream, in its order, as keywords of ``ItemChange``."""
    for record in event["Records"]:
        told = record["dynamodb"]
        partition, sort_key = told["Keys"]["PK"]["S"], told["Keys"]["SK"]["S"]
        if partition.startswith(_OF_A_JOB):
            yield {
                "change_id": record["eventID"],
                "at": timestamp(datetime.fromtimestamp(told["ApproximateCreationDateTime"], UTC)),
                "job_id": partition.removeprefix(_OF_A_JOB),
                "sort_key": sort_key,
                "before": plain_image(told.get("OldImage", {})),
                "after": plain_image(told.get("NewImage", {})),
                "by_expiry": (record.get("userIdentity") or {}).get("principalId") == _DYNAMODB,
            }


def plain_image(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(attribute) for name, attribute in image.items()}


def _value(attribute: Mapping[str, Any]) -> Any:
    """As in DynamoDB, to the last digit: a fraction is no float here. Sets come in order.

    Bytes are Base64 in what Lambda is given of a stream.
    """
    [(kind, value)] = attribute.items()
    match kind:
        case "N":
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "NULL":
            return None
        case "M":
            return plain_image(value)
        case "L":
            return [_value(entry) for entry in value]
        case "SS" | "NS" | "BS":
            return sorted(value)
        case "B":
            return base64.b64decode(value) if isinstance(value, str) else bytes(value)
        case _:
            return value
