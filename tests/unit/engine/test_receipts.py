"""Till receipts: recognised, and read for their supplier, date and total, in every language and with OCR's mistakes."""

from datetime import date
from decimal import Decimal

import pytest

from invoice_engine import extract
from invoice_engine.fields.context import Context
from invoice_engine.fields.receipts.reading import receipt_in
from invoice_engine.layout.document import Document
from invoice_engine.limits import Deadline
from invoice_engine.model import Box, Invoice
from invoice_engine.printed_invoice import read_printed
from invoice_engine.read.words import Page, Word
from tests.unit.engine import documents
from tests.unit.engine.receipt_peculiarities import PECULIAR
from tests.unit.engine.receipt_texts import PLAIN
from tests.waiting import PATIENCE_SECONDS, ProcessorTime

RECEIPTS = PLAIN | PECULIAR
LEFT, RIGHT, TOP, LINE_HEIGHT = 60.0, 205.0, 40.0, 13.0


def lines_of(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line]


def drawn(text: str) -> bytes:
    """A PDF of a receipt: every line with its words at the left and, behind a bar, its amounts at the right."""
    texts = []
    for number, line in enumerate(lines_of(text)):
        parts = line.split("|")
        for place, part in zip((LEFT, *[RIGHT - 40.0] * (len(parts) - 2), RIGHT), parts, strict=False):
            texts.append((place, TOP + number * LINE_HEIGHT, part))
    return documents.pdf(texts, size=8)


def photographed(text: str, sure: float = 1.0) -> Context:
    """A receipt as words with boxes, as OCR reads them; in every alphabet, which the fonts of the PDFs are not."""
    words = []
    lines = lines_of(text)
    for number, line in enumerate(lines):
        top = 0.02 + number * 0.95 / len(lines)
        for place, part in enumerate(line.split("|")):
            left = 0.05 if not place else 0.95 - 0.02 * len(part) - 0.2 * (line.count("|") - place)
            for word in part.split():
                box = Box(left, top, left + 0.02 * len(word), top + 0.5 / len(lines))
                words.append(Word(word, box, confidence=sure))
                left += 0.02 * (len(word) + 0.5)
    return Context(Document.of([Page(0, 300.0, 20.0 * len(lines), tuple(words), by_ocr=True)]), Deadline(60.0))


def read(text: str) -> Invoice:
    return read_printed(photographed(text)).invoice


def total_of(*rows: str) -> Decimal | None:
    """The total of a receipt with these rows below its items."""
    head = "FOGGY CORNER SHOP\n9 Nowhere Lane\nCashier: Bo\n"
    found = read(head + "Apples|3.00\nPears|4.50\n" + "\n".join(rows) + "\n02/03/2026 10:15\nThank you").total.value
    assert found is None or isinstance(found, Decimal)
    return found


@pytest.mark.parametrize("language", RECEIPTS)
def test_a_receipt_is_read_in_every_language(language: str) -> None:
    text, (supplier, day, total) = RECEIPTS[language]
    found = read(text)
    assert found.supplier.name.value == supplier
    assert found.issue_date.value == date.fromisoformat(day)
    assert found.total.value == Decimal(total)


@pytest.mark.parametrize("language", ["de", "sv", "en_US"])
def test_a_receipt_with_a_text_layer_is_read_like_a_photo(language: str) -> None:
    text, expected = RECEIPTS[language]
    found = extract(drawn(text)).to_json()["invoice"]
    assert (found["supplier"]["name"]["value"], found["issue_date"]["value"], found["total"]["value"]) == expected


def test_values_come_with_the_place_they_are_printed_at() -> None:
    found = extract(drawn(RECEIPTS["de"][0])).to_json()["invoice"]
    for leaf in (found["supplier"]["name"], found["issue_date"], found["total"]):
        assert leaf["page"] == 0
        assert 0 < leaf["box"][0] < leaf["box"][2] < 0.5
    assert found["supplier"]["name"]["box"][1] < found["total"]["box"][1] < found["issue_date"]["box"][1]


@pytest.mark.parametrize("language", RECEIPTS)
def test_every_receipt_is_recognised(language: str) -> None:
    assert receipt_in(photographed(RECEIPTS[language][0])) is not None


def test_an_invoice_is_no_receipt() -> None:
    words = [
        Word(word, Box(left / 595, top / 842, (left + 4.5 * len(word)) / 595, (top + 9) / 842))
        for left, top, text in documents.GERMAN_INVOICE
        for word in [text]
    ]
    assert receipt_in(Context(Document.of([Page(0, 595.0, 842.0, tuple(words))]), Deadline(60.0))) is None


def test_a_few_narrow_lines_are_no_receipt() -> None:
    assert receipt_in(photographed("Nebelhorn GmbH\nRechnung 17\nDatum 02.03.2026\nGesamt|107,10")) is None


def test_a_narrow_invoice_with_terms_of_payment_is_no_receipt() -> None:
    text = "Nebelhorn GmbH\nRechnungsnummer 17\nFällig am 01.04.2026\nIBAN DE89370400440532013000\n"
    assert receipt_in(photographed(text + "Verwendungszweck RE-17\nKundennummer 4\nGesamt|107,10")) is None


