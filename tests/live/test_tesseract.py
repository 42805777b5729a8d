"""Scans of an invoice of our own, read by the real Tesseract with English and German."""

import io
import os
import shutil

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from invoice_engine import Extraction, Limits, extract
from invoice_engine.limits import Deadline
from invoice_engine.read.images import page_images
from invoice_engine.read.ocr.tesseract import TesseractReader
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


def test_a_photo_with_a_deep_shadow_is_read(scan: Image.Image) -> None:
    shadow = Image.linear_gradient("L").rotate(90).resize(scan.size).point(lambda value: min(255, 30 + value * 2))
    check(extract(saved(ImageChops.multiply(scan.convert("L"), shadow), "JPEG", quality=85)))


def test_a_photo_stands_as_its_camera_says(scan: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    extraction = extract(saved(scan.rotate(90, expand=True), "JPEG", exif=exif, quality=90))
    check(extraction)
    number = extraction.invoice.invoice_number.chosen
    assert number is not None
    assert number.box is not None
    assert number.box.left == pytest.approx(460 / 595, abs=0.02)
    assert number.box.top == pytest.approx(130 / 842, abs=0.02)


def test_white_print_on_a_dark_ground_is_read(scan: Image.Image) -> None:
    banner = ImageChops.invert(scan.crop((0, 0, scan.width, 500)))
    page = scan.copy()
    page.paste(banner, (0, 0))
    assert extract(saved(page, "PNG")).invoice.invoice_number.value == "KL-2026-17"


RECEIPT = ["BACKSTUBE AM MARKT", "Marktplatz 7", "2 x Laugenbrezel", "Summe EUR", "Bar EUR", "Danke fuer Ihren Einkauf"]


def receipt(ink: int, paper: int) -> Image.Image:
    """A small till receipt, its amounts at the right."""
    picture = Image.new("L", (420, 760), paper)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=20)
    for number, text in enumerate(RECEIPT):
        draw.text((30, 60 + 90 * number), text, fill=ink, font=font)
        if "EUR" in text:
            draw.text((330, 60 + 90 * number), "3,40", fill=ink, font=font)
    return picture


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (60, 140), (205, 245)])
def test_a_receipt_is_read_however_dark_its_paper_and_faint_its_print(ink: int, paper: int) -> None:
    picture = receipt(ink, paper)
    picture.paste(0, (0, 0, 420, 25))  # the table it lies on
    images = page_images(saved(picture, "JPEG", quality=80), Limits())
    (page,) = TesseractReader().read(images, Limits(), Deadline(60)).pages
    text = " ".join(word.text for word in page.words)
    assert "BACKSTUBE AM MARKT" in text
    amounts = [word for word in page.words if word.text == "3,40"]
    assert [word.box.left for word in amounts] == pytest.approx([330 / 420] * 2, abs=0.02)
    assert sorted(word.box.top for word in amounts) == pytest.approx([334 / 760, 424 / 760], abs=0.02)


def test_the_second_page_of_a_tiff_is_read(scan: Image.Image) -> None:
    cover = Image.new("L", scan.size, 255)
    extraction = extract(saved(cover, "TIFF", save_all=True, append_images=[scan.copy()]))
    assert extraction.pages == 2
    number = extraction.invoice.invoice_number.chosen
    assert number is not None
    assert (number.value, number.page) == ("KL-2026-17", 1)
