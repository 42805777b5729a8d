"""The demo's judge sees every kind of difference, and nothing where there is none."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from samples.judging import differences

EXPECTED = json.loads(Path("samples/expected.json").read_text(encoding="utf-8"))
CAPTURED = {name: entry for name, entry in EXPECTED.items() if entry["status"] == "CAPTURED"}
REFUSED = {name: entry for name, entry in EXPECTED.items() if entry["status"] == "REJECTED"}


def outcome(entry: dict[str, Any]) -> dict[str, Any]:
    """What `process --json` prints of a document that ended as the entry says."""
    told: dict[str, Any] = {"status": entry["status"], "error": None, "invoice": None, "findings": []}
    told["notifications"] = 1
    if "reason" in entry:
        code = {"empty_document": "EmptyDocument", "unsupported_format": "UnsupportedFormat"}[entry["reason"]]
        return {**told, "error": {"code": code, "message": "Because."}}
    invoice: dict[str, Any] = {}
    for path, value in entry["invoice"].items():
        *parents, name = path.split(".")
        part = invoice
        for parent in parents:
            part = part.setdefault(parent, {})
        part[name] = {"value": value}
    invoice["lines"] = [{name: {"value": value} for name, value in line.items()} for line in entry["lines"]]
    return {**told, "invoice": invoice}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_right_has_no_differences(name: str) -> None:
    assert differences(outcome(EXPECTED[name]), EXPECTED[name]) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_another_status_is_a_difference(name: str) -> None:
    wrong = {**outcome(EXPECTED[name]), "status": "FAILED", "error": {"code": "EngineFailed", "message": "It broke."}}
    [sentence] = differences(wrong, EXPECTED[name])
    assert "FAILED" in sentence
    assert "It broke." in sentence


@pytest.mark.parametrize("name", REFUSED)
def test_another_reason_is_a_difference(name: str) -> None:
    wrong = {**outcome(EXPECTED[name]), "error": {"code": "TooLarge", "message": ""}}
    assert differences(wrong, EXPECTED[name]) != []


@pytest.mark.parametrize("path", next(iter(CAPTURED.values()))["invoice"])
@pytest.mark.parametrize("value", [None, "other"])
def test_every_value_counts(path: str, value: str | None) -> None:
    for entry in CAPTURED.values():
        changed = copy.deepcopy(entry)
        changed["invoice"][path] = value
        assert bool(differences(outcome(changed), entry)) == (entry["invoice"][path] != value)


@pytest.mark.parametrize("name", ["description", "quantity", "unit_price", "subtotal"])
def test_every_cell_of_a_line_counts(name: str) -> None:
    entry = next(iter(CAPTURED.values()))
    for value in ("1.01", None, "x"):
        wrong = outcome(entry)
        wrong["invoice"]["lines"][-1][name]["value"] = value
        [sentence] = differences(wrong, entry)
        assert f"{len(entry['lines'])} is" in sentence


def test_a_line_too_few_a_finding_and_a_second_announcement_are_differences() -> None:
    entry = next(iter(CAPTURED.values()))
    wrong = outcome(entry)
    wrong["invoice"]["lines"].pop()
    wrong |= {"findings": [{"code": "total_mismatch"}], "notifications": 2}
    assert len(differences(wrong, entry)) == 3
