"""What every layout needs: the invoice's values as its country writes them."""

from datetime import date
from decimal import Decimal

from samples.drawing import Column, Sheet
from samples.model import Invoice, Line, Party
from samples.wording import day, number


def address(party: Party) -> tuple[str, str, str]:
    return party.name, party.street, f"{party.postcode} {party.city}"


def figure(invoice: Invoice, value: Decimal) -> str:
    return number(value, invoice.language)


def written(invoice: Invoice, value: date) -> str:
    return day(value, invoice.language)


def cells(invoice: Invoice, line: Line) -> dict[str, str]:
    """The texts of one table row, without currency or percent signs."""
    return {
        "code": line.product_code,
        "description": line.description,
        "quantity": figure(invoice, line.quantity),
        "price": figure(invoice, line.unit_price),
        "rate": figure(invoice, line.tax_rate),
        "net": figure(invoice, line.net),
    }


def heading(sheet: Sheet, columns: tuple[Column, ...], y: float, *, size: float = 9, colour: str) -> None:
    sheet.row(columns, [column.title for column in columns], y, size=size, bold=True, colour=colour)
