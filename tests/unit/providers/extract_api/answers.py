"""Answers of the Extract API as a server writes them, about an invented invoice."""

from __future__ import annotations

import json
from typing import Any


def candidate(content: Any, page: int = 0, coords: Any = (0.5, 0.25, 0.2, 0.1, 0.0), **more: Any) -> dict[str, Any]:
    return {"content": content, "coords": list(coords), "page": page, **more}


def feature(selected: Any, *others: Any) -> dict[str, Any]:
    """A feature with one selected content, and further contents lower on the page."""
    words = [candidate(selected), *(candidate(other, coords=(0.5, 0.75, 0.2, 0.1, 0.0)) for other in others)]
    return {"selected_value": words[0], "words": words}


def rates(*selected: float) -> dict[str, Any]:
    return {"selected_values": [candidate(rate, amount_type="percent") for rate in selected], "words": []}


FEATURES: dict[str, Any] = {
    "SWIFT_code": feature(json.dumps({"bic": "XQZVDEFF", "country_code": "DE", "verified_bic": False})),
    "VAT_Number": feature("DE 999 912 349"),
    "country": feature("DE"),
    "currency": feature("EUR", "USD"),
    "date": feature("2026-01-27 00:00:00", "2026-02-10 00:00:00"),
    "due_date": feature("2026-02-10 00:00:00"),
    "global_taxes": rates(19.0, 7.0),
    "global_taxes_amount": feature(533.7),
    "invoice_id": feature("2026-0107", "4711"),
    "subtotal": feature(4185.8),
    "total": feature(4719.5, 4185.8),
    "supplier": feature("Façade + Söhne GmbH"),
    "invoice_lines": [
        {
            "description": feature("Stucco, ready mixed"),
            "discount": feature(1.5),
            "product": feature("ST-20"),
            "quantity": feature(3.0),
            "subtotal": feature(28.5),
            "total": feature(33.92),
            "taxes": rates(19.0),
            "unit": feature("kg"),
            "unit_price": feature(10.0),
        }
    ],
}


def entry(**features: Any) -> dict[str, Any]:
    """The entry of a document that was read; features given here replace those of the invented invoice."""
    return {"status_code": 0, "status_msg": "Success", "results": [{**FEATURES, **features}]}


def raw(**features: Any) -> bytes:
    return json.dumps(entry(**features)).encode()
