"""Payment terms in the words of eleven languages, and what is not a term of payment."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine import extract
from invoice_engine.fields.terms import LONGEST, Term, find_terms
from tests.unit.engine import documents
from tests.unit.engine.documents import Text

ISSUED = date(2026, 3, 2)

IN_DAYS = {
    "Payable within 30 days": 30,
    "30 days net": 30,
    "Net 30": 30,
    "Payment terms: 2% 10 days, 30 days net": 30,
    "2/10, net 30": 30,
    "Zahlbar innerhalb von 14 Tagen ohne Abzug.": 14,
    "2 % Skonto bei Zahlung innerhalb von 10 Tagen, 30 Tage netto.": 30,
    "Bei Zahlung innerhalb von 8 Tagen 2 % Skonto, innerhalb 30 Tagen netto Kasse": 30,
    "Zahlbar binnen zwei (2) Wochen": 14,
    "Règlement à 30 jours": 30,
    "Betaling binnen 30 dagen na factuurdatum": 30,
    "Forma de pago: transferencia a 15 días": 15,
    "Pagamento: bonifico 30 gg data fattura": 30,
    "Prazo de pagamento: 60 dias": 60,
    "Przelew, termin płatności 14 dni": 14,
    "Betalningsvillkor: 30 dagar netto": 30,
    "Netto 8 dage. Ved betaling efter forfald tilskrives renter.": 8,
    "Splatnost 14 dní": 14,
    "SPLATNOST 14 DNI": 14,
}
AT_ONCE = [
    "Payment due on receipt", "Zahlbar sofort nach Erhalt", "Paiement comptant", "Betaling bij ontvangst",
    "Pago al contado", "Pagamento: rimessa diretta", "Condições de pagamento: pronto pagamento", "Betales kontant",
]  # fmt: skip
OTHER = [
    "Goods may be returned within 30 days",
    "Interest of 8 % is charged on payments overdue by 30 days",
    "Bei Zahlungsverzug nach 30 Tagen 9 % Zinsen",
    "Garantie: 180 Tage",
    "Netto 30,00 EUR",
    "Net 1 200.00",
    "Pago de 15 unidades",
    "Lieferung innerhalb von 14 Tagen",
    "3 Tage Hotel",
    "sofort lieferbar",
]


@pytest.mark.parametrize(("text", "days"), IN_DAYS.items())
def test_the_days_that_count_are_those_of_the_net_amount(text: str, days: int) -> None:
    assert [term.days for term in find_terms(text)] == [days]


@pytest.mark.parametrize("text", AT_ONCE)
def test_due_at_once_is_due_on_the_day_of_issue(text: str) -> None:
    assert [term.due(ISSUED) for term in find_terms(text)] == [ISSUED]


@pytest.mark.parametrize("text", OTHER)
def test_other_periods_and_amounts_are_no_terms_of_payment(text: str) -> None:
    assert find_terms(text) == []


@pytest.mark.parametrize(
    "text", ["virement 30 jours fin de mois", "bonifico 30 gg d.f. f.m.", "pago 30 días fin de mes"]
)
def test_end_of_month_is_that_of_the_day_the_days_lead_to(text: str) -> None:
    (term,) = find_terms(text)
    assert term.due(ISSUED) == date(2026, 4, 30)
    assert term.due(date(2026, 1, 30)) == date(2026, 3, 31)


@pytest.mark.parametrize("text", ["30 Tage", "30 jours", "14 dní"])
def test_bare_days_are_terms_only_where_a_label_says_so(text: str) -> None:
    assert find_terms(text) == []
    assert len(find_terms(text, of_payment=True)) == 1


@given(
    st.integers(1, LONGEST), st.sampled_from(["payable within {} days", "Zahlungsziel {} Tage", "paiement à {} jours"])
)
def test_days_come_back_as_they_were_written(days: int, sentence: str) -> None:
    assert [term.days for term in find_terms(sentence.format(days))] == [days]


@given(st.integers(LONGEST + 1, 999))
def test_longer_periods_are_no_terms_of_payment(days: int) -> None:
    assert find_terms(f"payable within {days} days") == []


@given(st.text(max_size=80), st.booleans())
def test_any_text_is_read_and_terms_are_within_it(text: str, of_payment: bool) -> None:
    for term in find_terms(text, of_payment=of_payment):
        assert 0 <= term.start < term.end <= len(text)
        assert 0 <= term.days <= LONGEST


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)), st.integers(0, LONGEST), st.booleans())
def test_nothing_is_due_before_the_days_have_passed(issued: date, days: int, end_of_month: bool) -> None:
    due = Term(days, 0, 1, end_of_month).due(issued)
    assert issued + timedelta(days=days) <= due
    assert due - issued <= timedelta(days=days + 30)
    assert not end_of_month or (due + timedelta(days=1)).day == 1


def page(*more: Text) -> list[Text]:
    """An invoice of 2 March 2026 without a due date."""
    return [text for text in documents.GERMAN_INVOICE if text[2] not in {"Fällig am:", "01.04.2026"}] + list(more)


def test_a_derived_date_has_the_place_of_the_terms() -> None:
    due = extract(documents.pdf(page((60, 600, "Zahlbar innerhalb von 14 Tagen netto")))).invoice.due_date.chosen
    assert due is not None
    assert (due.value, due.source, due.page) == (date(2026, 3, 16), "derived", 0)
    assert due.box is not None
    assert 0.68 < due.box.top < 0.72


def test_terms_may_stand_beside_or_below_their_label() -> None:
    beside = page((60, 600, "Zahlungsbedingungen:"), (200, 600, "30 Tage"))
    below = page((60, 600, "Zahlungsbedingungen"), (60, 612, "30 Tage"))
    for texts in (beside, below):
        assert extract(documents.pdf(texts)).invoice.due_date.value == date(2026, 4, 1)


def test_a_printed_due_date_wins() -> None:
    texts = [*documents.GERMAN_INVOICE, (60, 600, "Zahlbar innerhalb von 14 Tagen netto")]
    due = extract(documents.pdf(texts)).invoice.due_date.chosen
    assert due is not None
    assert (due.value, due.source) == (date(2026, 4, 1), "text")


def test_the_day_the_terms_lead_to_is_read_where_it_is_printed() -> None:
    texts = page((60, 600, "Zahlbar innerhalb von 14 Tagen,"), (60, 612, "das ist der 16.03.2026"))
    due = extract(documents.pdf(texts)).invoice.due_date.chosen
    assert due is not None
    assert (due.value, due.source) == (date(2026, 3, 16), "text")


def test_without_terms_or_a_date_of_issue_nothing_is_derived() -> None:
    assert extract(documents.pdf(page())).invoice.due_date.value is None
    undated = [text for text in page((60, 600, "Zahlbar innerhalb von 14 Tagen")) if text[2] != "02.03.2026"]
    assert extract(documents.pdf(undated)).invoice.due_date.value is None
