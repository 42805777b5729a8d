"""Prices as an operator writes them, amounts as people read them, and pages as documents say them."""

from __future__ import annotations

import zlib
from pathlib import Path

import pypdfium2
import pytest

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.pages import pages_of
from invoice_capture.domain.spending import Price, dollars, parse_prices, to_micros

DOCUMENTS = Path(__file__).parents[3] / "samples" / "documents"
SAMPLES = [path for path in sorted(DOCUMENTS.glob("*.pdf")) if path.read_bytes().startswith(b"%PDF")]


def test_an_account_costs_what_its_provider_costs() -> None:
    prices = parse_prices(
        '{"abbyy": {"page": 0.05}, "abbyy-eu": {"page": 0.01, "document": 0.1}, "ocr_job": {"page": 1}}'
    )
    assert prices.of("abbyy") == prices.of("abbyy-us") == Price(page=50_000)
    assert prices.of("abbyy-eu") == Price(document=100_000, page=10_000)
    assert prices.of("ocr_job-x") == Price(page=1_000_000)
    assert prices.of("extract_api") is None
    assert Price(document=100, page=10).of(3) == 130


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "[]", "1", "null", '{"abbyy": 1}', '{"abbyy": {}}', '{"abbyy": {"page": -1}}'),
        *('{"abbyy": {"pages": 1}}', '{"abbyy": {"page": "x"}}', '{"abbyy": {"page": 0.0000001}}'),
        *('{"abbyy": {"page": null}}', '{"abbyy": {"page": NaN}}', '{"abbyy": {"page": 1e99}}', '{"abbyy": []}'),
    ],
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whoever reads the setting names it
        parse_prices(text)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0.00"),
        (1, "0.000001"),
        (1500, "0.0015"),
        (100_000, "0.10"),
        (12_000_000, "12.00"),
        (12_345_678, "12.345678"),
    ],
)
def test_amounts_have_cents_at_least(micros: int, text: str) -> None:
    assert dollars(micros) == text
    assert to_micros(text) == micros


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_pages_are_those_that_a_reader_of_pdf_finds(path: Path) -> None:
    content = path.read_bytes()
    assert pages_of(DocumentKind.PDF, content) == len(pypdfium2.PdfDocument(content))


def test_pages_that_are_packed_are_found_and_bombs_are_not_unpacked() -> None:
    packed = zlib.compress(b"<< /Type /Page >> << /Type/Page/Parent 1 0 R >> << /Type /Pages /Count 2 >>")
    stream = b"<< /Type /ObjStm /N 3 /Filter /FlateDecode >>\nstream\n" + packed + b"\nendstream "
    assert pages_of(DocumentKind.PDF, b"%PDF-1.7 " + stream) == 2
    assert pages_of(DocumentKind.PDF, b"%PDF-1.7 " + stream.replace(packed, b"no such stream") + stream) == 2
    bomb = b"/Type /ObjStm >>\nstream\n" + zlib.compress(b"/Type /Page " * 5_000_000)
    assert pages_of(DocumentKind.PDF, b"%PDF-1.7 " + bomb * 3) <= 10_000


@pytest.mark.parametrize("kind", [DocumentKind.PNG, DocumentKind.TIFF, DocumentKind.E_INVOICE])
def test_anything_else_is_one_page(kind: DocumentKind) -> None:
    assert pages_of(kind, b"/Type /Page " * 9) == 1
