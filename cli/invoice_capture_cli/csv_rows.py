"""Invoices as rows of a table, with columns that stay the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from invoice_capture_cli.exported import Exported
from invoice_capture_cli.values import least_sure, value_of

_HEADER = ("invoice_number", "issue_date", "due_date", "type", "currency", "purchase_order", "payment_reference")
_AMOUNTS = ("subtotal", "tax_total", "total", "amount_due")
_PARTIES = ("supplier", "customer")
_PARTY = ("name", "vat_number", "tax_number", "address", "country", "iban", "bic")
_LINE = (
    "description",
    "product_code",
    "quantity",
    "unit",
    "unit_price",
    "discount",
    "tax_rate",
    "subtotal",
    "total",
)

INVOICE_COLUMNS = (
    "job_id",
    "job_number",
    "document",
    *_HEADER,
    *(f"{party}_{name}" for party in _PARTIES for name in _PARTY),
    *_AMOUNTS,
    "lowest_confidence",
    "findings",
    "confirmed",
    "stored_at",
)
LINE_COLUMNS = (
    "job_id",
    "document",
    "invoice_number",
    "issue_date",
    "supplier_name",
    "currency",
    "line",
    *_LINE,
    "type",
)

# What a spreadsheet would take as a formula, unless it is a number; some take these signs in full width as well.
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def invoice_row(exported: Exported) -> list[str]:
    invoice = exported.invoice
    values = {
        "job_id": exported.job.get("_id"),
        "job_number": exported.job.get("jobNumber"),
        "document": exported.job.get("documentName"),
        "lowest_confidence": None if (lowest := least_sure(invoice)) is None else lowest[1],
        "findings": "; ".join(sorted({str(finding.get("code", "")) for finding in exported.findings})),
        "confirmed": "yes" if (exported.stored or {}).get("confirmed") else "no",
        "stored_at": (exported.stored or {}).get("storedAt"),
    }
    values |= {name: value_of(invoice, name) for name in (*_HEADER, *_AMOUNTS)}
    values |= {f"{party}_{name}": value_of(invoice.get(party) or {}, name) for party in _PARTIES for name in _PARTY}
    return [harmless(values[name]) for name in INVOICE_COLUMNS]


def line_rows(exported: Exported) -> Iterator[list[str]]:
    invoice = exported.invoice
    about = [
        exported.job.get("_id"),
        exported.job.get("documentName"),
        value_of(invoice, "invoice_number"),
        value_of(invoice, "issue_date"),
        value_of(invoice.get("supplier") or {}, "name"),
        value_of(invoice, "currency"),
    ]
    kind = value_of(invoice, "type")
    for number, line in enumerate(invoice.get("lines") or (), start=1):
        yield [harmless(value) for value in (*about, number, *(value_of(line, name) for name in _LINE), kind)]


def harmless(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before it says that it is text."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
