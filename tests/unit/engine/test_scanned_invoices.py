"""What is only done for pages that OCR read: amounts that sums prove, columns and quantities that were lost."""

from decimal import Decimal

import pytest

from invoice_engine.fields.context import Context
from invoice_engine.layout.document import Document
from invoice_engine.limits import Deadline
from invoice_engine.model import Invoice, Line, text_of
from invoice_engine.printed_invoice import read_printed
from tests.unit.engine import documents
from tests.unit.engine.documents import Text

HEAD: list[Text] = [
    (60, 40, "Nebelhorn Metallbau GmbH"),
    (60, 230, "Rechnung"),
    (350, 130, "Rechnungsnummer:"),
    (460, 130, "KL-2026-17"),
    (350, 146, "Rechnungsdatum:"),
    (460, 146, "02.03.2026"),
]
COLUMNS = ((60, "Bezeichnung"), (300, "Menge"), (380, "Einzelpreis"), (480, "Betrag"))
HEADINGS: list[Text] = [(left, 280, text) for left, text in COLUMNS]


def row(top: float, *texts: str, at: tuple[int, ...] = (60, 300, 380, 480)) -> list[Text]:
    return [(left, top, text) for left, text in zip(at, texts, strict=True) if text]


def totals(net: str, tax: str, gross: str, tax_label: str = "zzgl. 19 % MwSt.") -> list[Text]:
    labels = ("Summe netto", tax_label, "Rechnungsbetrag")
    rows = zip(labels, (net, tax, gross), (420, 440, 460), strict=True)
    return [one for label, value, top in rows if value for one in ((350, top, label), (480, top, value))]


def read(*pages: list[Text], by_ocr: bool = True) -> Invoice:
    drawn = [documents.page(texts, number, by_ocr=by_ocr) for number, texts in enumerate(pages)]
    return read_printed(Context(Document.of(drawn), Deadline(20))).invoice


def amounts(invoice: Invoice) -> tuple[str | None, ...]:
    fields = (invoice.subtotal, invoice.tax_total, invoice.total)
    return tuple(None if field.value is None else text_of(field.value) for field in fields)


def told(line: Line) -> tuple[str | None, ...]:
    fields = (line.description, line.quantity, line.subtotal)
    return tuple(None if field.value is None else text_of(field.value) for field in fields)


def test_damaged_amounts_and_labels_of_a_scan_are_read() -> None:
    texts = HEAD + totals("1.OOO,00", "19O,00", "1.190,0O")
    assert amounts(read(texts)) == ("1000.00", "190.00", "1190.00")
    assert amounts(read(texts, by_ocr=False)) != ("1000.00", "190.00", "1190.00")


def test_a_lost_decimal_mark_is_given_back_by_the_sum() -> None:
    assert amounts(read(HEAD + totals("1.000,00", "190,00", "119000"))) == ("1000.00", "190.00", "1190.00")


def test_a_lost_minus_is_given_back_by_base_and_rate() -> None:
    credit: list[Text] = [
        (350, 300, "Satz"), (420, 300, "Basis"), (490, 300, "Steuer"),
        (350, 316, "19 %"), (420, 316, "-200,00"), (490, 316, "38,00"),
        (350, 332, "7 %"), (420, 332, "-100,00"), (490, 332, "-7,00"),
        (350, 400, "Summe netto"), (480, 400, "-300,00"),
        (350, 416, "Rechnungsbetrag"), (480, 416, "-345,00"),
    ]  # fmt: skip
    invoice = read(HEAD + credit)
    assert amounts(invoice) == ("-300.00", "-45.00", "-345.00")
    assert [tax.amount.value for tax in invoice.taxes] == [Decimal(-38), Decimal(-7)]


def test_the_third_amount_follows_from_two_and_a_printed_rate() -> None:
    invoice = read(HEAD + totals("1.000,00", "", "1.190,00") + [(60, 480, "Alle Preise zuzüglich 19 % Steuer")])
    assert amounts(invoice) == ("1000.00", "190.00", "1190.00")
    assert invoice.tax_total.chosen is not None
    assert invoice.tax_total.chosen.source == "derived"


