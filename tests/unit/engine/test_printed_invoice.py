"""Header fields of PDFs with a text layer, in several layouts and languages."""

import pytest

from invoice_engine import extract
from invoice_engine.model import Box, Field, Invoice, text_of
from tests.unit.engine import documents
from tests.unit.engine.documents import Text


def read(*pages: list[Text], rotation: int = 0) -> Invoice:
    return extract(documents.pdf(*pages, rotation=rotation)).invoice


def value(field: Field) -> str | None:
    return text_of(field.value) if field.value is not None else None


def header(invoice: Invoice) -> dict[str, str | None]:
    fields = {
        name: getattr(invoice, name)
        for name in ("invoice_number", "issue_date", "due_date", "type", "currency", "subtotal", "tax_total", "total")
    }
    fields |= {name: getattr(invoice.supplier, name) for name in ("name", "vat_number", "iban", "bic")}
    return {name: value(field) for name, field in fields.items()}


GERMAN = {
    "invoice_number": "KL-2026-17",
    "issue_date": "2026-03-02",
    "due_date": "2026-04-01",
    "type": "invoice",
    "currency": "EUR",
    "subtotal": "1090.00",
    "tax_total": "207.10",
    "total": "1297.10",
    "name": "Nebelhorn Metallbau GmbH",
    "vat_number": "DE294041172",
    "iban": "DE89370400440532013000",
    "bic": "NEBLDE21XXX",
}


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_labels_to_the_left_of_their_values(rotation: int) -> None:
    assert header(read(documents.GERMAN_INVOICE, rotation=rotation)) == GERMAN


def test_labels_above_their_values() -> None:
    page: list[Text] = [
        (60, 50, "Quiet Meadow Dairy Ltd"),
        (60, 66, "1 Nowhere Lane, Nether Wallop"),
        (60, 82, "VAT No: GB980780684"),
        (400, 50, "INVOICE"),
        (60, 130, "Invoice number"),
        (200, 130, "Invoice date"),
        (340, 130, "Due date"),
        (60, 144, "QM-0815"),
        (200, 144, "3 February 2026"),
        (340, 144, "5 March 2026"),
        (60, 190, "Bill to:"),
        (60, 204, "Harbour Cafe Limited"),
        (60, 218, "VAT No: GB123456782"),
        (60, 300, "Description"),
        (300, 300, "Qty"),
        (400, 300, "Price"),
        (500, 300, "Total"),
        (60, 316, "Cream, 5 l"),
        (300, 316, "20"),
        (400, 316, "50.00"),
        (500, 316, "1,000.00"),
        (400, 400, "Subtotal"),
        (500, 400, "£1,000.00"),
        (400, 416, "VAT 20%"),
        (500, 416, "£200.00"),
        (400, 432, "Total"),
        (500, 432, "£1,200.00"),
    ]
    found = header(read(page))
    assert found == {
        "invoice_number": "QM-0815",
        "issue_date": "2026-02-03",
        "due_date": "2026-03-05",
        "type": "invoice",
        "currency": "GBP",
        "subtotal": "1000.00",
        "tax_total": "200.00",
        "total": "1200.00",
        "name": "Quiet Meadow Dairy Ltd",
        "vat_number": "GB980780684",
        "iban": None,
        "bic": None,
    }


def test_values_above_their_labels() -> None:
    page: list[Text] = [
        (60, 50, "Fietsen Nergens B.V."),
        (60, 120, "Factuur"),
        (60, 160, "26.0093"),
        (250, 160, "03-03-2026"),
        (440, 160, "02-04-2026"),
        (60, 174, "Factuurnummer"),
        (250, 174, "Factuurdatum"),
        (440, 174, "Vervaldatum"),
        (60, 300, "Totaal excl. btw"),
        (440, 300, "€ 100,00"),
        (60, 316, "Btw 21%"),
        (440, 316, "€ 21,00"),
        (60, 332, "Totaal incl. btw"),
        (440, 332, "€ 121,00"),
    ]
    found = header(read(page))
    assert (found["invoice_number"], found["issue_date"], found["due_date"]) == ("26.0093", "2026-03-03", "2026-04-02")


