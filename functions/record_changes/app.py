"""Record Changes: append what the table's stream tells of jobs to their histories."""

from typing import Any

from invoice_capture.events import item_changes
from invoice_capture.observability import info, observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    from invoice_capture.use_cases.steps.record_changes import RecordChanges

    info("Changes recorded.", entries=application().step(RecordChanges)(item_changes(event)))
