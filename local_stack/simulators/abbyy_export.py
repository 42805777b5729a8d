"""Exported files of the simulated ABBYY: the pages give no schema, so this one is the simulator's own.

Values are texts, and absent when nothing was read. Csv has one row per line of the invoice with the header repeated in
each, and no tax breakdown; Xls stands for the formats that a client can only keep, and is no real workbook.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

from invoice_engine.model import Field, Invoice, Line, Party, Tax
from local_stack.simulators.documents import text

FORMATS = ("Json", "Xml", "Csv", "Xls")
_DOCUMENT_TYPES: Mapping[str | None, str] = MappingProxyType({"invoice": "Invoice", "credit_note": "CreditNote"})
_NOT_FOR_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORKBOOK = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 504
Row = dict[str, str]


def summary(invoice: Invoice) -> dict[str, str | None]:
    """What the task itself tells of a document."""
    return {
        "vendor_name": text(invoice.supplier.name),
        "invoice_date": text(invoice.issue_date),
        "total": text(invoice.total),
        "currency": text(invoice.currency),
    }


def exported(invoice: Invoice, export_format: str) -> bytes:
    """The file of a document in one of FORMATS."""
    if export_format == "Xls":
        return _WORKBOOK
    tree = _tree(invoice)
    if export_format == "Xml":
        return _xml(tree)
    if export_format == "Csv":
        return _csv(tree)
    return json.dumps(tree, ensure_ascii=False, indent=2).encode()


def _tree(invoice: Invoice) -> dict[str, Any]:
    kind = text(invoice.type)
    tree: dict[str, Any] = {
        **({"DocumentType": _DOCUMENT_TYPES[kind]} if kind in _DOCUMENT_TYPES else {}),
        **_present(
            InvoiceNumber=invoice.invoice_number,
            InvoiceDate=invoice.issue_date,
            DueDate=invoice.due_date,
            Currency=invoice.currency,
            OrderNumber=invoice.purchase_order,
            PaymentReference=invoice.payment_reference,
        ),
        "Vendor": _party(invoice.supplier),
        "BusinessUnit": _party(invoice.customer),
        **_present(
            TotalNetAmount=invoice.subtotal,
            TotalTaxAmount=invoice.tax_total,
            Total=invoice.total,
            AmountDue=invoice.amount_due,
        ),
        "TaxRates": [_tax(tax) for tax in invoice.taxes],
        "LineItems": [_line(line) for line in invoice.lines],
    }
    return {name: value for name, value in tree.items() if value}


def _party(party: Party) -> Row:
    return _present(
        Name=party.name,
        Address=party.address,
        CountryCode=party.country,
        VATID=party.vat_number,
        NationalVATID=party.tax_number,
        IBAN=party.iban,
        BankCode=party.bic,
    )


def _tax(tax: Tax) -> Row:
    return _present(TaxRate=tax.rate, NetAmount=tax.base, TaxAmount=tax.amount)


def _line(line: Line) -> Row:
    return _present(
        Description=line.description,
        ArticleNumber=line.product_code,
        Quantity=line.quantity,
        UnitOfMeasurement=line.unit,
        UnitPrice=line.unit_price,
        Discount=line.discount,
        TaxRate=line.tax_rate,
        NetAmount=line.subtotal,
        GrossAmount=line.total,
    )


def _present(**fields: Field) -> Row:
    return {name: value for name, field in fields.items() if (value := text(field)) is not None}


def _xml(tree: Mapping[str, Any]) -> bytes:
    root = ET.Element("Document")
    for name, value in tree.items():
        element = ET.SubElement(root, name)
        if isinstance(value, list):
            for row in value:
                _add(ET.SubElement(element, "Row"), row)
        elif isinstance(value, dict):
            _add(element, value)
        else:
            element.text = _NOT_FOR_XML.sub("", value)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _add(element: ET.Element, row: Row) -> None:
    for name, value in row.items():
        ET.SubElement(element, name).text = _NOT_FOR_XML.sub("", value)


def _csv(tree: Mapping[str, Any]) -> bytes:
    header: Row = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            header |= {f"{name}.{key}": part for key, part in value.items()}
        elif isinstance(value, str):
            header[name] = value
    lines = [{f"LineItems.{key}": part for key, part in line.items()} for line in tree.get("LineItems", [])]
    rows = [{**header, **line} for line in lines or [{}]]
    # In the order in which the columns are met first: a line may lack a value that another one has.
    columns = list(dict.fromkeys(column for row in rows for column in row))
    sheet = io.StringIO(newline="")
    writer = csv.DictWriter(sheet, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return sheet.getvalue().encode()
