"""Authorize Request: tell API Gateway whose key a request carries."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.events import authorization_request
from invoice_capture.observability import info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    decision = application().authorize_request.decide(authorization_request(event))
    info(decision.name, **decision.details)
    return decision.to_json()
