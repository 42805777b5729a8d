"""Check Submissions: one turn of a provider's wait-and-poll loop."""

from typing import Any

from invoice_capture.events import turn
from invoice_capture.observability import info, observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    from invoice_capture.use_cases.steps.check_submissions import CheckSubmissions

    result = application().step(CheckSubmissions)(turn(event)).to_json()
    info("Turn taken.", outcome=result["outcome"], wait_seconds=result["wait_seconds"])
    return result
