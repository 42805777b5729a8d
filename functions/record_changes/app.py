"""Record Changes: append what the table's stream tells of jobs to their histories."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.events import item_changes
from invoice_capture.observability import info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    info("Changes recorded.", entries=application().record_changes(item_changes(event)))
