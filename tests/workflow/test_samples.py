"""Every sample ends as samples/expected.json says, with the values that drew it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.conftest import Stacks
from tests.workflow.observing import announced, finished, states

SAMPLES = json.loads(Path("samples/expected.json").read_text())


@pytest.fixture(scope="module")
def samples(stacks: Stacks) -> dict[str, dict[str, Any]]:
    """What became of each sample, after one run of all of them with the default route."""
    stack = stacks.get()
    uploads = {name: stack.upload(f"incoming/{name}", Path("samples/documents", name).read_bytes()) for name in SAMPLES}
    outcomes = {}
    for name, upload in uploads.items():
        job_id = finished(stack, upload)
        record = stack.record(job_id)
        outcomes[name] = {
            "job": record.job,
            "invoice": record.invoice,
            "findings": record.findings,
            "announced": announced(stack, job_id),
            "states": states(stack, job_id),
        }
    return outcomes


def _told(line: dict[str, dict[str, Any]]) -> tuple[str, list[Decimal]]:
    """A line of an invoice, for comparing; where spaces stand in its description is a matter of taste."""
    amounts = [Decimal(line[name]["value"]) for name in ("quantity", "unit_price", "subtotal")]
    return "".join(line["description"]["value"].split()), amounts


def _wanted(line: dict[str, str]) -> tuple[str, list[Decimal]]:
    return _told({name: {"value": value} for name, value in line.items()})


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_ends_as_expected(samples: dict[str, dict[str, Any]], name: str) -> None:
    expected, outcome = SAMPLES[name], samples[name]
    assert outcome["job"]["status"] == expected["status"]
    if expected["status"] == "REJECTED":
        assert (
            outcome["job"]["error_code"]
            == {
                "empty_document": "EmptyDocument",
                "unsupported_format": "UnsupportedFormat",
            }[expected["reason"]]
        )
        assert name in outcome["job"]["error_message"]
        assert outcome["announced"] == ["document.rejected"]
        return
    assert outcome["announced"] == ["invoice.captured"]
    assert outcome["states"] == ["Submit Document", "Store Invoice"]
    for field, value in expected["invoice"].items():
        node = outcome["invoice"]
        for part in field.split("."):
            node = node[part]
        same = Decimal(value) == Decimal(node["value"]) if field in {"subtotal", "tax_total", "total"} else None
        assert node["value"] == value if same is None else same, field
    assert [_told(line) for line in outcome["invoice"]["lines"]] == [_wanted(line) for line in expected["lines"]]
    assert [finding for finding in outcome["findings"] if finding["severity"] == "error"] == []
