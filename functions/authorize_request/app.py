"""Authorize Request: tell API Gateway whose key a request carries."""

from typing import Any

from invoice_capture.events import authorization_request
from invoice_capture.observability import info, observed
from invoice_capture.wiring import application


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    from invoice_capture.use_cases.steps.authorize_request import AuthorizeRequest

    decision = application().step(AuthorizeRequest).decide(authorization_request(event))
    info(decision.name, **decision.details)
    return decision.to_json()
