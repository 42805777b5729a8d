"""The script: which requests meet which fate, the same each time, and what the books say."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from local_stack.hostility import FOREVER, Delivery, Fault, Faults


def struck(faults: Faults, count: int, operation: str = "dynamodb:PutItem", by: str = "Work") -> list[int]:
    return [number for number in range(count) if faults.strike(operation, by) is not None]


def test_a_rule_passes_over_some_and_strikes_some() -> None:
    faults = Faults(Fault(on="dynamodb:*", error="ThrottlingException", after=2, times=3))
    assert struck(faults, 10) == [2, 3, 4]
    assert faults.injected == Counter({"dynamodb:* ThrottlingException": 3})


def test_a_rule_is_for_an_operation_of_a_caller() -> None:
    faults = Faults(Fault(on="dynamodb:P*", by="Submit*", error="ThrottlingException", times=FOREVER))
    assert struck(faults, 1, "dynamodb:Query", "SubmitDocumentFunction") == []
    assert struck(faults, 1, "dynamodb:PutItem", "StoreInvoiceFunction") == []
    assert struck(faults, 2, "dynamodb:PutItem", "SubmitDocumentFunction") == [0, 1]


def test_chance_depends_on_the_seed_alone() -> None:
    def some(seed: int) -> list[int]:
        rule = Fault(on="*", error="InternalServerError", probability=0.2, times=FOREVER)
        return struck(Faults(rule, seed=seed), 1000)

    assert some(7) == some(7) != some(8)
    assert 150 < len(some(7)) < 250


def test_the_first_rule_that_strikes_decides() -> None:
    faults = Faults(Fault(on="*", error="A", name="first"), Fault(on="*", error="B", name="second"))
    assert [
        fault.error for fault in (faults.strike("s3:GetObject", "x"), faults.strike("s3:GetObject", "x")) if fault
    ] == [
        "A",
        "B",
    ]
    assert faults.strike("s3:GetObject", "x") is None


def test_deliveries_are_late_and_repeated() -> None:
    faults = Faults(Delivery(on="s3:event", late_seconds=90, copies=3, times=1))
    first = faults.delays("s3:event")
    assert len(first) == 3
    assert all(0 <= delay <= 90 for delay in first)
    assert faults.delays("s3:event") == [0.0]


def test_faults_end_and_begin_anew_with_what_was_given() -> None:
    faults = Faults(Fault(on="*", error="A"), concurrency=10, index_lag_seconds=2)
    assert len(struck(faults, 3)) == 1
    faults.add(Fault(on="*", error="B", times=FOREVER))
    faults.end()
    assert (struck(faults, 3), faults.concurrency, faults.index_lag_seconds) == ([], None, 0)
    faults.restore()
    assert (struck(faults, 3), faults.concurrency, faults.index_lag_seconds) == ([0], 10, 2)
    assert sum(faults.injected.values()) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "one effect"),
        ({"error": "A", "unreachable": True}, "one effect"),
        ({"ends": "Lambda.Timeout"}, "Sandbox.Timedout"),
        ({"error": "A", "when": "after"}, "Only the end"),
        ({"error": "A", "probability": 2}, "from 0 to 1"),
    ],
)
def test_a_rule_that_makes_no_sense_says_why(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault(on="*", **wrong)