def test_a_labelled_total_that_fits_no_rate_is_not_replaced() -> None:
    invoice = read(HEAD + totals("1.000,00", "190,00", "1.250,00"))
    assert "1190.00" not in amounts(invoice)


def test_amounts_that_no_sum_proves_are_less_sure_than_in_digital_text() -> None:
    texts = HEAD + totals("", "", "1.190,00")
    scanned, digital = (read(texts, by_ocr=by_ocr).total.chosen for by_ocr in (True, False))
    assert scanned is not None
    assert digital is not None
    assert scanned.value == digital.value
    assert scanned.confidence < digital.confidence


@pytest.mark.parametrize("by_ocr", [True, False])
def test_the_last_row_of_a_table_of_totals_is_the_sum_of_the_others(by_ocr: bool) -> None:
    table: list[Text] = [
        (200, 400, "Nettobetrag"), (300, 400, "Steuerbetrag"), (450, 400, "Gesamtbetrag"),
        (200, 412, "300,00"), (300, 412, "57,00"), (450, 412, "357,00"),
        (200, 424, "100,00"), (300, 424, "7,00"), (450, 424, "107,00"),
        (200, 448, "400,00"), (300, 448, "64,00"), (450, 448, "464,00"),
    ]  # fmt: skip
    assert amounts(read(HEAD + table, by_ocr=by_ocr)) == ("400.00", "64.00", "464.00")


def test_a_damaged_account_and_vat_number_are_mended() -> None:
    supplier = read(
        [*HEAD, (60, 780, "USt-IdNr. DE294O41172"), (250, 780, "IBAN DE89 37O4 0044 O532 0130 00")]
    ).supplier
    assert supplier.vat_number.value == "DE294041172"
    assert supplier.iban.value == "DE89370400440532013000"


def test_a_lost_quantity_follows_from_price_and_amount() -> None:
    items = (
        row(300, "Lattenrost, verzinkt", "40", "2,50", "100,00")
        + row(316, "Handlauf", "3", "100,00", "300,00")
        + row(332, "Geländer nach Maß", "", "300,00", "600,00")
    )
    texts = HEAD + HEADINGS + items + totals("1.000,00", "190,00", "1.190,00")
    lines = read(texts).lines
    assert [told(line) for line in lines][2] == ("Geländer nach Maß", "2", "600.00")
    derived, amount = lines[2].quantity.chosen, lines[2].subtotal.chosen
    assert derived is not None
    assert amount is not None
    assert derived.source == "derived"
    assert derived.confidence < amount.confidence
    assert all(line.quantity.value != Decimal(2) for line in read(texts, by_ocr=False).lines)


def test_a_quantity_that_is_no_whole_number_is_not_made_up() -> None:
    items = row(300, "Lattenrost", "40", "2,50", "100,00") + row(316, "Handlauf", "", "7,00", "900,00")
    lines = read(HEAD + HEADINGS + items + totals("1.000,00", "190,00", "1.190,00")).lines
    assert [line.quantity.value for line in lines] in ([Decimal(40)], [Decimal(40), None])


def test_damaged_headings_of_columns_are_recognised() -> None:
    headings = [(left, top, text.replace("ch", "eh")) for left, top, text in HEADINGS]
    items = row(300, "Lattenrost, verzinkt", "40", "2,50", "1OO,00")
    lines = read(HEAD + headings + items + totals("100,00", "19,00", "119,00")).lines
    assert [told(line) for line in lines] == [("Lattenrost, verzinkt", "40", "100.00")]


def test_a_repeated_heading_with_a_lost_word_goes_on_with_the_same_table() -> None:
    first = HEAD + HEADINGS + row(300, "Lattenrost", "40", "2,50", "100,00") + row(316, "Rohr", "2", "50,00", "100,00")
    again = [one for one in HEADINGS if one[2] != "Einzelpreis"]
    second = again + row(300, "Handlauf", "3", "100,00", "300,00") + totals("500,00", "95,00", "595,00")
    assert [told(line) for line in read(first, second).lines] == [
        ("Lattenrost", "40", "100.00"),
        ("Rohr", "2", "100.00"),
        ("Handlauf", "3", "300.00"),
    ]
