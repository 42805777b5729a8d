"""The engine's answer as a canonical invoice, and the engine's errors as ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError

from invoice_capture.domain.errors import (
    NoTextLayer,
    PasswordProtected,
    ProviderError,
    ResultUnusable,
    UnreadableDocument,
)
from invoice_capture.domain.invoice import Invoice

ERRORS: Mapping[str, type[ProviderError]] = MappingProxyType(
    {
        "encrypted_document": PasswordProtected,
        "no_text_layer": NoTextLayer,
        "too_large": UnreadableDocument,
        "unreadable_document": UnreadableDocument,
        # Intake lets through what the engine reads, so this is a picture of a kind that is no document.
        "unsupported_document": NoTextLayer,
    }
)


def to_invoice(raw: bytes) -> Invoice:
    """The engine writes the canonical tree already, so this only validates it.

    Raises:
        ResultUnusable: the answer is no engine result, or breaks the canonical form. The message names the fields and
            never their content, because it ends up in logs and notifications.
    """
    try:
        return Invoice.model_validate(json.loads(raw)["invoice"])
    except ValidationError as exc:
        places = ", ".join(".".join(map(str, error["loc"])) for error in exc.errors()[:5])
        raise ResultUnusable(f"The embedded engine's answer breaks the canonical form at: {places}.") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise ResultUnusable("The embedded engine's answer is no JSON object with an invoice in it.") from exc
