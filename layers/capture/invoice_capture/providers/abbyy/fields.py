"""The fields of ABBYY's documents and exports in ours.

The names are those of its page of captured fields, of its data sets, and the usual ones of FlexiCapture's invoice
definition. Case and separators are of no account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from invoice_capture.domain.invoice import Invoice, InvoiceField, InvoiceType, Line, Party, Reading, Tax
from invoice_capture.domain.money import as_written
from invoice_capture.providers import values
from invoice_capture.providers.abbyy.names import Export, Leaf, Row, normal, read_names

SOURCE = "abbyy"

DOCUMENT_TYPES: Mapping[str, InvoiceType] = MappingProxyType(
    {"Invoice": InvoiceType.INVOICE, "CreditNote": InvoiceType.CREDIT_NOTE, "Credit Memo": InvoiceType.CREDIT_NOTE}
)

HEADER_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "InvoiceNumber": "invoice_number",
        "InvoiceDate": "issue_date",
        "DueDate": "due_date",
        "DocumentType": "type",
        "InvoiceType": "type",
        "Currency": "currency",
        "OrderNumber": "purchase_order",
        "PurchaseOrderNumber": "purchase_order",
        "PaymentReference": "payment_reference",
        "TotalNetAmount": "subtotal",
        "TotalTaxAmount": "tax_total",
        "TotalTaxes": "tax_total",
        "Total": "total",
        "AmountDue": "amount_due",
    }
)
PARTIES: Mapping[str, str] = MappingProxyType(
    {
        "Vendor": "supplier",
        "Supplier": "supplier",
        "BusinessUnit": "customer",
        "Customer": "customer",
        "Buyer": "customer",
    }
)
PARTY_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "Name": "name",
        "Address": "address",
        "CountryCode": "country",
        "VATID": "vat_number",
        "VAT": "vat_number",
        "NationalVATID": "tax_number",
        "NationalVAT": "tax_number",
        "IBAN": "iban",
        "BankCode": "bic",
        "SWIFTCode": "bic",
        "BIC": "bic",
    }
)
TABLES: Mapping[str, str] = MappingProxyType(
    {
        "LineItems": "lines",
        "Lines": "lines",
        "LI": "lines",
        "TaxRates": "taxes",
        "Taxes": "taxes",
    }
)
TAX_FIELDS: Mapping[str, str] = MappingProxyType(
    {"TaxRate": "rate", "Rate": "rate", "NetAmount": "base", "TaxAmount": "amount"}
)
LINE_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "Description": "description",
        "ArticleNumber": "product_code",
        "ArticleNumberVendor": "product_code",
        "Quantity": "quantity",
        "UnitOfMeasurement": "unit",
        "UnitPrice": "unit_price",
        "Discount": "discount",
        "TaxRate": "tax_rate",
        "NetAmount": "subtotal",
        # ABBYY calls this column the net price of the line.
        "TotalPriceNetto": "subtotal",
        "Total": "subtotal",
        "GrossAmount": "total",
    }
)


def _by_normal_name(names: Mapping[str, Any]) -> Mapping[str, Any]:
    return {normal(name): meaning for name, meaning in names.items()}


_DOCUMENT_TYPES = _by_normal_name(DOCUMENT_TYPES)
_HEADER = _by_normal_name(HEADER_FIELDS)
_PARTIES = {
    normal(party + name): (PARTIES[party], meaning) for party in PARTIES for name, meaning in PARTY_FIELDS.items()
}
_TABLES = _by_normal_name(TABLES)
_COLUMNS = {"lines": _by_normal_name(LINE_FIELDS), "taxes": _by_normal_name(TAX_FIELDS)}

_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


def read_export(tree: Any) -> Export:
    """The values of a document's data, or of an exported file, by name."""
    return read_names(tree, _TABLES, _COLUMNS)