class TestTotal:
    """What of the amounts is the total, by all that the rows say together."""

    def test_it_is_what_was_given_less_what_was_returned(self) -> None:
        assert total_of("Cash|10.00", "Change|2.50") == Decimal("7.50")

    def test_rounding_comes_before_it(self) -> None:
        assert total_of("Total|7.52", "Rounding|-0.02", "Rounded total|7.50") == Decimal("7.50")

    def test_rounding_without_a_sign_is_understood(self) -> None:
        assert total_of("Total|7.52", "Rounding|0.02", "Total|7.50", "Cash|10.00", "Change|2.50") == Decimal("7.50")

    def test_a_misread_total_gives_way_to_what_was_paid(self) -> None:
        assert total_of("Subtotal|7.50", "TOTAL|1.50", "Cash|10.00", "Change|2.50") == Decimal("7.50")

    def test_contradictory_readings_give_none(self) -> None:
        assert total_of("TOTAL|1118.35", "Mastercard|719.35", "Change|0.00") is None

    def test_tax_discount_and_count_are_not_it(self) -> None:
        rows = ("Total items|2", "Total savings|1.25", "Total VAT|0.62", "Total|7.50", "Points|88.00")
        assert total_of(*rows) == Decimal("7.50")

    def test_that_of_one_tax_rate_is_not_it(self) -> None:
        rows = ("Total 0% supplies|3.00", "Total 6% supplies (incl. tax)|4.50", "Total payable|7.50")
        assert total_of(*rows) == Decimal("7.50")

    def test_it_may_say_that_tax_is_in_it(self) -> None:
        rows = ("Total (excl. VAT)|6.25", "VAT|1.25", "Total (incl. VAT)|7.50")
        assert total_of(*rows) == Decimal("7.50")

    def test_it_may_stand_in_the_line_below_its_words(self) -> None:
        assert total_of("TOTAL AMOUNT", "|7.50") == Decimal("7.50")

    def test_the_summary_of_taxes_is_not_it(self) -> None:
        rows = ("TOTAL|7.50", "Cash|8.00", "Change|0.50", "Tax summary", "Total|6.25|1.25")
        assert total_of(*rows) == Decimal("7.50")

    def test_an_amount_that_lost_a_figure_is_not_it(self) -> None:
        assert total_of("NET TOTAL|§3.55") is None

    def test_what_is_less_than_one_of_the_items_is_doubtful(self) -> None:
        assert total_of("Total|1.50") is None

    def test_a_row_may_have_two_amounts_with_words_of_their_own(self) -> None:
        assert total_of("TOTAL SAVING 0.00|TOTAL 7.50") == Decimal("7.50")

    def test_a_part_of_it_does_not_stand_in_for_it(self) -> None:
        assert total_of("Sub-total|7.50", "VAT|0.45", "T0|") is None

    def test_far_more_than_all_items_is_doubtful_until_it_was_paid(self) -> None:
        assert total_of("Total|75.00") is None
        assert total_of("Total|75.00", "Cash|80.00", "Change|5.00") == Decimal("75.00")

    def test_damaged_words_and_amounts_are_put_right(self) -> None:
        assert total_of("Sub-tota]|7. 50", "Tota] Sales lncl VAT|7 ,50", "CASH|RM1O.00", "Chanqe|2.50") == Decimal(
            "7.50"
        )

    def test_several_readings_that_agree_are_surer_than_one(self) -> None:
        rows = "FOGGY CORNER SHOP\n9 Nowhere Lane\nCashier: Bo\nApples|3.00\nPears|4.50\nTotal|7.50\n"
        alone, proven = (read(rows + rest).total.chosen for rest in ("", "Cash|10.00\nChange|2.50\n"))
        assert alone is not None
        assert proven is not None
        assert alone.confidence < 0.9 < proven.confidence

    def test_a_subtotal_and_tax_that_contradict_it_are_given_up(self) -> None:
        text = "FOGGY CORNER SHOP\n9 Nowhere Lane\nCashier: Bo\nSubtotal|70.00\nVAT|60.00\nTotal|7.50\n"
        found = read(text + "Cash|10.00\nChange|2.50\n")
        assert (found.subtotal.value, found.tax_total.value, found.taxes) == (None, None, [])

    def test_a_subtotal_and_tax_that_make_it_stay(self) -> None:
        text = "FOGGY CORNER SHOP\n9 Nowhere Lane\nCashier: Bo\nSubtotal|6.25\nVAT 20%|1.25\nTotal|7.50\n"
        found = read(text + "Cash|10.00\nChange|2.50\n")
        assert (found.subtotal.value, found.tax_total.value) == (Decimal("6.25"), Decimal("1.25"))