def test_a_number_and_a_date_behind_the_heading_need_no_label() -> None:
    page: list[Text] = [
        (60, 50, "Moulin de Nulle Part SARL - 1 chemin Perdu - 99999 Oubli"),
        (60, 100, "Facture FA-2026-0009 du 5 janvier 2026"),
        (60, 140, "Client : Hôtel Imaginaire SAS"),
        (60, 300, "Total HT"),
        (300, 300, "530,75 €"),
        (60, 316, "TVA 20 %"),
        (300, 316, "106,15 €"),
        (60, 332, "Total TTC"),
        (300, 332, "636,90 €"),
    ]
    found = header(read(page))
    assert found["name"] == "Moulin de Nulle Part SARL"
    assert (found["invoice_number"], found["issue_date"]) == ("FA-2026-0009", "2026-01-05")
    assert (found["subtotal"], found["tax_total"], found["total"]) == ("530.75", "106.15", "636.90")


def test_a_credit_note_keeps_its_amounts_as_printed() -> None:
    page: list[Text] = [
        (60, 50, "Nadie Ejemplo S.L."),
        (60, 100, "Factura rectificativa"),
        (60, 130, "Número de factura: R-0042"),
        (60, 150, "Fecha de emisión: 01/02/2026"),
        (60, 300, "Base imponible"),
        (300, 300, "-100,00 €"),
        (60, 316, "IVA 21 %"),
        (300, 316, "-21,00 €"),
        (60, 332, "Total factura"),
        (300, 332, "-121,00 €"),
    ]
    found = header(read(page))
    assert (found["type"], found["subtotal"], found["tax_total"], found["total"]) == (
        "credit_note", "-100.00", "-21.00", "-121.00",
    )  # fmt: skip


def test_totals_on_a_later_page_are_found_there() -> None:
    first = [text for text in documents.GERMAN_INVOICE if not 350 < text[1] < 500]
    second = [text for text in documents.GERMAN_INVOICE if 350 < text[1] < 500]
    total = read(first, second).total.chosen
    assert total is not None
    assert (text_of(total.value), total.page) == ("1297.10", 1)


def test_several_rates_are_read_from_the_tax_table() -> None:
    page: list[Text] = [
        (60, 50, "Nebelhorn Metallbau GmbH"),
        (60, 100, "Rechnung Nr. 7-2026 vom 02.03.2026"),
        (60, 300, "Nettobetrag"),
        (400, 300, "300,00"),
        (60, 316, "MwSt. 7 % auf 100,00"),
        (400, 316, "7,00"),
        (60, 332, "MwSt. 19 % auf 200,00"),
        (400, 332, "38,00"),
        (60, 348, "Gesamtbetrag"),
        (400, 348, "345,00"),
    ]
    invoice = read(page)
    assert (value(invoice.tax_total), value(invoice.total)) == ("45.00", "345.00")
    rows = [(value(tax.rate), value(tax.base), value(tax.amount)) for tax in invoice.taxes]
    assert sorted(rows, key=str) == [("19", "200.00", "38.00"), ("7", "100.00", "7.00")]


def test_every_value_read_from_text_has_a_place_and_is_its_first_candidate() -> None:
    invoice = read(documents.GERMAN_INVOICE)
    for field in (invoice.invoice_number, invoice.issue_date, invoice.total, invoice.supplier.vat_number):
        assert field.chosen is not None
        assert field.candidates[0] == field.chosen
        assert field.chosen.page == 0
        assert isinstance(field.chosen.box, Box)
        assert 0 < field.chosen.confidence < 1


def test_nothing_is_made_up_where_nothing_is_said() -> None:
    letter: list[Text] = [
        (60, 100, "Dear friends, thank you for the lovely evening in the garden."),
        (60, 120, "We were about forty people and the music went on until midnight."),
    ]
    found = header(read(letter))
    assert found == dict.fromkeys(found) | {"type": "invoice"}


def test_the_customers_numbers_are_not_the_suppliers() -> None:
    page = [*documents.GERMAN_INVOICE, (60, 172, "Ihre USt-IdNr.: ATU12345675")]
    assert header(read(page))["vat_number"] == "DE294041172"


@pytest.mark.parametrize("printed", ["NIF B58378431", "NIF: (ES) B58378431", "CIF: B-5837843-1", "NIF/CIF ESB58378431"])
def test_a_label_is_no_part_of_the_number_behind_it(printed: str) -> None:
    page = [text for text in documents.GERMAN_INVOICE if not text[2].startswith("USt-IdNr")]
    number = header(read([*page, (60, 780, printed)]))["vat_number"]
    assert number is not None
    assert number.removeprefix("ES") == "B58378431"


def test_reading_is_deterministic() -> None:
    data = documents.pdf(documents.GERMAN_INVOICE)
    assert extract(data).to_json() == extract(data).to_json()
