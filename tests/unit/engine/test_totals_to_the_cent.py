"""Where totals begin and cease to add up, to the cent, and how sure the choice is then."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from invoice_engine.choose.totals import Totals, TotalsEvidence, choose_totals
from invoice_engine.fields.money import Amount, TaxRow
from invoice_engine.model import Box, Candidate

BOX = Box(0.1, 0.1, 0.2, 0.2)
NOTHING = TotalsEvidence([], [], [], [], [], {}, [])


def printed(value: str) -> Amount:
    return Amount(Decimal(value), 0, BOX)


def chosen(
    subtotal: str | None = None,
    tax_total: str | None = None,
    total: str | None = None,
    confidence: float = 0.9,
    **evidence: Any,
) -> Totals:
    """What is chosen from one labelled amount of each kind."""
    labelled = {
        name: [Candidate(Decimal(value), confidence, 0, BOX)]
        for name, value in (("subtotal", subtotal), ("tax_total", tax_total), ("total", total))
        if value is not None
    }
    return choose_totals(replace(NOTHING, **labelled, **evidence))


def values(totals: Totals) -> tuple[str | None, ...]:
    fields = totals.subtotal, totals.tax_total, totals.total
    return tuple(None if field.value is None else str(field.value) for field in fields)


def rates(*percent: str) -> dict[Decimal, Amount]:
    return {Decimal(rate): printed(rate) for rate in percent}


def sureness(totals: Totals) -> list[float]:
    fields = totals.subtotal, totals.tax_total, totals.total
    return [pytest.approx(field.chosen.confidence) for field in fields if field.chosen is not None]


@pytest.mark.parametrize(
    ("amounts", "adds_up"),
    [
        (("100.00", "19.00", "119.00"), True),
        (("100.00", "19.00", "119.02"), True),
        (("100.00", "19.00", "119.03"), False),
        (("100.00", "19.00", "118.98"), True),
        (("100.00", "19.00", "118.97"), False),
        # A small tax must be met to a tenth.
        (("1.00", "0.10", "1.11"), True),
        (("1.00", "0.10", "1.12"), False),
        (("-100.00", "-19.00", "-119.02"), True),
        (("-100.00", "-19.00", "-119.03"), False),
    ],
)
def test_three_amounts_are_chosen_together_when_they_add_up(amounts: tuple[str, str, str], adds_up: bool) -> None:
    totals = chosen(*amounts, confidence=0.6)
    assert (values(totals) == amounts) is adds_up
    assert (sureness(totals) == [0.88, 0.88, 0.88]) is adds_up


def test_agreement_makes_nothing_surer_than_97_percent() -> None:
    assert sureness(chosen("100.00", "19.00", "119.00", confidence=1.0)) == [0.97, 0.97, 0.97]


def test_without_a_tax_the_amounts_are_the_same() -> None:
    assert values(chosen("100.00", "0.00", "100.00")) == ("100.00", "0.00", "100.00")
    assert values(chosen("100.00", "0.00", "100.01")) != ("100.00", "0.00", "100.01")


@pytest.mark.parametrize("total", ["124.00", "114.00"])
def test_a_charge_or_an_allowance_explains_a_difference_exactly(total: str) -> None:
    amounts = "100.00", "19.00", total
    assert values(chosen(*amounts, charges=frozenset({Decimal(5)}))) == amounts
    assert values(chosen(*amounts, charges=frozenset({Decimal("5.01")}))) != amounts
    assert values(chosen(*amounts)) != amounts


@pytest.mark.parametrize(("tax", "total", "both"), [("50.00", "100.00", True), ("50.01", "100.00", False)])
def test_a_tax_of_more_than_half_the_total_is_none(tax: str, total: str, both: bool) -> None:
    assert (values(chosen(None, tax, total))[1:] == (tax, total)) is both


@pytest.mark.parametrize(("subtotal", "both"), [("100.00", True), ("100.01", False)])
def test_a_subtotal_is_not_above_the_total(subtotal: str, both: bool) -> None:
    assert (values(chosen(subtotal, None, "100.00")) == (subtotal, None, "100.00")) is both


def test_an_amount_of_ocr_that_no_sum_proves_is_less_sure() -> None:
    # What stands alone may be the net amount as well, half as sure.
    assert sureness(chosen(None, None, "119.00", confidence=0.8)) == [0.4, 0.8]
    assert sureness(chosen(None, None, "119.00", confidence=0.8, by_ocr=True)) == [0.68]
    assert sureness(chosen("100.00", "19.00", "119.00", confidence=0.8, by_ocr=True)) == [0.94, 0.94, 0.94]


# --- what a printed rate ties together  ----------------------------------------


@pytest.mark.parametrize(
    ("total", "net", "tax", "is_found"),
    [
        ("119.00", "100.00", "19.00", True),
        # 119.01 is 100.01 and 119.03 is 100.03 before a tax of 19 %, as near as cents go.
        ("119.01", "100.00", "19.01", True),
        ("118.99", "100.00", "18.99", True),
        ("119.03", "100.00", "19.03", False),
        ("118.97", "100.00", "18.97", False),
        ("119.00", "100.00", "19.01", False),
    ],
)
def test_unlabelled_amounts_beside_a_total(total: str, net: str, tax: str, is_found: bool) -> None:
    amounts = [printed(net), printed(tax), printed("42.00")]
    totals = chosen(None, None, total, rates=rates("19"), amounts=amounts)
    assert (values(totals) == (net, tax, total)) is is_found
    assert (sureness(totals)[:2] == [0.76, 0.76]) is is_found


@pytest.mark.parametrize(("rate", "net", "tax"), [("0", "150.00", "0.00"), ("50", "100.00", "50.00")])
def test_a_rate_that_is_none_ties_nothing(rate: str, net: str, tax: str) -> None:
    totals = chosen(None, None, "150.00", rates=rates(rate), amounts=[printed(net), printed(tax)])
    assert totals.tax_total.value is None


@pytest.mark.parametrize(
    ("amounts", "confidence", "completed"),
    [
        (("100.00", None, "119.00"), 0.5, ("100.00", "19.00", "119.00")),
        (("100.00", "19.00", None), 0.5, ("100.00", "19.00", "119.00")),
        ((None, "19.00", "119.00"), 0.5, ("100.00", "19.00", "119.00")),
        # Not sure enough; a tax of less than one; a cent more than rounding explains.
        (("100.00", None, "119.00"), 0.49, None),
        (("5.00", None, "5.95"), 0.9, None),
        (("100.00", None, "119.02"), 0.9, ("100.00", "19.02", "119.02")),
        (("100.00", None, "119.03"), 0.9, None),
    ],
)
def test_ocr_is_completed(amounts: tuple[str | None, ...], confidence: float, completed: Any) -> None:
    totals = values(chosen(*amounts, confidence=confidence, by_ocr=True, rates=rates("19")))
    assert (totals == completed) if completed else (None in totals)


def test_what_completes_ocr_is_as_sure_as_what_was_derived() -> None:
    totals = chosen("100.00", None, "119.00", confidence=0.5, by_ocr=True, rates=rates("19"))
    assert sureness(totals) == [0.85, 0.82, 0.85]


# --- the breakdown  ----------------------------------------


@pytest.mark.parametrize(("tax", "has_row"), [("19.02", True), ("19.03", False), ("18.98", True), ("18.97", False)])
def test_the_rate_of_the_only_row_meets_the_tax(tax: str, has_row: bool) -> None:
    total = str(Decimal("100.00") + Decimal(tax))
    rows = chosen("100.00", tax, total, rates=rates("7", "19")).taxes
    assert [(str(row.rate.value), str(row.base.value), str(row.amount.value)) for row in rows] == (
        [("19", "100.00", tax)] if has_row else []
    )
    assert [row.rate.chosen.confidence for row in rows if row.rate.chosen] == [0.85] * len(rows)


@pytest.mark.parametrize(("tax", "has_rows"), [("33.02", True), ("33.03", False), ("32.98", True), ("32.97", False)])
def test_printed_rows_make_the_tax(tax: str, has_rows: bool) -> None:
    rows = [TaxRow(*(printed(value) for value in row)) for row in (("19", "100.00", "19.00"), ("7", "200.00", "14.00"))]
    # The labelled tax is far surer than what the rows make.
    taxes = chosen("300.00", tax, str(300 + Decimal(tax)), confidence=1.0, rows=rows).taxes
    assert [str(row.rate.value) for row in taxes] == (["19", "7"] if has_rows else [])
    leaves = [field.chosen for row in taxes for field in (row.rate, row.base, row.amount)]
    assert [leaf.confidence for leaf in leaves if leaf] == [0.9] * len(leaves)


def test_the_last_row_of_a_rate_is_its_sum() -> None:
    rows = [TaxRow(*(printed(value) for value in row)) for row in (("19", "40.00", "7.60"), ("19", "100.00", "19.00"))]
    totals = chosen(None, None, "119.00", rows=rows)
    assert values(totals) == ("100.00", "19.00", "119.00")
    assert [str(row.amount.value) for row in totals.taxes] == ["19.00"]
