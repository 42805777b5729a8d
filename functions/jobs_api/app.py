"""Jobs API: answer one request to the HTTP API."""

from typing import Any

from invoice_capture.observability import observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    from invoice_capture.api.jobs_api import JobsApi

    return application().step(JobsApi)(event, context)
