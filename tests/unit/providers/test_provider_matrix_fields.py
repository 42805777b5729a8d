"""docs/provider_matrix.md says which canonical fields each provider fills, and what it says of a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from invoice_capture.domain.errors import ProviderError
from invoice_capture.domain.invoice import Invoice, Line, Tax
from invoice_capture.providers.embedded.engine import engine
from invoice_capture.providers.embedded.mapping import to_invoice as invoice_of_engine
from tests.unit.providers.matrix_page import code, tables

COLUMNS = ("e-invoice", "text", "abbyy", "extract_api", "ocr_job")

# What the engine's code reads and no sample has.
NOT_IN_SAMPLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "e-invoice": frozenset(
            {
                "customer.bic",
                "customer.iban",
                "customer.tax_number",
                "lines.discount",
                "lines.total",
                "supplier.tax_number",
            }
        ),
        "text": frozenset({"payment_reference"}),
    }
)
# A value that the field of this name takes; all others take a number, or read it as text.
VALUES: Mapping[str, str] = MappingProxyType(
    {
        "issue_date": "2026-01-15",
        "due_date": "2026-02-14",
        "type": "Invoice",
        "currency": "EUR",
        "country": "BE",
        "bic": "XQZVBE99",
    }
)


def value_of(field: str) -> str:
    return VALUES.get(field.rpartition(".")[2], "12.50")


# --- a full answer of each provider ----------------------------------------------------------------------------------


def from_abbyy() -> list[Invoice]:
    from invoice_capture.providers.abbyy import fields, mapping

    def exported(names: Mapping[str, str]) -> dict[str, Any]:
        return {name: {"value": value_of(field), "confidence": 0.9} for name, field in names.items()}

    data = exported(fields.HEADER_FIELDS)
    data |= {party: exported(fields.PARTY_FIELDS) for party in fields.PARTIES}
    data |= {"LineItems": [exported(fields.LINE_FIELDS)], "TaxRates": [exported(fields.TAX_FIELDS)]}
    data["Total"] = [{"value": variant, "confidence": 0.9} for variant in ("12.50", "12.60")]
    task = {"id": "1", "status": "Done", "documents": [{"files": {}, "data": data, "is_moved": False}]}
    return [mapping.to_invoice(json.dumps({"task": task, "files": []}).encode())]


def from_extract_api() -> list[Invoice]:
    from invoice_capture.providers.extract_api.mapping import FEATURES, LINE_FEATURES, to_invoice

    def feature(field: str) -> dict[str, Any]:
        content = json.dumps({"bic": value_of("bic")}) if field == "supplier.bic" else value_of(field)
        words = [{"content": content, "coords": [0.5, 0.5, 0.2, 0.1, 0.0], "page": 0}]
        return {"selected_value": words[0], "words": [*words, {**words[0], "page": 1}]}

    features: dict[str, Any] = {name: feature(field) for name, field in FEATURES.items()}
    features["invoice_lines"] = [{name: feature(field) for name, field in LINE_FEATURES.items()}]
    return [to_invoice(json.dumps({"status_code": 0, "results": [features]}).encode())]


def from_ocr_job() -> list[Invoice]:
    from invoice_capture.providers.ocr_job.mapping import to_invoice

    party = {"name": "A", "address": "B"}
    amounts = {"subtotal": 100.0, "tax": 21.0, "total": 121.0, "currency": "EUR"}
    line = {"description": "A", "quantity": 2, "unitPrice": 50.0, "amount": 100.0}

    def extracted(tax_id: str, total: float) -> dict[str, Any]:
        invoice = {"number": "7", "date": "2026-01-15", "dueDate": "2026-02-14", "customer": party}
        invoice |= {"supplier": {**party, "taxId": tax_id}, "amounts": {**amounts, "total": total}}
        return {"extractedData": {"invoice": invoice, "lineItems": [line]}, "confidence": {"overall": 0.9}}

    job = {"_id": "1", "status": "completed", **extracted("BE0999041206", 121.0)}
    answers = [{"job": job}, {"job": job, "results": extracted("12/345/6789", 122.0)}]
    return [to_invoice(json.dumps(answer).encode()) for answer in answers]


def from_engine(*, is_e_invoice: bool) -> list[Invoice]:
    invoices = []
    for path in Path("samples/documents").iterdir():
        try:
            answer = engine(10**7)(path.read_bytes())
        except ProviderError:
            continue
        if (json.loads(answer)["source"] != "pdf_text") == is_e_invoice:
            invoices.append(invoice_of_engine(answer))
    return invoices


ANSWERS: Mapping[str, Callable[[], list[Invoice]]] = MappingProxyType(
    {
        "e-invoice": lambda: from_engine(is_e_invoice=True),
        "text": lambda: from_engine(is_e_invoice=False),
        "abbyy": from_abbyy,
        "extract_api": from_extract_api,
        "ocr_job": from_ocr_job,
    }
)


@cache
def fields_of(source: str) -> list[tuple[str, dict[str, Any]]]:
    """The fields that have a value, with their names, of all answers of a source."""
    return [field for invoice in ANSWERS[source]() for field in named_fields("", invoice.to_json())]


def named_fields(name: str, node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, list):
        for item in node:
            yield from named_fields(name, item)
    elif "candidates" not in node:
        for key, child in node.items():
            yield from named_fields(f"{name}.{key}".lstrip("."), child)
    elif node["value"] is not None:
        yield name, node


# --- the tables ------------------------------------------------------------------------------------------------------


def test_the_table_has_every_field_of_the_canonical_invoice() -> None:
    def names(prefix: str, node: Mapping[str, Any]) -> Iterator[str]:
        for key, child in node.items():
            rows = {"lines": Line(), "taxes": Tax()}
            inner = rows[key].model_dump() if key in rows else child
            yield from [prefix + key] if "candidates" in inner else names(f"{key}.", inner)

    assert [code(row[0]) for row in tables()["Fields"]] == list(names("", Invoice().model_dump()))


@pytest.mark.parametrize("source", COLUMNS)
def test_a_provider_fills_the_fields_that_the_table_says(source: str) -> None:
    column = 1 + COLUMNS.index(source)
    assert {row[column] for row in tables()["Fields"]} <= {"yes", ""}
    documented = {code(row[0]) for row in tables()["Fields"] if row[column] == "yes"}
    filled = {name for name, _ in fields_of(source)}
    assert documented == filled | NOT_IN_SAMPLES.get(source, frozenset())


@pytest.mark.parametrize("source", COLUMNS)
def test_a_provider_says_of_a_value_what_the_table_says(source: str) -> None:
    rows = {row[0].replace("`", "").removeprefix("embedded, "): row[1:] for row in tables()["What they say of a value"]}
    values = [field for _, field in fields_of(source)]
    said = (
        any(field["confidence"] is not None for field in values),
        any(field["page"] is not None for field in values),
        any(field["box"] is not None for field in values),
        any(len(field["candidates"]) > 1 for field in values),
    )
    assert [cell.partition(",")[0] for cell in rows[source]] == ["yes" if does else "no" for does in said]
