"""The committed samples are what the script makes, agree with `expected.json`, and show what they promise."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
from lxml import etree
from PIL import Image, ImageChops, ImageStat
from stdnum import iban
from stdnum.ch import vat as swiss_vat
from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as british_vat

from samples.catalogue import INVOICES, REFUSED, SCANNED
from samples.einvoice import UBL_INVOICE, cii
from samples.factur_x import ATTACHMENT
from samples.make_samples import expectation, make
from samples.model import Invoice
from samples.wording import number

SAMPLES = Path(__file__).parents[2] / "samples"
DOCUMENTS = SAMPLES / "documents"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
CAPTURED = {name: entry["invoice"] for name, entry in EXPECTED.items() if entry["status"] == "CAPTURED"}
DRAWN = [invoice for invoice in INVOICES if invoice.file_name.endswith(".pdf")]
SCANS = {
    name: entry["invoice"]
    for name, entry in json.loads((SAMPLES / "expected_scans.json").read_text(encoding="utf-8")).items()
}
MAX_BYTES = 60_000
MAX_SCAN_BYTES = 150_000


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    make(folder)
    return folder


def page_texts(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]


def placed_characters(path: Path) -> list[list[tuple[str, list[int]]]]:
    """Every character of every page with its box in whole points."""
    with pypdfium2.PdfDocument(path) as pdf:
        textpages = [page.get_textpage() for page in pdf]
        return [
            [
                (textpage.get_text_range(index, 1), [round(edge) for edge in textpage.get_charbox(index)])
                for index in range(textpage.count_chars())
            ]
            for textpage in textpages
        ]


def attachments(path: Path) -> dict[str, bytes]:
    with pypdfium2.PdfDocument(path) as pdf:
        files = [pdf.get_attachment(index) for index in range(pdf.count_attachments())]
        return {file.get_name(): bytes(file.get_data()) for file in files}


def file_of(invoice: Invoice) -> Path:
    return DOCUMENTS / invoice.file_name


def picture(path: Path) -> Image.Image:
    with pypdfium2.PdfDocument(path) as pdf:
        return pdf[0].render(scale=1, grayscale=True).to_pil().convert("L")


def bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


def test_the_folder_holds_exactly_the_documents_of_the_catalogue() -> None:
    names = {sample.file_name for sample in (*INVOICES, *REFUSED)}

    assert {path.name for path in DOCUMENTS.iterdir()} == names
    assert set(EXPECTED) == names


@pytest.mark.parametrize("name", ["expected.json", "ground_truth.jsonl"])
def test_expected_values_are_what_the_script_writes(name: str, remade: Path) -> None:
    assert (remade / name).read_bytes() == (SAMPLES / name).read_bytes()


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {invoice.file_name for invoice in DRAWN}))
def test_committed_bytes_are_what_the_script_writes(name: str, remade: Path) -> None:
    assert (remade / "documents" / name).read_bytes() == (DOCUMENTS / name).read_bytes()


# A newer PDF library may arrange the file differently, so PDFs are compared by what they show and carry.
@pytest.mark.parametrize("invoice", DRAWN, ids=lambda invoice: invoice.layout)
def test_committed_pdf_shows_what_the_script_draws(invoice: Invoice, remade: Path) -> None:
    fresh = remade / "documents" / invoice.file_name

    assert placed_characters(fresh) == placed_characters(file_of(invoice))
    assert attachments(fresh) == attachments(file_of(invoice))


def test_two_runs_write_the_same_bytes(remade: Path, tmp_path: Path) -> None:
    again = make(tmp_path)

    before = {path.name: path.read_bytes() for path in remade.glob("*/*")}
    assert {path.name: path.read_bytes() for path in again} == before


def test_every_document_is_small() -> None:
    assert max(path.stat().st_size for path in DOCUMENTS.iterdir()) < MAX_BYTES


@pytest.mark.parametrize("invoice", [*INVOICES, *SCANNED], ids=lambda invoice: invoice.number)
def test_amounts_add_up(invoice: Invoice) -> None:
    expected = {**CAPTURED, **SCANS}[invoice.file_name]
    lines = expectation(invoice)["lines"]
    assert sum(Decimal(line["subtotal"]) for line in lines) == Decimal(expected["subtotal"])
    subtotal, tax_total, total = (Decimal(expected[key]) for key in ("subtotal", "tax_total", "total"))
    exact = sum(line.quantity * line.unit_price for line in invoice.lines)

    assert abs(exact - subtotal) <= Decimal("0.005") * len(invoice.lines)
    assert sum(tax.base for tax in invoice.taxes) == subtotal
    assert sum(tax.amount for tax in invoice.taxes) == tax_total
    assert subtotal + tax_total == total


@pytest.mark.parametrize("name", CAPTURED)
def test_dates_are_in_order(name: str) -> None:
    issued, due = CAPTURED[name]["issue_date"], CAPTURED[name]["due_date"]

    assert "2026-01-01" <= issued < (due or "2026-06-01") <= "2026-06-01"


@pytest.mark.parametrize("name", [name for name in CAPTURED if CAPTURED[name]["supplier.iban"]])
def test_iban_is_valid(name: str) -> None:
    value = CAPTURED[name]["supplier.iban"]

    assert iban.validate(value) == value


@pytest.mark.parametrize("name", [name for name in CAPTURED if CAPTURED[name]["supplier.vat_number"]])
def test_vat_number_is_valid(name: str) -> None:
    value = CAPTURED[name]["supplier.vat_number"]
    module = {"GB": british_vat, "CH": swiss_vat}.get(value[:2], eu_vat)

    assert module.is_valid(value)


@pytest.mark.parametrize("invoice", DRAWN, ids=lambda invoice: invoice.layout)
def test_expected_values_can_be_read_on_the_page(invoice: Invoice) -> None:
    text = "\n".join(page_texts(file_of(invoice))).replace("\N{NO-BREAK SPACE}", " ")
    amounts = [invoice.subtotal, *(tax.amount for tax in invoice.taxes), invoice.total]

    assert invoice.number in text
    assert invoice.supplier.name in text
    assert bare(invoice.supplier.iban or "") in bare(text)
    assert bare(invoice.supplier.vat_number or "") in bare(text)
    for amount in amounts:
        assert number(amount, invoice.language).replace("\N{NO-BREAK SPACE}", " ") in text


class TestScans:
    def test_the_folder_holds_exactly_those_of_the_catalogue(self) -> None:
        names = {invoice.file_name for invoice in SCANNED}
        assert {path.name for path in (SAMPLES / "scans").iterdir()} == names == set(SCANS)

    def test_expected_values_are_what_the_script_writes(self, remade: Path) -> None:
        name = "expected_scans.json"
        assert (remade / name).read_bytes() == (SAMPLES / name).read_bytes()

    # Another version of the libraries may round the pixels differently.
    @pytest.mark.parametrize("invoice", SCANNED, ids=lambda invoice: invoice.layout)
    def test_the_committed_picture_is_the_one_that_the_script_draws(self, invoice: Invoice, remade: Path) -> None:
        fresh, committed = (picture(folder / "scans" / invoice.file_name) for folder in (remade, SAMPLES))
        assert ImageStat.Stat(ImageChops.difference(fresh, committed)).mean[0] < 1

    @pytest.mark.parametrize("invoice", SCANNED, ids=lambda invoice: invoice.layout)
    def test_a_scan_is_small_and_has_no_text(self, invoice: Invoice) -> None:
        path = SAMPLES / "scans" / invoice.file_name
        assert path.stat().st_size < MAX_SCAN_BYTES
        assert page_texts(path) == [""]


class TestTheSamplesShow:
    """What the samples exist for."""

    def test_several_layouts(self) -> None:
        assert len({invoice.layout for invoice in DRAWN}) == len(DRAWN) >= 6

    def test_several_languages(self) -> None:
        assert {invoice.language[:2] for invoice in DRAWN} >= {"de", "en", "es", "fr", "nl"}

    def test_several_currencies(self) -> None:
        assert {invoice["currency"] for invoice in CAPTURED.values()} == {"CHF", "EUR", "GBP", "USD"}

    def test_a_credit_note(self) -> None:
        assert [invoice["type"] for invoice in CAPTURED.values()].count("credit_note") == 1

    def test_a_factur_x_pdf(self) -> None:
        (invoice,) = (invoice for invoice in DRAWN if attachments(file_of(invoice)))

        assert attachments(file_of(invoice)) == {ATTACHMENT: cii(invoice)}
        assert b"/AFRelationship /Alternative" in file_of(invoice).read_bytes()
        assert b"<fx:ConformanceLevel>EN 16931<" in file_of(invoice).read_bytes()

    def test_a_ubl_file(self) -> None:
        roots = [etree.parse(path).getroot().tag for path in DOCUMENTS.glob("*.xml")]

        assert roots.count(f"{{{UBL_INVOICE}}}Invoice") == 1

    def test_two_pages_with_the_totals_on_the_second(self) -> None:
        (invoice,) = (invoice for invoice in DRAWN if len(page_texts(file_of(invoice))) == 2)
        first, second = page_texts(file_of(invoice))
        total = number(invoice.total, invoice.language)

        assert total not in first
        assert total in second

    def test_two_that_must_be_refused(self) -> None:
        refused = {name: entry["reason"] for name, entry in EXPECTED.items() if entry["status"] == "REJECTED"}

        assert refused == {"not_really_a_pdf.pdf": "unsupported_format", "empty.pdf": "empty_document"}
        assert (DOCUMENTS / "empty.pdf").read_bytes() == b""
        assert not (DOCUMENTS / "not_really_a_pdf.pdf").read_bytes().startswith(b"%PDF")

    def test_a_file_name_with_a_space_a_plus_sign_and_a_letter_beyond_ascii(self) -> None:
        names = [name for name in EXPECTED if " " in name and "+" in name and not name.isascii()]

        assert names == ["Façade + Söhne 2026-0107.pdf"]
