"""Writes the sample documents and what must come out of them, the same bytes on every run.

Run it from the root of the project: `python -m samples.make_samples [--out samples]`
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from samples.catalogue import INVOICES, REFUSED, SCANNED
from samples.einvoice import cii, ubl
from samples.factur_x import attach_cii
from samples.layouts import LAYOUTS
from samples.model import Invoice
from samples.scanning import scanned

# What becomes of a scan on a machine that cannot read scans.
_UNREAD = {"status": "FAILED", "reason": "no_text_layer"}


def document(invoice: Invoice) -> bytes:
    """Return the bytes of one sample: an XML document, or a PDF that may carry one."""
    if invoice.layout == "cii":
        return cii(invoice)
    if invoice.layout == "ubl":
        return ubl(invoice)
    pdf = LAYOUTS[invoice.layout](invoice)
    return attach_cii(pdf, invoice) if invoice.factur_x else pdf


def expectation(invoice: Invoice) -> dict[str, Any]:
    """Return what capture must find: ISO 8601 dates, money as strings, null for what is not there."""
    return {
        "status": "CAPTURED",
        "invoice": {
            "invoice_number": invoice.number,
            "issue_date": invoice.issue_date.isoformat(),
            "due_date": invoice.due_date.isoformat() if invoice.due_date else None,
            "type": invoice.kind,
            "currency": invoice.currency,
            "supplier.name": invoice.supplier.name,
            "supplier.vat_number": invoice.supplier.vat_number,
            "supplier.iban": invoice.supplier.iban,
            "subtotal": str(invoice.subtotal),
            "tax_total": str(invoice.tax_total),
            "total": str(invoice.total),
        },
        "lines": [
            {
                "description": line.description,
                "quantity": str(line.quantity),
                "unit_price": str(line.unit_price),
                "subtotal": str(line.net),
            }
            for line in invoice.lines
        ],
        "findings": [],
    }


def label(invoice: Invoice, kind: str, folder: str = "documents") -> dict[str, Any]:
    """Return the row of `ground_truth.jsonl`, by which `invoice-capture evaluate samples` measures the engine."""
    fields = {
        "invoice_id": invoice.number,
        "date": invoice.issue_date.isoformat(),
        "due_date": invoice.due_date.isoformat() if invoice.due_date else None,
        "total": str(invoice.total),
        "subtotal": str(invoice.subtotal),
        "tax_total": str(invoice.tax_total),
        "currency": invoice.currency,
        "supplier": invoice.supplier.name,
        "vat_number": invoice.supplier.vat_number,
        "iban": invoice.supplier.iban,
    }
    lines = [
        {"description": line.description, "quantity": str(line.quantity), "amount": str(line.net)}
        for line in invoice.lines
    ]
    return {
        "file": f"{folder}/{invoice.file_name}",
        "kind": kind,
        "group": invoice.layout,
        "fields": {name: value for name, value in fields.items() if value is not None},
        "lines": lines,
    }


def make(out: Path) -> list[Path]:
    """Write everything below `out` and return the documents' paths; files of the same name are replaced."""
    contents = {Path("documents", invoice.file_name): document(invoice) for invoice in INVOICES}
    contents |= {Path("documents", refused.file_name): refused.content for refused in REFUSED}
    contents |= {Path("scans", invoice.file_name): scanned(document(invoice)) for invoice in SCANNED}
    expected = {invoice.file_name: expectation(invoice) for invoice in INVOICES}
    expected |= {refused.file_name: {"status": "REJECTED", "reason": refused.reason} for refused in REFUSED}
    scans = {invoice.file_name: {**expectation(invoice), "without_ocr": dict(_UNREAD)} for invoice in SCANNED}
    for path, content in contents.items():
        entry = (scans if path.parent.name == "scans" else expected)[path.name]
        entry["sha256"] = hashlib.sha256(content).hexdigest()
    for name, content in contents.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    _write_json(out / "expected.json", expected)
    _write_json(out / "expected_scans.json", scans)
    labels = [label(invoice, _kind(invoice)) for invoice in INVOICES]
    labels += [label(invoice, "scan", "scans") for invoice in SCANNED]
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in labels)
    (out / "ground_truth.jsonl").write_text(rows, encoding="utf-8")
    return [out / name for name in contents]


def _kind(invoice: Invoice) -> str:
    if invoice.layout in ("cii", "ubl"):
        return "xml"
    return "hybrid" if invoice.factur_x else "digital"


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the sample documents and what they say.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to (default: samples)")
    documents = make(parser.parse_args().out)
    for path in documents:
        print(f"{path.stat().st_size:>7,} bytes  {path}")


if __name__ == "__main__":
    main()
