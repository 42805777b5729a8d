"""Jobs API: answer one request to the HTTP API."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.observability import observed


@observed
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return application().jobs_api(event, context)
