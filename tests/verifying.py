"""A receiver's verification of webhooks, by the reference library of Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from unittest.mock import patch

from standardwebhooks import webhooks


def verified(key: str, body: bytes, headers: Mapping[str, str], now: datetime) -> Any:
    """The content of a request that came at this time. Raises WebhookVerificationError."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return now.astimezone(tz)

    # The library looks at the wall clock, which is not that of these tests.
    with patch.object(webhooks, "datetime", Then):
        return webhooks.Webhook(key).verify(body, dict(headers))
