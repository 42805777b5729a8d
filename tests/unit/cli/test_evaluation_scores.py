"""Figures, checked against numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture_cli.evaluation.groups import Spread, by_group, spreads
from invoice_capture_cli.evaluation.judging import Outcome, judge, judge_all
from invoice_capture_cli.evaluation.labels import Label
from invoice_capture_cli.evaluation.reading import Reading, Refusal
from invoice_capture_cli.evaluation.results import Results
from invoice_capture_cli.evaluation.scores import LineScore, calibration_error, reliability


def a_label(file: str, kind: str = "digital", group: str = "g", lines: int = 0, **fields: str) -> Label:
    return Label(file, kind, group, fields, {}, [{"description": f"Item {n}", "amount": str(n)} for n in range(lines)])


def a_reading(file: str, seconds: float = 1.0, **given_: tuple[str, float]) -> Reading:
    leaves = {
        name: {"value": value, "confidence": sure, "page": None, "box": None, "candidates": []}
        for name, (value, sure) in given_.items()
    }
    return Reading(file, seconds, leaves)


def results(*pairs: tuple[Label, Reading]) -> Results:
    return Results([label for label, _ in pairs], {reading.file: reading for _, reading in pairs})


@pytest.fixture
def four() -> Results:
    """Wanted: 3 totals, 2 dates, 2 ibans. Right: 2 totals, 1 date. Wrong: 1 total. The rest is missing."""
    return results(
        (
            a_label("a", total="10.00", date="2026-01-02", group="one"),
            a_reading("a", 0.5, total=("10", 0.9), date=("2026-01-02", 0.8), iban=("X1", 0.7)),
        ),
        (a_label("b", total="20.00", iban="X2", group="one"), a_reading("b", 2.5, total=("21", 0.6))),
        (a_label("c", "scan", "two", total="5"), a_reading("c", 1.0, total=("5.00", 0.95))),
        (
            a_label("d", "scan", "two", date="2026-01-01", iban="X3"),
            Reading("d", 0.1, refusal=Refusal("encrypted_document", "It is locked.")),
        ),
    )


def test_recall_and_precision(four: Results) -> None:
    score = four.all.total
    assert (score.wanted, score.given, score.right, score.wrong, score.missing) == (7, 4, 3, 1, 3)
    assert score.recall == pytest.approx(3 / 7)
    assert score.precision == pytest.approx(3 / 4)
    assert score.confidence == pytest.approx((0.9 + 0.8 + 0.6 + 0.95) / 4)


def test_figures_of_each_kind_and_field(four: Results) -> None:
    digital, scan = four.kinds
    assert (digital.kind, digital.total.right, digital.total.wanted, digital.total.given) == ("digital", 2, 4, 3)
    assert (scan.kind, scan.total.right, scan.total.wanted, scan.total.given, scan.refused) == ("scan", 1, 3, 1, 1)
    assert {name: (score.right, score.wanted) for name, score in four.all.fields.items()} == {
        "total": (2, 3),
        "date": (1, 2),
        "iban": (0, 2),
    }
    assert four.all.fields["iban"].precision is None
    assert sorted(digital.seconds) == [0.5, 2.5]


def test_a_value_that_is_not_labelled_counts_neither_way(four: Results) -> None:
    [iban] = [one for one in four.judged if one.outcome is Outcome.UNLABELLED]
    assert (iban.file, iban.field, iban.given) == ("a", "iban", "X1")
    assert all(bin_.count for bin_ in four.all.bins)
    assert sum(bin_.count for bin_ in four.all.bins) == 4


def test_a_value_that_is_known_and_not_printed_is_told() -> None:
    label = Label("a", "digital", "g", {}, {"iban": "X9"}, [])
    [judged] = judge(label, a_reading("a", iban=("X1", 0.7)))
    assert (judged.outcome, judged.known, judged.wanted) == (Outcome.UNLABELLED, "X9", None)


def test_a_document_without_a_reading_has_nothing_given() -> None:
    [judged] = judge_all([a_label("a", total="1")], {})
    assert (judged.outcome, judged.given, judged.confidence) == (Outcome.MISSING, None, None)


@pytest.mark.parametrize(
    ("given_", "outcome", "counted"),
    [
        ({"total": ("9.00", 0.9), "subtotal": ("8.00", 0.9)}, Outcome.RIGHT, 1),
        ({"total": ("9.50", 0.9), "subtotal": ("9.00", 0.9)}, Outcome.RIGHT, 1),
        ({"subtotal": ("9.00", 0.9)}, Outcome.RIGHT, 0),
        ({"total": ("7.00", 0.9)}, Outcome.WRONG, 1),
        ({}, Outcome.MISSING, 0),
    ],
)
def test_a_gross_amount_is_the_total_or_the_subtotal(
    given_: dict[str, tuple[str, float]], outcome: Outcome, counted: int
) -> None:
    label = a_label("a", "receipt", gross_amount="9.00")
    judged = results((label, a_reading("a", **given_))).all
    [gross] = [one for one in judged.judged if one.counts]
    assert (gross.field, gross.outcome, judged.total.given) == ("gross_amount", outcome, counted)


def test_refusals_are_told_once_for_each_reason(four: Results) -> None:
    assert [(refusal.message, files) for refusal, files in four.refusals] == [("It is locked.", ["d"])]


def test_the_calibration_error() -> None:
    # 0.0-0.1: 1 value, |0.05 - 0|; 0.7-0.8: 2 values, |0.75 - 0.5|; 0.9-1.0: 3 values, |0.95 - 2/3|.
    sure = [(0.05, False), (0.7, True), (0.8 - 0.001, False), (0.9, True), (0.95, False), (1.0, True)]
    bins = reliability(sure)
    assert [(one.lower, one.count) for one in bins] == [(0.0, 1), (0.7, 2), (0.9, 3)]
    assert calibration_error(bins) == pytest.approx((0.05 + 2 * 0.2495 + 3 * abs(0.95 - 2 / 3)) / 6)


def test_nothing_given_has_no_calibration_error() -> None:
    assert calibration_error(reliability([])) is None


@pytest.mark.parametrize(
    ("confidence", "lower"), [(0.0, 0.0), (0.1, 0.1), (0.29, 0.2), (0.3, 0.3), (0.7, 0.7), (1, 0.9)]
)
def test_a_bin_begins_at_its_lower_edge(confidence: float, lower: float) -> None:
    assert reliability([(confidence, True)])[0].lower == lower


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_bins_hold_every_value_and_the_error_is_a_share(sure: list[tuple[float, bool]]) -> None:
    bins = reliability(sure)
    error = calibration_error(bins)
    assert sum(one.count for one in bins) == len(sure)
    assert error is not None
    assert 0 <= error <= 1 + 1e-9
    # Whatever the bins, the error is at least the distance of the two means.
    assert error >= abs(sum(one for one, _ in sure) - sum(right for _, right in sure)) / len(sure) - 1e-9


def test_line_items() -> None:
    found = [{"description": "Item 1 and more", "amount": "1.00"}, {"description": "Item 0", "amount": "0"}, {}]
    label, reading = a_label("a", lines=3), Reading("a", 1.0, lines=found)
    lines = LineScore.of(label, reading)
    assert lines == LineScore(wanted=3, found=3, right=2, exact=1)
    assert LineScore.of(a_label("b"), reading) == LineScore(0, 0, 0, 0)
    assert (LineScore.of(label, None) + lines) == LineScore(wanted=6, found=3, right=2, exact=1)
    assert (lines.recall, lines.precision, LineScore(0, 0, 0, 0).recall) == (
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
        None,
    )


def test_groups_are_compared(four: Results) -> None:
    groups = by_group(four.judged)
    assert [(group.name, group.documents, group.score.recall) for group in groups] == [
        ("two", 2, pytest.approx(1 / 3)),
        ("one", 2, pytest.approx(1 / 2)),
    ]
    assert [group.is_weak for group in groups] == [True, True]
    assert spreads(groups)["recall"].median == pytest.approx(5 / 12)


def test_the_spread() -> None:
    spread = Spread.of([0.2, 0.4, 0.6, 0.8, 1.0])
    assert (spread.least, spread.lower_quartile, spread.median, spread.upper_quartile, spread.most) == (
        0.2,
        0.4,
        0.6,
        0.8,
        1.0,
    )
    assert spread.deviation == pytest.approx(0.08**0.5)
    assert Spread.of([0.5]) == Spread(1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0)


def test_the_json_has_all_figures(four: Results) -> None:
    document = four.to_json(groups=True)
    assert [part["kind"] for part in document["kinds"]] == ["digital", "scan"]
    assert document["all"]["recall"] == 0.4286
    assert document["all"]["fields"]["total"]["calibration_error"] == pytest.approx((0.6 + 2 * 0.075) / 3)
    assert document["kinds"][0]["seconds"] == {"median": 1.5, "max": 2.5}
    assert document["refused"] == [{"code": "encrypted_document", "message": "It is locked.", "files": ["d"]}]
    assert [(miss["file"], miss["field"], miss["outcome"]) for miss in document["misses"]] == [
        ("b", "total", "wrong"),
        ("b", "iban", "missing"),
        ("d", "date", "missing"),
        ("d", "iban", "missing"),
    ]
    assert document["groups"]["spread"]["recall"]["count"] == 2
    assert "groups" not in four.to_json(groups=False)


def test_predictions_can_be_written_and_scored_later(four: Results) -> None:
    readings = {file: Reading.of_row(reading.to_row()) for file, reading in four.readings.items()}
    again = Results(four.labels, readings)
    assert again.all.total == four.all.total
    assert again.all.calibration_error == four.all.calibration_error
    assert again.all.refused == 1
