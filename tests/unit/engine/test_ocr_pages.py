"""What becomes of Tesseract's TSV, and how words from OCR enter the extraction."""

import io
import struct
import zlib
from collections.abc import Iterable
from math import cos, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from invoice_engine import Limits, extract
from invoice_engine.errors import NoTextLayer, TooLarge
from invoice_engine.layout.lines import lines_of
from invoice_engine.limits import Deadline
from invoice_engine.model import Box
from invoice_engine.read.ocr.language import guess_language
from invoice_engine.read.ocr.port import OcrResult, PageImage
from invoice_engine.read.ocr.tsv import page_of, parse_tsv
from invoice_engine.read.pdf import open_pdf
from invoice_engine.read.render import draw_pages, is_scan, png
from invoice_engine.read.words import Page, Word
from tests.unit.engine import documents

WIDTH, HEIGHT = 1000, 1400
Row = tuple[int, float, float, float, float, float, str]  # line, left, top, width, height, confidence, text


def tsv(*rows: Row, width: int = WIDTH, height: int = HEIGHT) -> str:
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"
    lines = [head, f"1\t1\t0\t0\t0\t0\t0\t0\t{width}\t{height}\t-1\t"]
    for word, (line, left, top, across, down, confidence, text) in enumerate(rows):
        lines.append(f"5\t1\t1\t1\t{line}\t{word}\t{left}\t{top}\t{across}\t{down}\t{confidence}\t{text}")
    return "\n".join(lines) + "\n"


def words(*rows: Row) -> list[Word]:
    return list(page_of(parse_tsv(tsv(*rows)), 0, None).words)


def test_boxes_are_fractions_and_the_size_is_in_points() -> None:
    page = page_of(parse_tsv(tsv((1, 100, 140, 50, 28, 96, "Total"))), 3, 100)
    assert (page.number, page.width, page.height) == (3, 720, 1008)
    assert page.words == (Word("Total", Box(0.1, 0.1, 0.15, 0.12), confidence=0.96),)


def test_dirt_and_rules_of_tables_are_left_out() -> None:
    rows = [(1, 0, 0, 9, 9, 4, "blot"), (1, 20, 0, 9, 9, 95, "|"), (1, 40, 0, 9, 9, 95, "——")]
    assert [word.text for word in words(*rows, (1, 60, 0, 9, 9, 95, "|12"), (1, 80, 0, 9, 9, 95, "-"))] == ["12", "-"]


def test_a_word_of_invoices_is_kept_however_unsure_tesseract_is() -> None:
    assert [word.text for word in words((1, 0, 0, 50, 20, 0, "Tofal"), (1, 60, 0, 50, 20, 0, "Total"))] == ["Total"]


def test_a_colon_ends_a_word_as_it_does_in_digital_text() -> None:
    (label, number, *rest) = words((1, 100, 100, 80, 20, 90, "No:4711"), (1, 200, 100, 50, 20, 90, "12:30"))
    assert (label.text, number.text, [word.text for word in rest]) == ("No:", "4711", ["12:30"])
    assert label.box.right == pytest.approx(number.box.left)
    assert number.box.right == pytest.approx(0.18)


def test_the_words_of_a_line_stand_at_one_height() -> None:
    row = words((1, 0, 100, 50, 20, 90, "Sum"), (1, 60, 112, 9, 3, 90, "-"), (1, 80, 100, 40, 24, 90, "7,50"))
    assert len({(word.box.top, word.box.bottom) for word in row}) == 1


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_turned_back(degrees: int) -> None:
    upright = parse_tsv(tsv((1, 100, 140, 50, 28, 96, "Total")))
    turned = upright.turned(360 - degrees)
    assert turned.turned(degrees) == upright
    assert (turned.width, turned.height) == ((1400, 1000) if degrees != 180 else (1000, 1400))
    corner = {90: (140, 850), 180: (850, 1232), 270: (1232, 100)}[degrees]
    assert (turned.words[0].left, turned.words[0].top) == corner


@pytest.mark.parametrize("degrees", [-2.0, -0.7, 0.7, 2.0])
def test_a_leaning_page_is_straightened(degrees: float) -> None:
    turn = radians(degrees)
    rows: list[Row] = []
    for line in range(12):
        for left in (60, 200, 380, 800):  # a label and an amount far to its right, as in a block of totals
            x, y = left - WIDTH / 2, 200 + line * 40 - HEIGHT / 2
            at = (WIDTH / 2 + x * cos(turn) - y * sin(turn), HEIGHT / 2 + x * sin(turn) + y * cos(turn))
            rows.append((line, round(at[0]), round(at[1]), 90, 22, 95, f"word{line}"))
    page = page_of(parse_tsv(tsv(*rows)), 0, None)
    assert [{word.text for cell in line.cells for word in cell.words} for line in lines_of(page)] == [
        {f"word{line}"} for line in range(12)
    ]


@given(st.text(alphabet=st.sampled_from("\t\n15-.aé|:"), max_size=200))
def test_any_text_is_a_page(text: str) -> None:
    page = page_of(parse_tsv(text), 0, None)
    assert all(word.text and 0 <= edge <= 1 for word in page.words for edge in word.box)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Rechnung Rechnungsnummer Datum Kunden Nr Betrag Falligkeit MwSt zahlbar bis", "deu"),
        ("Facture numero de facture date de facturation echeance montant total a payer TVA", "fra"),
        ("Factuur factuurnummer factuurdatum vervaldatum te betalen btw klantnummer", "nld"),
        ("Faktura numer data wystawienia termin platnosci sprzedawca nabywca kwota brutto", "pol"),
        ("Invoice number invoice date due date amount total VAT payment terms", "eng"),
        ("1 2 3 xyz", "eng"),
        ("", "eng"),
    ],
)
def test_the_language_shows_in_the_words_of_invoices(text: str, language: str) -> None:
    assert guess_language(text.split()) == language


