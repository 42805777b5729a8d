"""Boxes given as centre, size and angle become upright ones."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.providers.extract_api.readings import box_of

FRACTION = st.floats(min_value=0, max_value=1)
SIZE = st.floats(min_value=0, max_value=3)
ANGLE = st.floats(min_value=-1000, max_value=1000)


@pytest.mark.parametrize("angle", [0, 180, -180, 360, 540, 720.0])
def test_a_box_that_is_upright_or_upside_down_keeps_its_sides(angle: float) -> None:
    assert box_of([0.5, 0.25, 0.2, 0.1, angle]) == pytest.approx((0.4, 0.2, 0.6, 0.3))


@pytest.mark.parametrize("angle", [90, 270, -90, -270, 450])
def test_a_box_turned_by_a_quarter_swaps_its_sides(angle: float) -> None:
    assert box_of([0.5, 0.25, 0.2, 0.1, angle]) == pytest.approx((0.45, 0.15, 0.55, 0.35))


@pytest.mark.parametrize("angle", [45, 135, 225, -45, 405])
def test_a_box_turned_halfway_has_the_corners_of_the_turned_rectangle_on_its_sides(angle: float) -> None:
    half = (0.2 + 0.1) / 2 / sqrt(2)
    assert box_of([0.5, 0.5, 0.2, 0.1, angle]) == pytest.approx((0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half))


def test_the_sides_of_a_slightly_turned_box_are_those_of_its_corners() -> None:
    # 36.87 degrees: cosine 0.8, sine 0.6.
    box = box_of([0.5, 0.5, 0.2, 0.1, 36.86989764584402])
    assert box == pytest.approx((0.5 - 0.11, 0.5 - 0.1, 0.5 + 0.11, 0.5 + 0.1))
    assert box_of([0.5, 0.5, 0.2, 0.1, -36.86989764584402]) == pytest.approx(box)


def test_a_box_ends_at_the_edges_of_the_page() -> None:
    assert box_of([0.95, 0.02, 0.2, 0.1, 0]) == pytest.approx((0.85, 0, 1, 0.07))


@pytest.mark.parametrize(
    "coords",
    [
        None,
        [],
        {},
        "0.5",
        [0.5, 0.5, 0.1, 0.1],
        [0.5, 0.5, 0.1, 0.1, 0, 0],
        [0.5, 0.5, 0.1, 0.1, None],
        [0.5, 0.5, 0.1, "0.1", 0],
        [1.2, 0.5, 0.1, 0.1, 0],
        [0.5, -0.1, 0.1, 0.1, 0],
        [0.5, 0.5, -0.1, 0.1, 0],
        [0.5, 0.5, 0.1, float("inf"), 0],
        [float("nan"), 0.5, 0.1, 0.1, 0],
        [0.5, 0.5, 0.1, 0.1, float("nan")],
        [0.5, 0.5, 0.1, 0.1, 10**400],
    ],
)
def test_malformed_coordinates_are_no_box(coords: Any) -> None:
    assert box_of(coords) is None


@given(FRACTION, FRACTION, SIZE, SIZE, ANGLE)
def test_a_box_lies_on_the_page_and_holds_its_centre(x: float, y: float, width: float, height: float, a: float) -> None:
    box = box_of([x, y, width, height, a])
    assert box is not None
    left, top, right, bottom = box
    assert 0 <= left <= x <= right <= 1
    assert 0 <= top <= y <= bottom <= 1


@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), max_size=7))
def test_arbitrary_coordinates_are_a_box_on_the_page_or_none(coords: list[Any]) -> None:
    box = box_of(coords)
    assert box is None or (0 <= box[0] <= box[2] <= 1 and 0 <= box[1] <= box[3] <= 1)
