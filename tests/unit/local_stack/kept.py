"""Jobs as a folder keeps them, for tests that need no stack."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from local_stack.keeping.kept_job import KeptJob, KeptObject, Values

JOB_ID = "01M8PF51T7NTYF2SM6YDQZ6FQ9"
BUCKET = "documents-bucket"
KEY = "documents/acme/01M8PF518QJ1Q3SAFHG1TZAP8F/invoice.pdf"
CONTENT = b"%PDF-1.7 an invoice"
SOON = 4_000_000_000


def a_job(job_id: str = JOB_ID, *, document: str = KEY, **values: Any) -> KeptJob:
    """A captured job with its document; ``values`` are attributes of its item."""
    order = {
        "client": "acme",
        "job_number": "A-1",
        "document_name": "invoice.pdf",
        "document_url": f"s3://{BUCKET}/{document}",
        "template": "default",
        "metadata": {"exact": 1.10, "text": "ä"},
    }
    item = {
        "PK": f"JOB#{job_id}",
        "SK": "JOB",
        "job_id": job_id,
        "status": "CAPTURED",
        "document": {"bucket": BUCKET, "key": document, "version_id": "v1", "size": len(CONTENT)},
        "route": ["embedded"],
        "created_at": "2026-01-14T09:30:00.000Z",
        "updated_at": "2026-01-14T09:30:05.000Z",
        "deadline_at": "2026-01-17T09:30:00.000Z",
        "order": json.dumps(order, separators=(",", ":"), ensure_ascii=False),
        "ttl": SOON,
    }
    return KeptJob.of(job_id, BUCKET, [item | values, a_row(job_id)], [an_object(document)])


def a_row(job_id: str = JOB_ID, **values: Any) -> Values:
    """A submission that is done."""
    return {
        "PK": f"JOB#{job_id}",
        "SK": "SUBMISSION#1",
        "job_id": job_id,
        "number": 1,
        "provider": "embedded",
        "state": "DONE",
        "document": {"bucket": BUCKET, "key": KEY, "version_id": "v1", "size": len(CONTENT)},
        "kind": "application/pdf",
        "created_at": "2026-01-14T09:30:01.000Z",
        "deadline_at": "2026-01-17T09:30:00.000Z",
        "version": 3,
        "attempts": 1,
        "polls": 0,
        "possible_double_charge": False,
    } | values


def an_object(key: str = KEY, version_id: str | None = "v1") -> KeptObject:
    return KeptObject(
        key=key,
        version_id=version_id,
        content_type="application/pdf",
        file="document/invoice.pdf",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )
