"""The comparison with the reference JSONata sees what it is for."""

from __future__ import annotations

from typing import Any

import pytest

from tools.second_opinions.__main__ import differences

NOW = "2026-03-31T12:00:00.000Z"


def evaluation(expression: str, outcome: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"expression": expression, "given": given, "now": NOW, "outcome": outcome}


@pytest.mark.parametrize(
    "made",
    [
        evaluation("$states.a + 1", {"value": 3}, states={"a": 2}),
        evaluation("$states.a", {"undefined": True}, states={}),
        evaluation("$states.a", {"value": None}, states={"a": None}),
        evaluation("$states.a + 1", {"error": "in other words"}, states={"a": "text"}),
        evaluation("$now() & $millis()", {"value": f"{NOW}1774958400000"}),
        evaluation("$parse($text).a", {"value": [1.0]}, text='{"a": [1]}'),
    ],
)
def test_what_is_the_same_is_no_difference(made: dict[str, Any]) -> None:
    assert differences([made]) == []


@pytest.mark.parametrize(
    ("made", "reference"),
    [
        (evaluation("1 + 1", {"value": 3}), {"value": 2}),
        (evaluation("1 + 1", {"value": "2"}), {"value": 2}),
        (evaluation("$states.a", {"value": None}, states={}), {"undefined": True}),
        (evaluation("$exists($states.a)", {"value": False}, states={"a": None}), {"value": True}),
        (evaluation("1 = 1", {"value": 1}), {"value": True}),
        (evaluation("$merge([{'a': 1}, {'b': 2}])", {"value": {"a": 1}}), {"value": {"a": 1, "b": 2}}),
        (evaluation("1 + 1", {"error": "no"}), {"value": 2}),
    ],
)
def test_what_is_not_the_same_is_told_with_what_the_reference_says(made: dict[str, Any], reference: Any) -> None:
    same = evaluation("1", {"value": 1})
    assert differences([same, made, same]) == [{**made, "reference": reference}]
