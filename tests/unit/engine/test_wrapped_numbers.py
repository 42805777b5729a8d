"""An invoice number that wraps in its column is given whole, or as it is when the next line is something else."""

import pytest

from invoice_engine import extract
from tests.unit.engine import documents
from tests.unit.engine.documents import Text

BEGINNING = "GS-2026-000184-ABTEILUNG-77"


def number_above(next_line: str, left: float = 60) -> object:
    page: list[Text] = [
        (60, 50, "Nebelhorn Metallbau GmbH"), (60, 120, "Rechnung"),
        (60, 150, "Rechnungsnummer"), (60, 166, BEGINNING), (left, 178, next_line),
        (330, 150, "Rechnungsdatum"), (330, 166, "03.02.2026"),
        (330, 400, "Gesamtbetrag"), (470, 400, "119,00 €"),
    ]  # fmt: skip
    return extract(documents.pdf(page)).invoice.invoice_number.value


def test_the_rest_of_a_number_is_taken_from_the_next_line() -> None:
    assert number_above("4051-9") == BEGINNING + "4051-9"


@pytest.mark.parametrize("next_line", ["Werkstatt 7", "12.02.2026", "Kundennummer", "14,50", "a4051"])
def test_what_is_no_rest_of_a_number_is_left_alone(next_line: str) -> None:
    assert number_above(next_line) == BEGINNING


def test_a_code_in_another_column_is_left_alone() -> None:
    assert number_above("4051-9", left=75) == BEGINNING