class TestDate:
    """Which of the dates on a receipt is that of the sale."""

    def date_of(self, *rows: str) -> object:
        text = "FOGGY CORNER SHOP\n9 Nowhere Lane\nCashier: Bo\nTotal|7.50\nCash|10.00\nChange|2.50\n"
        return read(text + "\n".join(rows)).issue_date.value

    def test_it_is_not_the_one_until_which_goods_may_be_returned(self) -> None:
        assert self.date_of("Return by 02/04/2026", "02/03/2026 10:15") == date(2026, 3, 2)

    def test_it_is_neither_end_of_a_period(self) -> None:
        assert self.date_of("Promotion 01/03/2026 - 31/03/2026") is None

    def test_the_later_of_two_is_doubtful(self) -> None:
        assert self.date_of("Date: 02/03/2026", "Date: 02/03/2036") == date(2026, 3, 2)

    def test_two_that_differ_in_one_figure_are_doubtful(self) -> None:
        assert self.date_of("02/03/2026 10:15", "02/08/2026 10:16") is None
        assert self.date_of("02/03/2026 10:15", "02/03/2026 10:16") == date(2026, 3, 2)

    def test_a_figure_that_was_read_as_a_sign_makes_it_doubtful(self) -> None:
        assert self.date_of("©3/03/2026") is None

    def test_its_damaged_figures_are_put_right(self) -> None:
        assert self.date_of("Date : O2/O3/2O26 10:15") == date(2026, 3, 2)

    def test_it_may_be_written_without_separators(self) -> None:
        assert self.date_of("20260302 10:15:44") == date(2026, 3, 2)

    def test_a_time_is_none(self) -> None:
        assert self.date_of("12.17.26 PM", "Time 10:15:44") is None

    def test_it_is_surer_with_a_time_of_day(self) -> None:
        text = RECEIPTS["en"][0]
        with_time, without = (read(one).issue_date.chosen for one in (text, text.replace(" 20:11", "")))
        assert with_time is not None
        assert without is not None
        assert with_time.confidence > without.confidence


class TestSupplier:
    """Which of the lines at the head of a receipt is the name."""

    def name_of(self, *head: str, sure: float = 1.0) -> object:
        rows = "\nCashier: Bo\nApples|7.50\nTotal|7.50\nCash|10.00\nChange|2.50\n02/03/2026 10:15"
        return read_printed(photographed("\n".join(head) + rows, sure)).invoice.supplier.name.value

    def test_greetings_titles_and_scraps_are_none(self) -> None:
        head = ("ee oe", "WELCOME!", "TAX INVOICE", "FOGGY CORNER SHOP", "9 Nowhere Lane")
        assert self.name_of(*head) == "FOGGY CORNER SHOP"

    def test_the_number_of_registration_is_no_part_of_it(self) -> None:
        assert self.name_of("MISTY HILL SDN BHD (000123-X)", "9, JALAN AWAN") == "MISTY HILL SDN BHD"

    def test_it_may_go_on_in_the_next_line(self) -> None:
        head = ("MISTY HILL BOOKSELLERS", "CO. (M) SDN BHD", "9, JALAN AWAN")
        assert self.name_of(*head) == "MISTY HILL BOOKSELLERS CO. (M) SDN BHD"

    def test_a_brand_above_the_name_is_not_joined_with_it(self) -> None:
        assert self.name_of("MISTY!", "Hilltop Retail Holdings Ltd", "9 Nowhere Lane") == "Hilltop Retail Holdings Ltd"

    def test_a_damaged_legal_form_is_left_off(self) -> None:
        assert self.name_of("MISTY HILL SON BHD", "9, JALAN AWAN") == "MISTY HILL"

    def test_signs_read_for_letters_are_put_right(self) -> None:
        assert self.name_of("MR. A.B.¥. (M) SDN BHD", "9, JALAN AWAN") == "MR. A.B.Y. (M) SDN BHD"

    def test_the_customer_below_the_address_is_not_it(self) -> None:
        head = ("M1sfy H|II", "Lot 3, Jalan Awan 23/1", "40000 Kota Kabus, Negeri", "VOID GROCERS SDN BHD")
        assert self.name_of(*head) is None

    def test_what_ocr_does_not_believe_itself_is_not_taken(self) -> None:
        assert self.name_of("FOGGY CORNER SHOP", "9 Nowhere Lane", sure=0.35) is None
        assert self.name_of("FOGGY CORNER SHOP", "9 Nowhere Lane", sure=0.95) == "FOGGY CORNER SHOP"

    def test_notices_are_none(self) -> None:
        assert self.name_of("Goods sold are not returnable", "For feedback please call", "0999 123 456") is None


def test_a_hostile_receipt_ends_in_time() -> None:
    row = "TOTAL 1.00 2.01 3.02 4.03 SUBTOTAL 5.04 TAX 0.11 ROUNDING 0.01"
    lines = [f"{row.replace('1.00', f'{number}.00')} CHANGE 0.{number % 100:02}" for number in range(3_000)]
    words = tuple(
        Word(word, Box(0.03 * place, 0.0003 * number, 0.03 * place + 0.02, 0.0003 * number + 0.0002))
        for number, line in enumerate(lines)
        for place, word in enumerate(line.split())
    )
    context = Context(Document.of([Page(0, 300.0, 90_000.0, words)]), Deadline(PATIENCE_SECONDS))
    work = ProcessorTime()
    receipt_in(context)
    assert work.seconds < 5
