"""Tokens that say where a list goes on: JSON that people need not read, in letters that an address may have."""

from __future__ import annotations

import base64
import json
from typing import Any

FOREIGN = "This nextToken is not from this list."
"""What to say of a token that holds something else than its list puts into it."""


def page_token(place: Any) -> str:
    """A token of a place, which is anything that JSON has."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def place_of(token: str) -> Any:
    """The place that a token was made of. Raises ValueError for what is no token."""
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, RecursionError) as exc:
        raise ValueError(FOREIGN) from exc
