"""A canonical invoice as the values that the provider is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoice_capture.domain.invoice import Invoice, InvoiceField, Line, Party, Tax
from invoice_capture.providers.extract_api.mapping import FEATURES, to_invoice
from invoice_capture.providers.extract_api.validation import to_values
from tests.unit.providers.extract_api.answers import raw


def of(value: Any) -> InvoiceField[Any]:
    return InvoiceField[Any](value=value, confidence=1.0)


def amount(text: str) -> InvoiceField[Decimal]:
    return of(Decimal(text))


INVOICE = Invoice(
    invoice_number=of("2026-0107"),
    issue_date=of(date(2026, 1, 27)),
    due_date=of(date(2026, 2, 10)),
    currency=of("EUR"),
    supplier=Party(name=of("Fils"), vat_number=of("DE999912349"), country=of("DE"), bic=of("XQZVDEFF")),
    subtotal=amount("100.00"),
    tax_total=amount("19.00"),
    total=amount("119.00"),
    taxes=(Tax(rate=amount("19"), base=amount("100.00"), amount=amount("19.00")),),
    lines=(
        Line(
            description=of("Stucco"),
            product_code=of("ST-20"),
            quantity=amount("3"),
            unit=of("kg"),
            unit_price=amount("33.3333"),
            tax_rate=amount("19"),
            subtotal=amount("100.00"),
            total=amount("119.00"),
        ),
        Line(description=of("Note")),
    ),
)


def test_every_feature_is_told_that_the_invoice_has() -> None:
    values = to_values(INVOICE).to_json()
    assert values.keys() == FEATURES.keys() | {"merged_lines"}
    assert values == {
        "merged_lines": False,
        "SWIFT_code": {"content": "XQZVDEFF"},
        "VAT_Number": {"content": "DE999912349"},
        "country": {"content": "DE"},
        "currency": {"content": "EUR"},
        "date": {"content": "2026-01-27 00:00:00"},
        "due_date": {"content": "2026-02-10 00:00:00"},
        "global_taxes": {
            "content": [{"amount": 100.0, "tax_amount": 19.0, "tax_amount_type": "percent", "tax_price_include": False}]
        },
        "global_taxes_amount": {"content": 19.0},
        "invoice_id": {"content": "2026-0107"},
        "subtotal": {"content": 100.0},
        "total": {"content": 119.0},
        "supplier": {"content": "Fils"},
        "invoice_lines": {
            "lines": [
                {
                    "description": "Stucco",
                    "quantity": 3.0,
                    "unit_price": 33.3333,
                    "product": "ST-20",
                    "taxes_amount": 19.0,
                    "taxes": [{"amount": 19.0, "type": "percent", "price_include": False}],
                    "subtotal": 100.0,
                    "total": 119.0,
                },
                {"description": "Note"},
            ]
        },
    }


def test_money_is_a_number_and_never_a_text() -> None:
    values = to_values(INVOICE).to_json()
    assert all(isinstance(values[name]["content"], float) for name in ("subtotal", "total", "global_taxes_amount"))


def test_an_empty_invoice_confirms_nothing() -> None:
    assert to_values(Invoice()).to_json() == {"merged_lines": False}


def test_a_tax_without_rate_is_a_fixed_sum() -> None:
    invoice = Invoice(taxes=(Tax(base=amount("100"), amount=amount("5")),))
    assert to_values(invoice).to_json()["global_taxes"]["content"] == [
        {"amount": 100.0, "tax_amount": 5.0, "tax_amount_type": "fixed", "tax_price_include": False}
    ]


def test_a_breakdown_is_told_whole_or_not_at_all() -> None:
    whole = Tax(rate=amount("19"), base=amount("100"))
    for broken in (Tax(rate=amount("7")), Tax(base=amount("50"))):
        assert "global_taxes" not in to_values(Invoice(taxes=(whole, broken))).to_json()


@pytest.mark.parametrize(("tax_total", "base"), [("19.00", 100.0), ("19.01", 100.0), ("12.00", None)])
def test_the_base_of_a_single_rate_is_the_subtotal_when_it_explains_the_tax(tax_total: str, base: float | None) -> None:
    invoice = INVOICE.model_copy(update={"taxes": (Tax(rate=amount("19")),), "tax_total": amount(tax_total)})
    taxes = to_values(invoice).global_taxes
    assert (taxes and taxes.content[0].amount) == base


def test_what_the_provider_read_itself_can_be_confirmed() -> None:
    values = to_values(to_invoice(raw())).to_json()
    assert values["invoice_id"] == {"content": "2026-0107"}
    assert values["invoice_lines"]["lines"][0]["taxes_amount"] == 5.42
