"""Labelled folders made for the tests: an invoice, and the values that are printed on it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from tests.unit.engine import documents

PRINTED = {
    "invoice_id": "KL-2026-17",
    "date": "2026-03-02",
    "due_date": "2026-04-01",
    "total": "1297.10",
    "subtotal": "1090.00",
    "tax_total": "207.10",
    "currency": "EUR",
    "supplier": "Nebelhorn Metallbau GmbH",
    "iban": "DE89370400440532013000",
}
LINES = [
    {"description": "Lattenrost, verzinkt", "quantity": "40", "amount": "100.00"},
    {"description": "Geländer, Edelstahl", "quantity": "3", "amount": "990.00"},
]
# The sheet is documents.GERMAN_INVOICE but for its items, which are those of LINES.
_HEAD = [text for text in documents.GERMAN_INVOICE if text[1] != 300]
SHEET: list[documents.Text] = [
    *_HEAD,
    *[(left, 300, text) for left, text in ((60, "Lattenrost, verzinkt"), (300, "40"), (380, "2,50"), (480, "100,00"))],
    *[(left, 316, text) for left, text in ((60, "Geländer, Edelstahl"), (300, "3"), (380, "330,00"), (480, "990,00"))],
]


def write(folder: Path, *rows: dict[str, Any], **contents: bytes) -> Path:
    """A labelled folder; ``contents`` are documents by the stem of their PDF."""
    folder.mkdir(exist_ok=True)
    for stem, content in contents.items():
        (folder / f"{stem}.pdf").write_bytes(content)
    labels = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "ground_truth.jsonl").write_text(labels, encoding="utf-8")
    return folder


def a_row(file: str, *, kind: str = "digital", group: str = "letters", **changes: str | None) -> dict[str, Any]:
    fields = {name: value for name, value in (PRINTED | changes).items() if value is not None}
    return {"file": file, "kind": kind, "group": group, "fields": fields}


def an_invoice() -> bytes:
    return documents.pdf(SHEET)


def a_picture() -> bytes:
    """A PNG file without any text."""
    buffer = io.BytesIO()
    Image.new("L", (300, 400), 255).save(buffer, "PNG")
    return buffer.getvalue()