def test_a_drawn_picture_is_a_png() -> None:
    data = png(bytes([0, 128, 9, 255, 64, 9]), 2, 2, 3)
    assert list(Image.open(io.BytesIO(data)).tobytes()) == [0, 128, 255, 64]


def scanned_pdf(*sizes: float, text: str = "") -> bytes:
    """A page for each size: a picture over that share of its width and height; `text` fills a last page."""
    grey = ImageReader(Image.new("L", (60, 80), 200))
    buffer = io.BytesIO()
    paper = canvas.Canvas(buffer, pagesize=documents.A4, invariant=1)
    for size in sizes:
        paper.drawImage(grey, 0, 0, documents.A4[0] * size, documents.A4[1] * size)
        paper.showPage()
    if text:
        paper.drawString(60, 700, text)
        paper.showPage()
    paper.save()
    return buffer.getvalue()


class Reader:
    """Finds the same words on every picture, and keeps what it was given."""

    def __init__(self, texts: Iterable[documents.Text], missing: bool = False) -> None:
        across, down = documents.A4
        self.words = tuple(
            Word(part, Box((x + 6 * at) / across, y / down, (x + 6 * at + 6 * len(part) - 3) / across, (y + 8) / down))
            for x, y, text in texts
            for at, part in _words_of(text)
        )
        self.missing = missing
        self.images: list[PageImage] = []

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:
        if self.missing:
            raise NoTextLayer("no OCR here")
        self.images = list(images)
        return OcrResult([Page(image.number, *documents.A4, self.words) for image in self.images])


def _words_of(text: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for part in text.split(" "):
        found.append((at, part))
        at += len(part) + 1
    return found


def test_a_scanned_pdf_is_drawn_and_read_like_digital_text() -> None:
    reader = Reader(documents.GERMAN_INVOICE)
    extraction = extract(scanned_pdf(1.0), ocr=reader)
    assert (extraction.source, extraction.pages) == ("ocr", 1)
    assert extraction.invoice.invoice_number.value == "KL-2026-17"
    assert str(extraction.invoice.total.value) == "1297.10"
    (image,) = reader.images
    assert (image.width, image.height, image.dpi) == (1653, 2339, 200)
    assert Image.open(io.BytesIO(image.data)).size == (1653, 2339)


def test_an_image_is_handed_over_as_it_is() -> None:
    reader = Reader(documents.GERMAN_INVOICE)
    buffer = io.BytesIO()
    Image.new("L", (60, 80)).save(buffer, "PNG")
    assert extract(buffer.getvalue(), ocr=reader).source == "ocr"
    assert reader.images == [PageImage(buffer.getvalue(), 0, 60, 80)]


def test_digital_pages_are_not_given_to_ocr() -> None:
    reader = Reader([], missing=True)
    extraction = extract(documents.pdf(documents.GERMAN_INVOICE, []), ocr=reader)
    assert (extraction.source, extraction.pages, extraction.notes) == ("pdf_text", 2, [])


def test_only_the_scan_between_digital_pages_is_read() -> None:
    reader = Reader([(60, 700, "Total 12.00 EUR")])
    data = scanned_pdf(1.0, 0.3, text="one two three four five six seven eight nine")
    extraction = extract(data, ocr=reader)
    assert (extraction.source, [image.number for image in reader.images]) == ("pdf_text", [0])


def test_a_scan_among_digital_pages_is_noted_when_ocr_is_not_installed() -> None:
    data = scanned_pdf(1.0, text="one two three four five six seven eight nine")
    (note,) = extract(data, ocr=Reader([], missing=True)).notes
    assert (note.code, note.message.endswith("read them: 1.")) == ("pages_not_read", True)


def test_an_embedded_e_invoice_needs_no_ocr() -> None:
    data = documents.with_attachment(scanned_pdf(1.0), "factur-x.xml", documents.CII.encode())
    assert extract(data, ocr=Reader([], missing=True)).source == "cii"


def test_a_blank_scan_says_what_to_do() -> None:
    with pytest.raises(NoTextLayer, match="found no text"):
        extract(scanned_pdf(1.0), ocr=Reader([]))


def test_too_many_scanned_pages_are_refused() -> None:
    with pytest.raises(TooLarge, match="3 scanned pages, more than the 2 allowed"):
        extract(scanned_pdf(1, 1, 1), Limits(max_scanned_pages=2), Reader([]))


def test_a_huge_page_is_drawn_small() -> None:
    buffer = io.BytesIO()
    paper = canvas.Canvas(buffer, pagesize=(14_000, 14_000), invariant=1)
    paper.showPage()
    paper.save()
    with open_pdf(buffer.getvalue(), Limits()) as pdf:
        (image,) = draw_pages(pdf, [0], Limits(max_drawn_pixels=10_000), Deadline(10))
        assert not is_scan(pdf, 0)
    assert image.width * image.height <= 10_100
    header = struct.unpack(">II", image.data[16:24])
    assert header == (image.width, image.height)
    assert len(zlib.decompress(image.data[41:-16])) == image.height * (image.width + 1)
