"""Lines of printed invoices: found by their table's headings, held against arithmetic, left out when unsure."""

import json
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_engine import extract
from invoice_engine.layout.tables import MAX_ROWS
from invoice_engine.lexicon import match_key
from invoice_engine.model import Invoice, Line, text_of
from samples.catalogue import INVOICES
from tests.unit.engine import documents
from tests.unit.engine.documents import Text
from tests.waiting import ProcessorTime

HEAD: list[Text] = [
    (60, 40, "Nebelhorn Metallbau GmbH"),
    (60, 130, "Kranich & Partner KG"),
    (60, 144, "Seeufer 9"),
    (60, 158, "04321 Schilfhausen"),
    (60, 230, "Rechnung"),
    (350, 130, "Rechnungsnummer:"),
    (460, 130, "KL-2026-17"),
    (350, 146, "Rechnungsdatum:"),
    (460, 146, "02.03.2026"),
]
COLUMNS = {60: "Bezeichnung", 300: "Menge", 380: "Einzelpreis", 480: "Betrag"}
BODY = 280


def row(top: float, *texts: str, at: tuple[int, ...] = (60, 300, 380, 480)) -> list[Text]:
    return [(left, top, text) for left, text in zip(at, texts, strict=True) if text]


def totals(top: float, net: str, tax: str, gross: str) -> list[Text]:
    return [
        (350, top, "Summe netto"), (480, top, f"{net} €"),
        (350, top + 16, "zzgl. 19 % MwSt."), (480, top + 16, f"{tax} €"),
        (350, top + 32, "Rechnungsbetrag"), (480, top + 32, f"{gross} €"),
    ]  # fmt: skip


HEADINGS = [(left, BODY, text) for left, text in COLUMNS.items()]


def read(*pages: list[Text]) -> Invoice:
    return extract(documents.pdf(*pages)).invoice


def told(line: Line) -> tuple[str | None, ...]:
    """Description, quantity, price and amount of a line as text."""
    fields = (line.description, line.quantity, line.unit_price, line.subtotal)
    return tuple(None if field.value is None else text_of(field.value) for field in fields)


def test_lines_have_values_boxes_and_high_confidence() -> None:
    invoice = read(
        HEAD + HEADINGS
        + row(300, "Lattenrost, verzinkt", "40 Stk", "2,50", "100,00")
        + row(316, "Geländer nach Maß", "2 m", "450,00", "900,00")
        + totals(400, "1.000,00", "190,00", "1.190,00")
    )  # fmt: skip
    assert [told(line) for line in invoice.lines] == [
        ("Lattenrost, verzinkt", "40", "2.50", "100.00"),
        ("Geländer nach Maß", "2", "450.00", "900.00"),
    ]
    assert [line.unit.value for line in invoice.lines] == ["Stk", "m"]
    chosen = invoice.lines[1].subtotal.chosen
    assert chosen is not None
    assert chosen.confidence > 0.95
    assert chosen.page == 0
    assert chosen.box is not None
    assert chosen.box.left == pytest.approx(480 / 595, abs=0.01)
    assert chosen.box.bottom == pytest.approx(316 / 842, abs=0.01)


def test_a_wrapped_description_is_joined_and_a_remark_below_it_is_not() -> None:
    invoice = read(
        HEAD + HEADINGS
        + row(300, "Treppengeländer aus Edelstahl, gebürstet und", "1", "800,00", "800,00")
        + [(60, 311, "entgratet, mit Handlauf"), (60, 326, "Lieferung: 14. KW")]
        + row(350, "Anfahrt", "2", "100,00", "200,00")
        + totals(400, "1.000,00", "190,00", "1.190,00")
    )  # fmt: skip
    assert [line.description.value for line in invoice.lines] == [
        "Treppengeländer aus Edelstahl, gebürstet und entgratet, mit Handlauf",
        "Anfahrt",
    ]
    chosen = invoice.lines[0].description.chosen
    assert chosen is not None
    assert chosen.box is not None
    assert (chosen.box.bottom - chosen.box.top) * 842 > 15


