"""Results as the OCR Invoice Job API writes them, and the filters of its list."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from invoice_engine.model import Field, Invoice
from local_stack.simulators.answers import Refused
from local_stack.simulators.documents import number, text

_MUST_HAVE = ("invoice.number", "invoice.date", "invoice.amounts.total")
_NUMBERS = frozenset({"invoice.amounts.subtotal", "invoice.amounts.tax", "invoice.amounts.total"})


def results_of(invoice: Invoice) -> dict[str, Any]:
    """``extractedData``, ``confidence`` and ``validationResults``; what was not read is left out."""
    fields = {path: field for path, field in _fields(invoice).items() if field.value is not None}
    confidences = {path: round(field.chosen.confidence, 4) for path, field in fields.items() if field.chosen}
    overall = sum(confidences.values()) / len(confidences) if confidences else 0.0
    extracted: dict[str, Any] = {"invoice": {}, "lineItems": [_line(line) for line in invoice.lines]}
    for path, field in fields.items():
        *holders, name = path.split(".")
        place = extracted
        for holder in holders:
            place = place.setdefault(holder, {})
        place[name] = number(field) if path in _NUMBERS else text(field)
    missing = [path for path in _MUST_HAVE if path not in fields]
    return {
        "extractedData": extracted,
        "confidence": {"overall": round(overall, 4), "fields": confidences},
        "validationResults": {
            "isValid": not missing,
            "errors": [{"field": path, "message": "No value was found.", "severity": "error"} for path in missing],
        },
    }


def _fields(invoice: Invoice) -> Mapping[str, Field]:
    """The fields of ``extractedData`` by their paths."""
    supplier = invoice.supplier
    tax_id = supplier.vat_number if supplier.vat_number.value is not None else supplier.tax_number
    return MappingProxyType(
        {
            "invoice.number": invoice.invoice_number,
            "invoice.date": invoice.issue_date,
            "invoice.dueDate": invoice.due_date,
            "invoice.supplier.name": supplier.name,
            "invoice.supplier.address": supplier.address,
            "invoice.supplier.taxId": tax_id,
            "invoice.customer.name": invoice.customer.name,
            "invoice.customer.address": invoice.customer.address,
            "invoice.amounts.subtotal": invoice.subtotal,
            "invoice.amounts.tax": invoice.tax_total,
            "invoice.amounts.total": invoice.total,
            "invoice.amounts.currency": invoice.currency,
        }
    )


def _line(line: Any) -> dict[str, Any]:
    values = {
        "description": text(line.description),
        "quantity": number(line.quantity),
        "unitPrice": number(line.unit_price),
        "amount": number(line.subtotal),
    }
    return {name: value for name, value in values.items() if value is not None}


# --- filters ---------------------------------------------------------------------------------------------------------


def conditions_of(text: str | None, fields: Collection[str]) -> Mapping[str, Any]:
    """The conditions of a filter by field. Raises Refused for what is no filter, or names a field that is not there."""
    if text is None:
        return {}
    try:
        conditions = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(400, "filter is no JSON.") from None
    if not isinstance(conditions, dict):
        raise Refused(400, "filter must be a JSON object.")
    for path, wanted in conditions.items():
        if path.partition(".")[0] not in fields:
            raise Refused(400, f"There is no field {path[:50]!r} to filter by.")
        is_plain = not isinstance(wanted, dict | list)
        if not is_plain and not (
            isinstance(wanted, dict) and wanted.keys() == {"$in"} and isinstance(wanted["$in"], list)
        ):
            raise Refused(400, f'The condition of {path[:50]!r} must be a value or {{"$in": [...]}}.')
    return conditions


def matches(view: Mapping[str, Any], conditions: Mapping[str, Any]) -> bool:
    """Whether a job fulfils all conditions; a path with dots leads into its objects."""
    for path, wanted in conditions.items():
        value: Any = view
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value not in (wanted["$in"] if isinstance(wanted, dict) else [wanted]):
            return False
    return True
