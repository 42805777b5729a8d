"""The forms that the Extract API's validate takes, to the letter."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Text(_Form):
    content: str


class _Amount(_Form):
    content: float | str


class _Tax(_Form):
    amount: float
    tax_amount: float
    tax_amount_type: Literal["fixed", "percent"]
    tax_price_include: bool


class _Taxes(_Form):
    content: list[_Tax]


class _LineTax(_Form):
    amount: float
    type: Literal["fixed", "percent"]
    price_include: bool


class _Line(_Form):
    description: str | None = None
    quantity: float | None = None
    unit_price: float | None = None
    product: str | None = None
    taxes_amount: float | None = None
    taxes: list[_LineTax] | None = None
    subtotal: float | None = None
    total: float | None = None


class _Lines(_Form):
    lines: list[_Line]


class _Values(_Form):
    merged_lines: bool | None = None
    SWIFT_code: _Text | None = None
    VAT_Number: _Text | None = None
    country: _Text | None = None
    currency: _Text | None = None
    date: _Text | None = None
    due_date: _Text | None = None
    global_taxes: _Taxes | None = None
    global_taxes_amount: _Amount | None = None
    invoice_id: _Text | None = None
    subtotal: _Amount | None = None
    total: _Amount | None = None
    supplier: _Text | None = None
    invoice_lines: _Lines | None = None


def is_valid(values: Any) -> bool:
    """Whether the values of a validation have the form of their features; no value, and None for one, has none."""
    if not isinstance(values, dict) or any(value is None for value in values.values()):
        return False
    try:
        return bool(_Values.model_validate(values).model_fields_set)
    except ValidationError:
        return False