def test_a_table_goes_on_after_repeated_headings_on_the_next_page() -> None:
    first = HEAD + HEADINGS + [part for n in range(20) for part in row(300 + 14 * n, f"Teil {n}", "2", "5,00", "10,00")]
    carried = [(350, 600, "Zwischensumme"), (480, 600, "200,00 €")]
    second = [
        (60.0, 40.0, "Seite 2"),
        *row(60, *COLUMNS.values(), at=tuple(left + 4 for left in COLUMNS)),
        *row(80, "Übertrag", "", "", "200,00", at=(64, 304, 384, 484)),
        *row(96, "Teil 20", "8", "100,00", "800,00", at=(64, 304, 384, 484)),
        *totals(140, "1.000,00", "190,00", "1.190,00"),
    ]
    invoice = read(first + carried, second)
    assert len(invoice.lines) == 21
    assert told(invoice.lines[-1]) == ("Teil 20", "8", "100.00", "800.00")
    assert invoice.lines[-1].subtotal.chosen
    assert invoice.lines[-1].subtotal.chosen.page == 1


def test_a_table_goes_on_without_headings_on_the_next_page() -> None:
    first = HEAD + HEADINGS + [part for n in range(20) for part in row(300 + 14 * n, f"Teil {n}", "2", "5,00", "10,00")]
    second: list[Text] = [(60, 40, "Nebelhorn Metallbau GmbH"), (480, 40, "Seite 2")]
    second += row(96, "Teil 20", "8", "100,00", "800,00") + totals(140, "1.000,00", "190,00", "1.190,00")
    invoice = read(first, second)
    assert len(invoice.lines) == 21
    assert told(invoice.lines[-1]) == ("Teil 20", "8", "100.00", "800.00")
    chosen = invoice.lines[-1].subtotal.chosen
    assert chosen is not None
    assert chosen.page == 1
    assert chosen.confidence > 0.9


def test_columns_may_stand_in_any_order() -> None:
    at = (480, 300, 180, 60)
    invoice = read(
        HEAD
        + row(280, "Bezeichnung", "Menge", "Einzelpreis", "Betrag", at=at)
        + row(300, "Lattenrost", "40", "2,50", "100,00", at=at)
        + row(316, "Geländer", "2", "450,00", "900,00", at=at)
        + totals(400, "1.000,00", "190,00", "1.190,00")
    )
    assert [told(line) for line in invoice.lines] == [
        ("Lattenrost", "40", "2.50", "100.00"),
        ("Geländer", "2", "450.00", "900.00"),
    ]


@pytest.mark.parametrize(
    ("heading", "first", "amount", "discount"),
    [("Rabatt", "10 %", "90,00", "10.00"), ("Rabatt", "5,00", "95,00", "5.00"), ("Rabatt", "", "100,00", None)],
)
def test_discounts_are_given_in_money(heading: str, first: str, amount: str, discount: str | None) -> None:
    at = (60, 250, 310, 400, 480)
    invoice = read(
        HEAD
        + row(280, "Bezeichnung", "Menge", "Einzelpreis", heading, "Betrag", at=at)
        + row(300, "Lattenrost", "40", "2,50", first, amount, at=at)
        + row(316, "Geländer", "2", "450,00", "", "900,00", at=at)
    )
    lines = invoice.lines
    assert [told(line)[3] for line in lines] == [amount.replace(",", "."), "900.00"]
    assert (None if lines[0].discount.value is None else text_of(lines[0].discount.value)) == discount
    assert lines[1].discount.value is None


def test_a_quantity_takes_the_sign_of_a_credited_amount() -> None:
    invoice = read(
        HEAD + HEADINGS
        + row(300, "Lattenrost", "40", "2,50", "-100,00")
        + row(316, "Geländer", "-2", "450,00", "-900,00")
        + totals(400, "-1.000,00", "-190,00", "-1.190,00")
    )  # fmt: skip
    assert [told(line) for line in invoice.lines] == [
        ("Lattenrost", "-40", "2.50", "-100.00"),
        ("Geländer", "-2", "450.00", "-900.00"),
    ]
    assert [line.quantity.chosen.source for line in invoice.lines if line.quantity.chosen] == ["derived", "text"]


