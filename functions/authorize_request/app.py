"""Authorize Request: tell API Gateway whose key a request carries."""

from typing import Any

from invoice_capture.bootstrap import application
from invoice_capture.events import authorization_request
from invoice_capture.observability import info, observed


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    authorization = application().authorize_request(authorization_request(event))
    info("Request authorized.", client=authorization.principal.client, key_id=authorization.key_id)
    return authorization.to_json()
