"""Raw answers as the adapter keeps them, and one invoice in each format that is exported."""

from __future__ import annotations

import json
from typing import Any

EXPORT: dict[str, Any] = {
    "DocumentType": "Invoice",
    "InvoiceNumber": "2026-0107",
    "InvoiceDate": "2026-01-27",
    "DueDate": "2026-02-10",
    "Currency": "EUR",
    "OrderNumber": "B-4471",
    "PaymentReference": "RF18 5390",
    "Vendor": {
        "Name": "Façade + Söhne GmbH",
        "Address": "Nebelsteig 3, 99900 Fabelhausen",
        "CountryCode": "DE",
        "VATID": "DE 999912349",
        "NationalVATID": "99/412/30000",
        "IBAN": "DE22 9999 0000 0012 3456 00",
        "BankCode": "XQZVDE99XXX",
    },
    "BusinessUnit": {
        "Name": "Gasthof Zum Halben Mond",
        "Address": "Kirchplatz 1",
        "CountryCode": "at",
        "VATID": "ATU99937104",
        "NationalVATID": "12 345",
        "IBAN": "AT479999900012345678",
        "BankCode": "XQZVAT99",
    },
    "TotalNetAmount": "4185.8",
    "TotalTaxAmount": "533.70",
    "Total": "4719.50",
    "AmountDue": "4719.5",
    "TaxRates": [
        {"TaxRate": "19", "NetAmount": "2005.80", "TaxAmount": "381.10"},
        {"TaxRate": "7", "NetAmount": "2180.00", "TaxAmount": "152.60"},
    ],
    "LineItems": [
        {
            "Description": "Bergkäse, 24 Monate",
            "ArticleNumber": "KS-24",
            "Quantity": "12.4",
            "UnitOfMeasurement": "KGM",
            "UnitPrice": "23.8",
            "Discount": "1.00",
            "TaxRate": "7",
            "NetAmount": "294.12",
            "GrossAmount": "314.71",
        },
        {"Description": "Almbutter", "Quantity": "15", "UnitPrice": "9.20", "NetAmount": "138.00"},
    ],
    "HouseNumberOfTheCourier": "unknown to every table",
}

HEADER: dict[str, str] = {
    "type": "invoice",
    "invoice_number": "2026-0107",
    "issue_date": "2026-01-27",
    "due_date": "2026-02-10",
    "currency": "EUR",
    "purchase_order": "B-4471",
    "payment_reference": "RF18 5390",
    "supplier.name": "Façade + Söhne GmbH",
    "supplier.address": "Nebelsteig 3, 99900 Fabelhausen",
    "supplier.country": "DE",
    "supplier.vat_number": "DE999912349",
    "supplier.tax_number": "99/412/30000",
    "supplier.iban": "DE22999900000012345600",
    "supplier.bic": "XQZVDE99XXX",
    "customer.name": "Gasthof Zum Halben Mond",
    "customer.address": "Kirchplatz 1",
    "customer.country": "AT",
    "customer.vat_number": "ATU99937104",
    "customer.tax_number": "12345",
    "customer.iban": "AT479999900012345678",
    "customer.bic": "XQZVAT99",
    "subtotal": "4185.80",
    "tax_total": "533.70",
    "total": "4719.50",
    "amount_due": "4719.50",
}
LINES: dict[str, str] = {
    "lines.0.description": "Bergkäse, 24 Monate",
    "lines.0.product_code": "KS-24",
    "lines.0.quantity": "12.4",
    "lines.0.unit": "KGM",
    "lines.0.unit_price": "23.80",
    "lines.0.discount": "1.00",
    "lines.0.tax_rate": "7",
    "lines.0.subtotal": "294.12",
    "lines.0.total": "314.71",
    "lines.1.description": "Almbutter",
    "lines.1.quantity": "15",
    "lines.1.unit_price": "9.20",
    "lines.1.subtotal": "138.00",
}
TAXES: dict[str, str] = {
    "taxes.0.rate": "19",
    "taxes.0.base": "2005.80",
    "taxes.0.amount": "381.10",
    "taxes.1.rate": "7",
    "taxes.1.base": "2180.00",
    "taxes.1.amount": "152.60",
}
"""What EXPORT says, by the flat names of the canonical invoice."""


SUMMARY = {
    "region": "EU",
    "export_format": "Json",
    "verification_type": "NoVerification",
    "vendor_name": "Façade + Söhne GmbH",
    "invoice_date": "2026-01-28",
    "total": 4719.5,
    "currency": "EUR",
}
"""What a finished task itself tells of the document, besides how it was processed."""


def as_json(export: Any) -> str:
    return json.dumps(export, ensure_ascii=False)


def as_xml(export: dict[str, Any]) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Document>\n{_elements(export)}</Document>'


def _elements(node: dict[str, Any]) -> str:
    return "".join(f"  <{name}>{_element(value)}</{name}>\n" for name, value in node.items())


def _element(value: Any) -> str:
    if isinstance(value, dict):
        return "\n" + _elements(value)
    if isinstance(value, list):
        return "".join(f"<Row>{_elements(row)}</Row>" for row in value)
    return str(value)


def as_csv(export: dict[str, Any], delimiter: str = ",") -> str:
    """One row per line item, with the header's columns repeated; a tax breakdown has no columns."""
    header = {name: value for name, value in export.items() if isinstance(value, str)}
    for party in ("Vendor", "BusinessUnit"):
        header |= {f"{party}.{name}": value for name, value in export[party].items()}
    lines = export["LineItems"]
    columns = [*header, *(f"LineItems.{name}" for name in lines[0])]
    rows = [columns, *([*header.values(), *(line.get(name, "") for name in lines[0])] for line in lines)]
    return "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)


def kept(
    *files: tuple[str, Any], data: Any = None, export_format: str | None = None, encoding: str = "utf-8", **task: Any
) -> bytes:
    """A raw answer: a finished task of one document with these exported files, by name and content."""
    roles = {"source": {"id": "f-source", "token": "t-source", "name": "invoice.pdf"}}
    roles |= {f"target{n}": {"id": f"f{n}", "token": f"t{n}", "name": name} for n, (name, _) in enumerate(files)}
    answer = {
        "task": {
            "id": "task-1",
            "status": "Done",
            "properties": {"export_format": export_format} if export_format else {},
            "documents": [{"files": roles, "data": data, "is_moved": False}],
            **task,
        },
        "files": [
            {"role": f"target{n}", "id": f"f{n}", "name": name, "encoding": encoding, "content": content}
            for n, (name, content) in enumerate(files)
        ],
    }
    return json.dumps(answer).encode()