def test_a_table_without_quantities_is_read_when_its_lines_add_up() -> None:
    at = (60, 480)
    lines = row(280, "Leistung", "Betrag", at=at) + row(300, "Beratung", "400,00", at=at)
    lines += row(316, "Planung", "600,00", at=at)
    adding_up = read(HEAD + lines + totals(400, "1.000,00", "190,00", "1.190,00"))
    assert [told(line) for line in adding_up.lines] == [
        ("Beratung", None, None, "400.00"),
        ("Planung", None, None, "600.00"),
    ]
    assert read(HEAD + lines + totals(400, "2.000,00", "380,00", "2.380,00")).lines == []


def test_gross_amounts_are_totals_of_their_lines() -> None:
    invoice = read(
        HEAD + HEADINGS
        + row(300, "Lattenrost", "40", "2,50", "100,00")
        + row(316, "Geländer", "2", "450,00", "900,00")
        + totals(400, "840,34", "159,66", "1.000,00")
    )  # fmt: skip
    assert [(line.subtotal.value, line.total.value) for line in invoice.lines] == [
        (None, Decimal("100.00")),
        (None, Decimal("900.00")),
    ]


def test_net_and_gross_columns_are_told_apart_and_rates_are_read() -> None:
    at = (60, 230, 290, 360, 420, 490)
    invoice = read(
        HEAD
        + row(280, "Artikel", "Menge", "Preis", "MwSt.", "Netto", "Brutto", at=at)
        + row(300, "Lattenrost", "40", "2,50", "19", "100,00", "119,00", at=at)
        + row(316, "Geländer", "2", "450,00", "19 %", "900,00", "1.071,00", at=at)
        + totals(400, "1.000,00", "190,00", "1.190,00")
    )
    assert [(line.subtotal.value, line.total.value, line.tax_rate.value) for line in invoice.lines] == [
        (Decimal("100.00"), Decimal("119.00"), Decimal(19)),
        (Decimal("900.00"), Decimal("1071.00"), Decimal(19)),
    ]


def test_headings_may_be_stacked_and_codes_stand_above_descriptions() -> None:
    invoice = read(
        HEAD
        + row(280, "Artikelnummer", "Menge", "Einzel-", "Betrag")
        + [(60, 291, "Bezeichnung"), (380, 291, "preis")]
        + row(310, "LA-4", "40", "2,50", "100,00") + [(60, 321, "Lattenrost")]
        + row(340, "GE-1", "2", "450,00", "900,00") + [(60, 351, "Geländer")]
        + totals(400, "1.000,00", "190,00", "1.190,00")
    )  # fmt: skip
    assert [(line.product_code.value, *told(line)) for line in invoice.lines] == [
        ("LA-4", "Lattenrost", "40", "2.50", "100.00"),
        ("GE-1", "Geländer", "2", "450.00", "900.00"),
    ]


def test_a_breakdown_of_a_line_is_left_out_when_the_numbered_lines_add_up() -> None:
    at = (60, 90, 300, 380, 480)
    invoice = read(
        HEAD
        + row(280, "Pos", "Bezeichnung", "Menge", "Einzelpreis", "Betrag", at=at)
        + row(300, "1", "Lattenroste", "40", "2,50", "100,00", at=at)
        + row(316, "", "davon lang", "20", "3,00", "60,00", at=at)
        + row(332, "", "davon kurz", "20", "2,00", "40,00", at=at)
        + row(348, "2", "Geländer", "2", "450,00", "900,00", at=at)
        + totals(400, "1.000,00", "190,00", "1.190,00")
    )
    assert [line.description.value for line in invoice.lines] == ["Lattenroste", "Geländer"]


