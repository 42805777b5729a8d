"""Scores become probabilities: in order, bounded, and improbable readings leave their field empty."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.choose.calibrate import PROBABLE, Curve, calibrated, curves
from invoice_engine.model import Candidate, Field, Invoice, Line, Party, Tax

SCORES = st.floats(min_value=0.01, max_value=0.99)
CURVES = st.builds(Curve, offset=st.floats(-3, 3), slope=st.floats(0.3, 3))


def field(*scores: float) -> Field:
    candidates = tuple(Candidate(Decimal(number), score) for number, score in enumerate(scores))
    return Field(candidates[0], candidates)


def test_every_way_of_reading_has_a_rising_curve() -> None:
    assert curves().keys() == {"text", "ocr", "receipt"}
    assert all(curve.slope > 0 for both in curves().values() for curve in (both.header, both.lines))


@given(curve=CURVES, one=SCORES, other=SCORES)
def test_a_better_score_is_never_less_probable(curve: Curve, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 < curve.probability(low) <= curve.probability(high) < 1


@given(curve=CURVES, score=SCORES)
def test_a_probability_leads_back_to_its_score(curve: Curve, score: float) -> None:
    probability = curve.probability(score)
    if 0.001 < probability < 0.999:
        assert curve.score(probability) == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_nothing_is_certain_or_impossible(score: float) -> None:
    assert 0 < Curve(0, 1).probability(score) < 1


@pytest.mark.parametrize("reading", ["text", "ocr", "receipt"])
def test_improbable_readings_leave_their_field_empty_and_stay_candidates(reading: str) -> None:
    curve = curves()[reading].header
    sure, doubtful = curve.score(PROBABLE + 0.05), curve.score(PROBABLE - 0.05)
    invoice = calibrated(Invoice(total=field(sure), subtotal=field(doubtful)), reading)
    assert invoice.total.value == Decimal(0)
    assert invoice.total.chosen is not None
    assert invoice.total.chosen.confidence == pytest.approx(PROBABLE + 0.05)
    assert invoice.subtotal.value is None
    assert [one.confidence for one in invoice.subtotal.candidates] == [pytest.approx(PROBABLE - 0.05)]


def test_every_leaf_is_calibrated() -> None:
    score = 0.9
    invoice = Invoice(
        total=field(score, 0.5), supplier=Party(name=field(score)), taxes=[Tax(rate=field(score))],
        lines=[Line(description=field(score), quantity=field(score))],
    )  # fmt: skip
    found = calibrated(invoice, "ocr")
    header, lines = curves()["ocr"].header, curves()["ocr"].lines
    for leaf in (found.total, found.supplier.name, found.taxes[0].rate):
        assert leaf.candidates[0].confidence == pytest.approx(header.probability(score))
    assert found.total.candidates[1].confidence == pytest.approx(header.probability(0.5))
    assert found.lines[0].quantity.candidates[0].confidence == pytest.approx(lines.probability(score))


def test_a_line_without_a_probable_description_goes() -> None:
    doubtful = curves()["text"].lines.score(PROBABLE - 0.05)
    invoice = Invoice(lines=[Line(description=field(doubtful)), Line(description=field(0.97))])
    assert [line.description.value for line in calibrated(invoice, "text").lines] == [Decimal(0)]
