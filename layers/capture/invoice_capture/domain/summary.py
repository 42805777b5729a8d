"""What a job keeps of its invoice, so that lists can show and compare it; and which values the contract shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LONGEST_TEXT = 200
_DIGITS = 4


@dataclass(frozen=True)
class Place:
    """Where a value of the contract comes from: the first of ``sources``, in the canonical invoice, that is filled."""

    path: str
    sources: tuple[str, ...]
    is_number: bool = False


HEADER = (
    Place("invoice.number", ("invoice_number",)),
    Place("invoice.date", ("issue_date",)),
    Place("invoice.dueDate", ("due_date",)),
    Place("invoice.supplier.name", ("supplier.name",)),
    Place("invoice.supplier.address", ("supplier.address",)),
    Place("invoice.supplier.taxId", ("supplier.vat_number", "supplier.tax_number")),
    Place("invoice.customer.name", ("customer.name",)),
    Place("invoice.customer.address", ("customer.address",)),
    Place("invoice.amounts.subtotal", ("subtotal",), is_number=True),
    Place("invoice.amounts.tax", ("tax_total",), is_number=True),
    Place("invoice.amounts.total", ("total",), is_number=True),
    Place("invoice.amounts.currency", ("currency",)),
)
LINE = (
    Place("description", ("description",)),
    Place("quantity", ("quantity",), is_number=True),
    Place("unitPrice", ("unit_price",), is_number=True),
    # Lines add up to amounts.subtotal, which stands before tax: the amount of a line is net where that is known.
    Place("amount", ("subtotal", "total"), is_number=True),
)


def filled(places: Sequence[Place], content: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for place in places:
        for source in place.sources:
            field: Any = content
            for name in source.split("."):
                field = field[name]
            if field["value"] is not None:
                yield place, field
                break


def head_of(invoice: Mapping[str, Any]) -> dict[str, str | None]:
    """What people know an invoice by, of an invoice in JSON; short enough for a message, whatever a document says."""
    names = ("invoice_number", "issue_date", "type", "currency", "total")
    head = {name: _brief(invoice[name]["value"]) for name in names}
    return head | {"supplier": _brief(invoice["supplier"]["name"]["value"])}


def summary_of(invoice: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The head, how sure the provider is of what is shown (absent where it does not say), and what checks found."""
    overall = overall_confidence(confidences(invoice))
    sure = {} if overall is None else {"confidence": overall}
    return {**head_of(invoice), **sure, "is_valid": is_valid(findings), "findings": codes(findings)}


def confidences(invoice: Mapping[str, Any]) -> dict[str, float]:
    """How sure the provider is of each value that the contract shows, by its path there, where it says so."""
    fields = {place.path: field["confidence"] for place, field in filled(HEADER, invoice)}
    for index, line in enumerate(invoice["lines"]):
        fields |= {f"lineItems.{index}.{place.path}": field["confidence"] for place, field in filled(LINE, line)}
    return {path: value for path, value in fields.items() if value is not None}


def overall_confidence(fields: Mapping[str, float]) -> float | None:
    """The mean, or None of nothing."""
    return round(sum(fields.values()) / len(fields), _DIGITS) if fields else None


def is_valid(findings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no check found an error."""
    return all(finding["severity"] != "error" for finding in findings)


def codes(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({str(finding["code"]) for finding in findings})


def _brief(text: str | None) -> str | None:
    return None if text is None else text[:_LONGEST_TEXT]