@pytest.mark.parametrize("headings", [[], row(280, "Nimike", "Määrä", "Ahinta", "Yhteensä")])
def test_without_known_headings_lines_are_read_by_their_arithmetic(headings: list[Text]) -> None:
    body = row(300, "Lattenrost, feuerverzinkt,", "40 Stk", "2,50", "100,00")
    body += row(311, "mit Rahmen", "", "", "") + row(330, "Geländer", "2", "450,00", "900,00")
    invoice = read(HEAD + headings + body + totals(400, "1.000,00", "190,00", "1.190,00"))
    assert [told(line) for line in invoice.lines] == [
        ("Lattenrost, feuerverzinkt, mit Rahmen", "40", "2.50", "100.00"),
        ("Geländer", "2", "450.00", "900.00"),
    ]
    assert invoice.lines[0].unit.value == "Stk"
    assert read(HEAD + headings + body + totals(400, "1.100,00", "209,00", "1.309,00")).lines == []


def test_numbers_set_without_gaps_are_read_by_their_arithmetic() -> None:
    body: list[Text] = [(60, 280, "Ware Menge Preis Betrag"), (60, 300, "Lattenrost 40 2,50 100,00")]
    body += [(60, 316, "Geländer, lang"), (300, 316, "2 x 450,00"), (480, 316, "900,00")]
    invoice = read(HEAD + body + totals(400, "1.000,00", "190,00", "1.190,00"))
    assert [told(line) for line in invoice.lines] == [
        ("Lattenrost", "40", "2.50", "100.00"),
        ("Geländer, lang", "2", "450.00", "900.00"),
    ]


def test_text_set_close_above_its_amount_belongs_to_it() -> None:
    invoice = read(
        HEAD + HEADINGS
        + [(60, 300, "Treppengeländer aus Edelstahl, gebürstet")]
        + row(311, "und entgratet", "1", "800,00", "800,00")
        + [(60, 340, "Anfahrt zur Baustelle und Abfuhr der"), (60, 362, "vorhandenen Teile")]
        + row(351, "alten Geländer und aller anderen nicht", "2", "100,00", "200,00")
        + totals(450, "1.000,00", "190,00", "1.190,00")
    )  # fmt: skip
    assert [line.description.value for line in invoice.lines] == [
        "Treppengeländer aus Edelstahl, gebürstet und entgratet",
        "Anfahrt zur Baustelle und Abfuhr der alten Geländer und aller anderen nicht vorhandenen Teile",
    ]


def test_freight_without_quantity_is_a_line_where_only_with_it_the_lines_add_up() -> None:
    body = row(300, "Lattenrost", "40", "2,50", "100,00") + row(316, "Geländer", "2", "450,00", "900,00")
    body += row(332, "Fracht", "", "", "30,00")
    with_freight = read(HEAD + HEADINGS + body + totals(400, "1.030,00", "195,70", "1.225,70"))
    assert told(with_freight.lines[2]) == ("Fracht", None, None, "30.00")
    without = read(HEAD + HEADINGS + body + totals(400, "1.000,00", "190,00", "1.190,00"))
    assert [line.description.value for line in without.lines] == ["Lattenrost", "Geländer"]


def test_an_item_named_like_a_total_does_not_end_the_table() -> None:
    invoice = read(
        HEAD + HEADINGS
        + row(300, "Gesamtpaket Wartung", "4", "25,00", "100,00")
        + row(316, "MwSt-Beratung", "2,5h", "360,00", "900,00")
        + totals(400, "1.000,00", "190,00", "1.190,00")
    )  # fmt: skip
    assert [(told(line)[0], line.quantity.value, line.unit.value) for line in invoice.lines] == [
        ("Gesamtpaket Wartung", Decimal(4), None),
        ("MwSt-Beratung", Decimal("2.5"), "h"),
    ]


def test_a_line_that_contradicts_itself_is_left_out() -> None:
    invoice = read(
        HEAD + HEADINGS
        + row(300, "Lattenrost", "40", "2,50", "123,00")
        + row(316, "Geländer", "2", "450,00", "900,00")
        + totals(400, "1.000,00", "190,00", "1.190,00")
    )  # fmt: skip
    assert [told(line) for line in invoice.lines] == [("Geländer", "2", "450.00", "900.00")]


