"""The items of an invoice: one, and more where it has more lines than an item holds.

``INVOICE`` is what was read, ``CONFIRMED`` what a person made of it; both have this form. Invoice and lines are packed:
JSON, compressed, for DynamoDB charges by size for each write, and for each month
(docs/decisions/0037-the-invoice-is-packed.md).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from invoice_capture.aws.items import Item, from_attributes, moment, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.ports import StoredInvoice

# An item may have 400 KB; the rest is for the header with its candidates, and the findings.
_LINES_BYTES_PER_ITEM = 200_000


def invoice_items(
    job_id: str,
    sort_key: str,
    invoice: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    now: datetime,
    *,
    ttl: int,
) -> tuple[Item, list[Item]]:
    """The item itself and those of further lines, which are to be written first.

    They mean nothing until the invoice itself says how many portions there are.
    """
    first, *further = _pages(invoice["lines"])
    head = {
        "invoice": _packed({**invoice, "lines": first}),
        "findings": _json(findings),
        "pages_of_lines": len(further) + 1,
        "captured_at": now,
    }
    return _item(job_id, sort_key, head, ttl), [
        _item(job_id, f"{sort_key}#LINES#{number:04d}", {"lines": _packed(page)}, ttl)
        for number, page in enumerate(further, start=2)
    ]


def read_invoice(table: Table, job_id: str, sort_key: str) -> StoredInvoice | None:
    """An invoice with all its lines."""
    items = table.query(
        KeyConditionExpression="PK = :job AND begins_with(SK, :invoice)",
        ExpressionAttributeValues=to_attributes({":job": f"JOB#{job_id}", ":invoice": sort_key}),
        ConsistentRead=True,
    )
    head: dict[str, Any] | None = None
    further: list[Any] = []
    for values in map(from_attributes, items):
        if values["SK"] == sort_key:
            head = values
        # Portions of a longer invoice that was here before are left alone.
        elif head is not None and len(further) < head["pages_of_lines"] - 1:
            further.append(unpacked(values["lines"]))
    if head is None:
        return None
    invoice = unpacked(head["invoice"])
    invoice["lines"] += [line for page in further for line in page]
    return StoredInvoice(invoice, json.loads(head["findings"]), moment(head["captured_at"]))


def unpacked(stored: bytes | str) -> Any:
    """What an item has as ``invoice`` or ``lines``; earlier releases wrote them as text."""
    return json.loads(stored if isinstance(stored, str) else gzip.decompress(stored))


def _packed(content: Any) -> bytes:
    # Without a time, so that what is written again is the same.
    return gzip.compress(_json(content).encode(), mtime=0)


def _item(job_id: str, sort_key: str, values: Mapping[str, Any], ttl: int) -> Item:
    return {"PK": {"S": f"JOB#{job_id}"}, "SK": {"S": sort_key}} | to_attributes({**values, "ttl": ttl})


def _pages(lines: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Lines in portions that each fit into an item; one empty portion when there are none."""
    page: list[Mapping[str, Any]] = []
    size = 0
    for line in lines:
        line_size = len(_json(line).encode())
        if page and size + line_size > _LINES_BYTES_PER_ITEM:
            yield page
            page, size = [], 0
        page.append(line)
        size += line_size
    yield page


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
