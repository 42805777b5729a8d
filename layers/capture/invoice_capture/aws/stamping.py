"""Every write of an item of a job says who makes it, for the job's history: the step, and the client it acts for.

It costs no request and no unit. No two writes say the same, so a write that left the attribute as it was is nobody's
of ours.
"""

from __future__ import annotations

import secrets
from typing import Any

from invoice_capture.aws.items import Item
from invoice_capture.domain.acting import acting_client
from invoice_capture.domain.audited import BY

_NONCE_BYTES = 3
_SET = "SET "


def stamped(writer: str | None, request: dict[str, Any]) -> dict[str, Any]:
    """A put or an update with the stamp of ``writer``, or as it is: without a writer, and for what is no job's."""
    key: Item = request.get("Key") or request.get("Item") or {}
    if writer is None or not key["PK"]["S"].startswith("JOB#"):
        return request
    stamp = {"S": " ".join(filter(None, (writer, acting_client(), secrets.token_hex(_NONCE_BYTES))))}
    if "Item" in request:
        return {**request, "Item": {**request["Item"], BY: stamp}}
    update: str = request.get("UpdateExpression", "")
    if not update.startswith(_SET):
        return request
    return {
        **request,
        "UpdateExpression": f"{_SET}{BY} = :{BY}, {update.removeprefix(_SET)}",
        "ExpressionAttributeValues": {**request.get("ExpressionAttributeValues", {}), f":{BY}": stamp},
    }


def without_stamp(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != BY}