@pytest.mark.parametrize(
    "texts",
    [
        row(280, "Steuer", "Satz", "Basis", "Betrag") + row(300, "MwSt", "19 %", "1.000,00", "190,00"),
        row(280, "Zahlung", "Datum", "", "Betrag") + row(300, "Überweisung", "03.03.2026", "", "500,00"),
        row(280, "Beschreibung", "", "Fälligkeit", "Betrag") + row(300, "1. Rate", "", "01.04.2026", "595,00"),
        [(60, 280, "Für die Leistung, Menge und Preis gilt unser Angebot, Betrag siehe unten."), (60, 300, "12,00")],
        row(280, "Lieferanschrift", "", "", "Rechnungsanschrift") + row(300, "Seeufer 9", "", "", "Talweg 12"),
    ],
)
def test_what_only_looks_like_items_gives_no_lines(texts: list[Text]) -> None:
    assert read(HEAD + texts + totals(400, "1.000,00", "190,00", "1.190,00")).lines == []


@pytest.mark.parametrize(
    "invoice", [one for one in INVOICES if one.layout not in {"cii", "ubl"}], ids=lambda i: i.layout
)
def test_every_line_of_the_samples_is_read(invoice: object) -> None:
    wanted = next(one for one in INVOICES if one is invoice)
    found = extract(Path("samples/documents", wanted.file_name).read_bytes()).invoice.lines
    assert [
        (match_key(str(line.description.value)), line.quantity.value, line.unit_price.value, line.subtotal.value)
        for line in found
    ] == [(match_key(line.description), line.quantity, line.unit_price, line.net) for line in wanted.lines]


def test_thousands_of_lines_end_in_time() -> None:
    page = HEADINGS + [part for n in range(45) for part in row(300 + 11 * n, f"Teil {n}", "2", "5,00", "10,00")]
    work = ProcessorTime()
    invoice = read(*[page] * 60)
    assert len(invoice.lines) == MAX_ROWS < 60 * 45
    assert work.seconds < 20


amounts = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(9999), places=2)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(1, 99), amounts), min_size=1, max_size=8))
def test_what_is_printed_is_read(rows: list[tuple[int, Decimal]]) -> None:
    def german(value: Decimal) -> str:
        return f"{value:,.2f}".translate({ord(","): ".", ord("."): ","})

    table = [
        part
        for number, (quantity, price) in enumerate(rows)
        for part in row(
            300 + 16 * number, f"Ware {'abcdefgh'[number]}", str(quantity), german(price), german(quantity * price)
        )
    ]
    invoice = read(HEAD + HEADINGS + table)
    assert [told(line)[1:] for line in invoice.lines] == [
        (str(quantity), f"{price:.2f}", f"{quantity * price:.2f}") for quantity, price in rows
    ]


def test_a_price_stacked_below_another_heading_makes_no_table_of_amounts() -> None:
    texts = row(280, "Pos", "Menge", "Rabatt", "") + row(291, "", "", "Preis", "") + row(310, "1", "2", "3,00", "")
    assert read(HEAD + texts).lines == []


WORDS = st.sampled_from(
    ["Menge", "Betrag", "Preis", "Bezeichnung", "Pos", "Rabatt", "MwSt", "Summe", "CHF", "10 %", "-2,50", "1", "3,00",
     "999999999999999", "0,00", "1.234,567", "Stk", "Ware", "(", "/"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(grid=st.lists(st.lists(WORDS, min_size=5, max_size=5), max_size=12))
def test_any_table_gives_lines_or_none_and_no_error(grid: list[list[str]]) -> None:
    lines = [part for n, texts in enumerate(grid) for part in row(280 + 12 * n, *texts, at=(60, 180, 300, 400, 500))]
    for line in read(HEAD + lines).lines:
        assert line.description.value
        assert line.subtotal.value is not None or line.total.value is not None
        json.dumps(written(line))


def written(line: Line) -> list[object]:
    return [getattr(line, member.name).to_json() for member in fields(line)]
