"""The engine's answer as a canonical invoice, its notes as findings, and its errors as ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError

from invoice_capture.domain.errors import (
    CredentialsRefused,
    NoTextLayer,
    PasswordProtected,
    ProviderError,
    ProviderUnavailable,
    ResultUnusable,
    UnreadableDocument,
)
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.validation import Finding, Severity

ERRORS: Mapping[str, type[ProviderError]] = MappingProxyType(
    {
        "encrypted_document": PasswordProtected,
        "machine_busy": ProviderUnavailable,
        "no_text_layer": NoTextLayer,
        "ocr_refused": CredentialsRefused,
        "ocr_unavailable": ProviderUnavailable,
        "too_large": UnreadableDocument,
        "unreadable_document": UnreadableDocument,
        # Intake lets through what the engine reads, so this is a picture of a kind that is no document.
        "unsupported_document": NoTextLayer,
    }
)

# How much each note of the engine matters, and which fields it is about; any other is a warning about none.
NOTES: Mapping[str, tuple[Severity, tuple[str, ...]]] = MappingProxyType(
    {
        "attachment_unreadable": (Severity.WARNING, ()),
        "language_not_installed": (Severity.WARNING, ()),
        "pages_not_read": (Severity.WARNING, ()),
        "several_invoices": (Severity.ERROR, ()),
        "total_differs_from_page": (Severity.ERROR, ("total",)),
        "total_not_on_page": (Severity.WARNING, ("total",)),
    }
)
_OTHER_NOTE: tuple[Severity, tuple[str, ...]] = (Severity.WARNING, ())


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


def to_findings(raw: bytes) -> tuple[Finding, ...]:
    """The engine's notes, in its words, for whoever reviews the invoice.

    Raises:
        ResultUnusable: the answer is no engine result.
    """
    try:
        notes = [(str(note["code"]), str(note["message"])) for note in json.loads(raw)["notes"]]
    except (ValueError, KeyError, TypeError) as exc:
        raise ResultUnusable("The embedded engine's answer is no JSON object with notes in it.") from exc
    return tuple(
        Finding(code, severity, message, fields)
        for code, message in notes
        for severity, fields in [NOTES.get(code, _OTHER_NOTE)]
    )
