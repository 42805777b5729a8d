"""Subtotal, tax and total are chosen together."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.choose.totals import TotalsEvidence, choose_totals
from invoice_engine.fields.money import Amount, TaxRow
from invoice_engine.model import Box, Candidate

BOX = Box(0.1, 0.1, 0.2, 0.2)
NINETEEN = Amount(Decimal(19), 0, BOX)
NOTHING = TotalsEvidence([], [], [], [], [], {}, [])


def reading(value: str, confidence: float = 0.9) -> Candidate:
    return Candidate(Decimal(value), confidence, 0, BOX)


def test_what_adds_up_is_preferred_to_what_is_labelled_better() -> None:
    totals = choose_totals(
        replace(
            NOTHING,
            subtotal=[reading("100.00", 0.6), reading("90.00", 0.9)],
            tax_total=[reading("19.00")],
            total=[reading("119.00")],
        )
    )
    assert (totals.subtotal.value, totals.tax_total.value, totals.total.value) == (
        Decimal(100),
        Decimal(19),
        Decimal(119),
    )


def test_of_two_choices_that_add_up_the_larger_is_the_whole() -> None:
    totals = choose_totals(
        replace(
            NOTHING,
            subtotal=[reading("50.00", 0.9), reading("80.00", 0.7)],
            tax_total=[reading("5.00", 0.9), reading("8.00", 0.7)],
            total=[reading("55.00", 0.9), reading("88.00", 0.7)],
        )
    )
    assert totals.total.value == Decimal(88)


def test_agreement_raises_confidence() -> None:
    alone = choose_totals(replace(NOTHING, total=[reading("119.00", 0.6)]))
    agreed = choose_totals(
        replace(
            NOTHING,
            subtotal=[reading("100.00", 0.6)],
            tax_total=[reading("19.00", 0.6)],
            total=[reading("119.00", 0.6)],
        )
    )
    assert alone.total.chosen is not None
    assert agreed.total.chosen is not None
    assert agreed.total.chosen.confidence > alone.total.chosen.confidence


def test_an_unlabelled_net_amount_is_found_by_the_printed_rate() -> None:
    amounts = [Amount(Decimal(value), 0, BOX) for value in ("100.00", "19.00", "42.00")]
    totals = choose_totals(replace(NOTHING, total=[reading("119.00")], rates={Decimal(19): NINETEEN}, amounts=amounts))
    assert (totals.subtotal.value, totals.tax_total.value) == (Decimal(100), Decimal(19))


def test_one_row_of_tax_follows_from_the_totals_and_their_rate() -> None:
    totals = choose_totals(
        replace(
            NOTHING,
            subtotal=[reading("100.00")],
            tax_total=[reading("19.00")],
            total=[reading("119.00")],
            rates={Decimal(19): NINETEEN},
        )
    )
    assert [(tax.rate.value, tax.base.value, tax.amount.value) for tax in totals.taxes] == [
        (Decimal(19), Decimal(100), Decimal(19))
    ]


def test_a_subtotal_of_nothing_with_a_tax_as_large_as_the_total_is_no_choice() -> None:
    totals = choose_totals(
        replace(
            NOTHING,
            subtotal=[reading("300.00", 0.7), reading("0.00", 0.9)],
            tax_total=[reading("300.00", 0.9), reading("0.00", 0.7)],
            total=[reading("300.00")],
        )
    )
    assert (totals.subtotal.value, totals.tax_total.value) == (Decimal(300), Decimal(0))


def test_a_row_that_only_looks_like_one_of_tax_is_left_out_when_the_others_add_up() -> None:
    rows = [
        TaxRow(*(Amount(Decimal(value), 0, BOX) for value in values))
        for values in (("19", "100.00", "19.00"), ("7", "200.00", "14.00"), ("10", "350.00", "35.00"))
    ]
    totals = choose_totals(replace(NOTHING, subtotal=[reading("300.00")], total=[reading("333.00")], rows=rows))
    assert totals.tax_total.value == Decimal(33)
    assert [tax.rate.value for tax in totals.taxes] == [Decimal(19), Decimal(7)]


def test_what_ocr_read_is_completed_by_a_printed_rate_and_digital_text_is_not() -> None:
    evidence = replace(
        NOTHING, subtotal=[reading("100.00")], total=[reading("119.00")], rates={Decimal(19): NINETEEN}, by_ocr=True
    )
    assert choose_totals(evidence).tax_total.value == Decimal(19)
    assert choose_totals(replace(evidence, by_ocr=False)).tax_total.value is None
    assert choose_totals(replace(evidence, total=[reading("125.00")])).tax_total.value is None


def test_where_the_totals_do_not_add_up_the_items_tell() -> None:
    evidence = replace(NOTHING, subtotal=[reading("100.00", 0.8), reading("700.00", 0.85)])
    assert choose_totals(evidence).subtotal.value == Decimal(700)
    evidence = replace(evidence, sums_of_items=frozenset({Decimal(100)}))
    assert choose_totals(evidence).subtotal.value == Decimal(100)


def test_a_weak_total_stays_empty_and_keeps_its_candidates() -> None:
    total = choose_totals(replace(NOTHING, total=[reading("119.00", 0.3)])).total
    assert total.value is None
    assert [one.value for one in total.candidates] == [Decimal(119)]


@given(
    st.decimals(min_value=1, max_value=99999, places=2),
    st.sampled_from([Decimal(5), Decimal(7), Decimal("5.5"), Decimal(19), Decimal(21), Decimal(25)]),
    st.lists(st.decimals(min_value=1, max_value=99999, places=2), max_size=5),
)
def test_totals_that_add_up_are_chosen_among_any_noise(net: Decimal, rate: Decimal, noise: list[Decimal]) -> None:
    tax = (net * rate / 100).quantize(Decimal("0.01"))
    totals = choose_totals(
        replace(
            NOTHING,
            subtotal=[reading(str(net))],
            tax_total=[reading(str(tax))],
            total=[reading(str(net + tax)), *(reading(str(value), 0.4) for value in noise)],
            rates={rate: Amount(rate, 0, BOX)},
        )
    )
    chosen = totals.subtotal.value, totals.tax_total.value, totals.total.value
    assert all(isinstance(value, Decimal) for value in chosen)
    assert abs(Decimal(str(chosen[0])) + Decimal(str(chosen[1])) - Decimal(str(chosen[2]))) <= Decimal("0.02")
