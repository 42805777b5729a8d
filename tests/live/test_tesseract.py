"""Scans of an invoice of our own, read by the real Tesseract with English and German."""

import io
import os
import shutil

import pytest
from PIL import Image

from invoice_engine import Extraction, Limits, extract
from invoice_engine.limits import Deadline
from invoice_engine.read.pdf import open_pdf
from invoice_engine.read.render import draw_pages
from tests.unit.engine import documents


@pytest.fixture(autouse=True)
def needs_tesseract() -> None:
    """A developer may do without it; where the whole suite must run, its absence is a failure."""
    if shutil.which("tesseract"):
        return
    message = "Tesseract is not installed: apt-get install tesseract-ocr tesseract-ocr-deu"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def scan() -> Image.Image:
    with open_pdf(documents.pdf(documents.GERMAN_INVOICE), Limits()) as pdf:
        (page,) = draw_pages(pdf, [0], Limits(), Deadline(10))
    return Image.open(io.BytesIO(page.data))


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.copy().save(buffer, kind, **options)
    return buffer.getvalue()


def check(extraction: Extraction) -> None:
    invoice = extraction.invoice
    assert extraction.source == "ocr"
    assert invoice.invoice_number.value == "KL-2026-17"
    assert str(invoice.issue_date.value) == "2026-03-02"
    assert str(invoice.due_date.value) == "2026-04-01"
    assert str(invoice.total.value) == "1297.10"
    assert invoice.supplier.iban.value == "DE89370400440532013000"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
def test_every_format_is_read(scan: Image.Image, kind: str) -> None:
    check(extract(saved(scan, kind)))


def test_a_scanned_pdf_is_read(scan: Image.Image) -> None:
    check(extract(saved(scan, "PDF", resolution=200)))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_the_wrong_way_up_is_read_and_its_boxes_are_upright(scan: Image.Image, degrees: int) -> None:
    extraction = extract(saved(scan.rotate(degrees, expand=True), "PNG"))
    check(extraction)
    number = extraction.invoice.invoice_number.chosen
    assert number is not None
    assert number.box is not None
    assert number.box.left == pytest.approx(460 / 595, abs=0.02)
    assert number.box.top == pytest.approx(130 / 842, abs=0.02)


@pytest.mark.parametrize("degrees", [-1.5, 1.5])
def test_a_page_that_leans_is_read(scan: Image.Image, degrees: float) -> None:
    check(extract(saved(scan.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255), "PNG")))


def test_the_second_page_of_a_tiff_is_read(scan: Image.Image) -> None:
    cover = Image.new("L", scan.size, 255)
    extraction = extract(saved(cover, "TIFF", save_all=True, append_images=[scan.copy()]))
    assert extraction.pages == 2
    number = extraction.invoice.invoice_number.chosen
    assert number is not None
    assert (number.value, number.page) == ("KL-2026-17", 1)
