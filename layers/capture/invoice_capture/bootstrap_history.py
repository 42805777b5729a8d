"""The composition root of what records the histories of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.history_store import LockMode, ObjectHistoryStore
from invoice_capture.aws.table import Table
from invoice_capture.settings import Settings
from invoice_capture.use_cases.record_changes import RecordChanges

LOCK_MODES: Mapping[str, LockMode | None] = {"none": None, "governance": "GOVERNANCE", "compliance": "COMPLIANCE"}


def record_changes(settings: Settings, clients: Clients, table: Table) -> RecordChanges:
    lock = LOCK_MODES[settings.choice("ARCHIVE_LOCK", LOCK_MODES)]
    histories = ObjectHistoryStore(clients, settings.text("DOCUMENTS_BUCKET"), table, lock)
    return RecordChanges(histories, timedelta(days=settings.number("ARCHIVE_LOCK_DAYS")) if lock else None)
