"""Results as the Extract API writes them: every feature with its candidates and their places."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from invoice_engine.model import Box, Candidate, Field, Invoice, Line, text_of
from local_stack.simulators.documents import readings

# What has no place on a page, as a value of an e-invoice, is somewhere on the first one.
_WHOLE_PAGE = Box(0.0, 0.0, 1.0, 1.0)
Content = str | float


def features_of(invoice: Invoice) -> dict[str, Any]:
    """All features of the contract; one that was not found has no selected value and no words."""
    supplier = invoice.supplier
    return {
        "SWIFT_code": _feature(supplier.bic, _bank),
        "VAT_Number": _feature(supplier.vat_number),
        "country": _feature(supplier.country),
        "currency": _feature(invoice.currency),
        "date": _feature(invoice.issue_date),
        "due_date": _feature(invoice.due_date),
        "global_taxes": _taxes(tax.rate for tax in invoice.taxes),
        "global_taxes_amount": _feature(invoice.tax_total),
        "invoice_id": _feature(invoice.invoice_number),
        "subtotal": _feature(invoice.subtotal),
        "total": _feature(invoice.total),
        "supplier": _feature(supplier.name),
        "invoice_lines": [_line(line) for line in invoice.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "description": _feature(line.description),
        "discount": _feature(line.discount),
        "product": _feature(line.product_code),
        "quantity": _feature(line.quantity),
        "subtotal": _feature(line.subtotal),
        "taxes": _feature(line.tax_rate),
        "total": _feature(line.total),
        "unit": _feature(line.unit),
        "unit_price": _feature(line.unit_price),
    }


def _content(candidate: Candidate) -> Content:
    value = candidate.value
    if isinstance(value, Decimal):
        return float(value)
    return f"{value.isoformat()} 00:00:00" if isinstance(value, date) else text_of(value)


def _bank(candidate: Candidate) -> Content:
    """No bank is looked up, so none is verified, and none has a name or a city."""
    bic = text_of(candidate.value)
    return json.dumps({"bic": bic, "country_code": bic[4:6], "verified_bic": False})


def _feature(field: Field, content: Callable[[Candidate], Content] = _content) -> dict[str, Any]:
    words = [_word(candidate, content) for candidate in readings(field)]
    return {"selected_value": words[0] if words else None, "words": words}


def _taxes(rates: Iterable[Field]) -> dict[str, Any]:
    words = [{**_word(rate.chosen, _content), "amount_type": "percent"} for rate in rates if rate.chosen is not None]
    return {"selected_values": words, "words": words}


def _word(candidate: Candidate, content: Callable[[Candidate], Content]) -> dict[str, Any]:
    left, top, right, bottom = candidate.box or _WHOLE_PAGE
    coords = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    return {
        "content": content(candidate),
        "coords": [*(round(part, 6) for part in coords), 0.0],
        "page": candidate.page or 0,
    }


def _canned(content: Content, row: int, **more: str) -> dict[str, Any]:
    return {"content": content, "coords": [0.8, round(0.1 + 0.03 * row, 2), 0.12, 0.02, 0.0], "page": 0, **more}


def _canned_feature(content: Content, row: int) -> dict[str, Any]:
    word = _canned(content, row)
    return {"selected_value": word, "words": [word]}


CANNED: Mapping[str, Any] = MappingProxyType(
    {
        "SWIFT_code": _canned_feature(json.dumps({"bic": "XQZVBE99", "country_code": "BE", "verified_bic": False}), 18),
        "VAT_Number": _canned_feature("BE0999041206", 1),
        "country": _canned_feature("BE", 2),
        "currency": _canned_feature("EUR", 3),
        "date": _canned_feature("2026-01-15 00:00:00", 4),
        "due_date": _canned_feature("2026-02-14 00:00:00", 5),
        "global_taxes": {
            "selected_values": [_canned(21.0, 14, amount_type="percent")],
            "words": [_canned(21.0, 14, amount_type="percent")],
        },
        "global_taxes_amount": _canned_feature(21.0, 15),
        "invoice_id": _canned_feature("TEST-0001", 6),
        "subtotal": _canned_feature(100.0, 13),
        "total": _canned_feature(121.0, 16),
        "supplier": _canned_feature("Integration Test Ltd", 0),
        "invoice_lines": [
            {
                "description": _canned_feature("Integration test", 9),
                "discount": _canned_feature(0.0, 9),
                "product": _canned_feature("TEST", 9),
                "quantity": _canned_feature(1.0, 9),
                "subtotal": _canned_feature(100.0, 9),
                "taxes": _canned_feature(21.0, 9),
                "total": _canned_feature(121.0, 9),
                "unit": _canned_feature("pcs", 9),
                "unit_price": _canned_feature(100.0, 9),
            }
        ],
    }
)
"""What test mode answers with, whatever document was sent."""
