"""Pages of other origins: which of them a browser lets read the answers, and what it lets them send (CORS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from invoice_capture.api.requests import header_of

_SENT = "api-key, x-api-key, content-type, idempotency-key"
_READ = "Allow, Retry-After"
# No browser believes an answer for longer.
_SECONDS_BELIEVED = 7200


def headers_for(event: Mapping[str, Any], origins: frozenset[str]) -> dict[str, str]:
    """What every answer says of itself; nothing where no origin is allowed at all."""
    if not origins:
        return {}
    # Who keeps answers must keep those to one origin apart from those to another.
    vary = {"Vary": "Origin"}
    origin = header_of(event, "origin")
    if origin not in origins:
        return vary
    return {**vary, "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _READ}


def preflight_headers(event: Mapping[str, Any], origins: frozenset[str], methods: Sequence[str]) -> dict[str, str]:
    """What the answer to OPTIONS says besides: the methods of a path, and to an allowed origin what it may send."""
    allowed = {"Allow": ", ".join([*methods, "OPTIONS"])}
    if header_of(event, "origin") not in origins:
        return allowed
    return {
        **allowed,
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Max-Age": str(_SECONDS_BELIEVED),
    }