def build_invoice(found: list[Export]) -> Invoice:
    """The canonical invoice of what several sources say, the most trusted first.

    Values whose name no table has are left out, and so are regions, whose units ABBYY does not publish.

    Raises:
        ValidationError: a value breaks the canonical form.
    """
    header: dict[str, list[Leaf]] = {}
    parties: dict[str, Row] = {"supplier": {}, "customer": {}}
    for name, leaves in (item for export in found for item in export.values.items()):
        if name in _HEADER:
            header.setdefault(_HEADER[name], []).extend(leaves)
        elif name in _PARTIES:
            party, meaning = _PARTIES[name]
            parties[party].setdefault(meaning, []).extend(leaves)
    currency = _field(header.get("currency", []), values.currency)
    parse = _Parsers(currency.value)
    return Invoice(
        **{name: parse.field(name, leaves) for name, leaves in header.items()},
        supplier=Party(**{name: parse.field(name, leaves) for name, leaves in parties["supplier"].items()}),
        customer=Party(**{name: parse.field(name, leaves) for name, leaves in parties["customer"].items()}),
        taxes=tuple(dict.fromkeys(tax for row in _rows(found, "taxes") if (tax := Tax(**parse.row(row))) != Tax())),
        lines=tuple(line for row in _rows(found, "lines") if (line := Line(**parse.row(row))) != Line()),
    )


def _rows(found: list[Export], table: str) -> Iterable[Row]:
    """A table's rows by names of ours, of the first source that has any."""
    columns = _COLUMNS[table]
    for export in found:
        rows = [_named(row, columns) for row in export.tables.get(table, [])]
        if any(rows):
            return rows
    return []


def _named(row: Row, columns: Mapping[str, str]) -> Row:
    named: Row = {}
    for name, leaves in row.items():
        if name in columns:
            named.setdefault(columns[name], []).extend(leaves)
    return named


class _Parsers:
    """How the values of each field are read, in an invoice of this currency."""

    def __init__(self, currency: str | None) -> None:
        self._currency = currency
        money = dict.fromkeys(
            ("subtotal", "tax_total", "total", "amount_due", "base", "amount", "unit_price", "discount"), self._money
        )
        self._parsers: Mapping[str, Callable[[Any], Any]] = {
            "issue_date": values.day,
            "due_date": values.day,
            "type": _document_type,
            "currency": values.currency,
            "country": values.country,
            "vat_number": values.compact,
            "tax_number": _tax_number,
            "iban": values.compact,
            "bic": _bic,
            "quantity": values.decimal,
            "rate": values.decimal,
            "tax_rate": values.decimal,
            **money,
        }

    def field(self, name: str, leaves: Iterable[Leaf]) -> InvoiceField[Any]:
        return _field(leaves, self._parsers.get(name, values.text))

    def row(self, row: Row) -> dict[str, InvoiceField[Any]]:
        return {name: self.field(name, leaves) for name, leaves in row.items()}

    def _money(self, value: Any) -> Decimal | None:
        amount = values.decimal(value)
        return None if amount is None else as_written(amount, self._currency)


def _field(leaves: Iterable[Leaf], parse: Callable[[Any], Any]) -> InvoiceField[Any]:
    """A field of all readings that differ; the first one is chosen."""
    readings: dict[Any, Reading[Any]] = {}
    for leaf in leaves:
        value = parse(leaf.value)
        if value is not None and value not in readings:
            readings[value] = Reading[Any](value=value, confidence=leaf.confidence, source=SOURCE)
    return values.field(readings.values())


def _document_type(value: Any) -> InvoiceType | None:
    return _DOCUMENT_TYPES.get(normal(values.text(value) or ""))


def _tax_number(value: Any) -> str | None:
    """A national tax number; the slashes in some of them are part of the number."""
    return "".join((values.text(value) or "").split()).upper() or None


def _bic(value: Any) -> str | None:
    """A BIC; what ABBYY calls a bank's code may be a national one, which is none."""
    code = values.compact(value) or ""
    return code if _BIC.fullmatch(code) else None
