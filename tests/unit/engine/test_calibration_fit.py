"""The program that fits the calibration: it finds a curve that is there, and never sees the group it is tried on."""

import math
import random

import pytest

from benchmarks.calibration import Trial, fit, held_out, line_trials
from invoice_capture_cli.evaluation.labels import Label
from invoice_capture_cli.evaluation.reading import Reading
from invoice_engine.choose.calibrate import Curve

UNCHANGED = Curve(0.0, 1.0)


def test_a_curve_is_found_again_in_what_it_made() -> None:
    chance, curve = random.Random(20261121), Curve(offset=0.8, slope=1.6)
    scores = [chance.uniform(0.05, 0.95) for _ in range(4000)]
    found = fit([Trial(score, chance.random() < curve.probability(score), "g") for score in scores])
    assert found.offset == pytest.approx(curve.offset, abs=0.15)
    assert found.slope == pytest.approx(curve.slope, abs=0.2)


def test_without_trials_a_score_is_its_own_probability() -> None:
    assert fit([]) == UNCHANGED


def test_scores_that_are_always_right_do_not_become_certain() -> None:
    curve = fit([Trial(0.9, True, "g")] * 50)
    assert 0.9 < curve.probability(0.9) < 1
    assert math.isfinite(curve.offset)


def test_a_group_is_tried_on_the_curve_of_the_others() -> None:
    good = [Trial(0.7, True, "good")] * 40
    bad = [Trial(0.7, False, "bad")] * 40
    pairs = held_out([*good, *bad])
    assert {round(probability, 6) for probability, right in pairs if right} == {round(fit(bad).probability(0.7), 6)}
    assert {round(probability, 6) for probability, right in pairs if not right} == {
        round(fit(good).probability(0.7), 6)
    }


def test_the_parts_of_a_line_are_tried_on_the_labelled_line_they_are_likeliest_of() -> None:
    label = Label(
        "a.pdf", "digital", "g", {}, {},
        [{"description": "Ruler", "quantity": "2", "amount": "7.00"}, {"description": "Chalk", "amount": "5.00"}],
    )  # fmt: skip
    given = [
        {"description": ("Chalk", 0.9), "quantity": ("1", 0.8), "amount": ("5.00", 0.9)},
        {"description": ("Ruler", 0.9), "quantity": ("3", 0.6), "amount": ("7.00", 0.9)},
        {"description": ("Subtotal", 0.5), "amount": ("12.00", 0.5)},
    ]
    trials = list(line_trials(label, Reading("a.pdf", 0.0, best_of_lines=given), UNCHANGED))
    assert [(round(trial.score, 6), trial.right) for trial in trials] == [
        (0.9, True), (0.9, True),
        (0.9, True), (0.6, False), (0.9, True),
        (0.5, False), (0.5, False),
    ]  # fmt: skip
