"""Writes the sample documents and `expected.json`, the same bytes on every run.

Run it from the root of the project: `python -m samples.make_samples [--out samples]`
"""

import argparse
import json
from pathlib import Path
from typing import Any

from samples.catalogue import INVOICES, REFUSED
from samples.einvoice import cii, ubl
from samples.factur_x import attach_cii
from samples.layouts import LAYOUTS
from samples.model import Invoice


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
    }


def make(out: Path) -> list[Path]:
    """Write everything below `out` and return the documents' paths; files of the same name are replaced."""
    folder = out / "documents"
    folder.mkdir(parents=True, exist_ok=True)
    contents = {invoice.file_name: document(invoice) for invoice in INVOICES}
    contents |= {refused.file_name: refused.content for refused in REFUSED}
    expected = {invoice.file_name: expectation(invoice) for invoice in INVOICES}
    expected |= {refused.file_name: {"status": "REJECTED", "reason": refused.reason} for refused in REFUSED}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    text = json.dumps(expected, ensure_ascii=False, indent=2) + "\n"
    (out / "expected.json").write_text(text, encoding="utf-8")
    return [folder / name for name in contents]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the sample documents and expected.json.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to (default: samples)")
    documents = make(parser.parse_args().out)
    for path in documents:
        print(f"{path.stat().st_size:>7,} bytes  {path}")


if __name__ == "__main__":
    main()
