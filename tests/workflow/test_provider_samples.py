"""The project's samples through each provider's simulator: the same values as the embedded engine, whoever captured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from local_stack import simulators
from local_stack.stack import LocalStack
from tests.workflow.conftest import Stacks
from tests.workflow.observing import announced, finished

SAMPLES = json.loads(Path("samples/expected.json").read_text())
CAPTURED = [name for name, expected in SAMPLES.items() if expected["status"] == "CAPTURED"]
PROVIDERS = ("embedded", *simulators.NAMES)
# What the contract of a provider has no place for, of the values that samples/expected.json names.
WITHOUT = {
    "embedded": set(),
    "abbyy": set(),
    "extract_api": {"type", "supplier.iban"},
    "ocr_job": {"type", "supplier.iban"},
}
# One field for two numbers: which of them it holds is the provider's choice.
ONE_TAX_ID = {"ocr_job": {"supplier.vat_number", "supplier.tax_number"}}


@pytest.fixture(scope="module")
def records(stacks: Stacks) -> dict[str, dict[str, dict[str, Any]]]:
    """What became of each sample at each provider."""
    stack = stacks.get(time_scale=200, provider_settings={name: {} for name in simulators.NAMES})
    outcomes: dict[str, dict[str, dict[str, Any]]] = {}
    for provider in PROVIDERS:
        stack.reset()
        outcomes[provider] = dict(_captured_by(stack, provider))
    return outcomes


def _captured_by(stack: LocalStack, provider: str) -> Iterator[tuple[str, dict[str, Any]]]:
    uploads = {
        name: stack.upload(f"incoming/{provider}/{name}", Path("samples/documents", name).read_bytes())
        for name in SAMPLES
    }
    for name, upload in uploads.items():
        job_id = finished(stack, upload)
        record = stack.record(job_id)
        yield name, {"job": record.job, "invoice": record.invoice, "announced": announced(stack, job_id)}


def _leaf(invoice: dict[str, Any], path: str) -> Any:
    node: Any = invoice
    for part in path.split("."):
        node = node[part]
    return node["value"]


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of an invoice by its dotted path."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _leaves(item, f"{path}[{index}]")
    elif "candidates" in node:
        yield path, node["value"]
    else:
        for name, child in node.items():
            yield from _leaves(child, f"{path}.{name}".removeprefix("."))


def _comparable(value: Any) -> Any:
    """A value as what it means: 12.5 is 12.50, and a date is no sum."""
    try:
        date.fromisoformat(str(value))
    except ValueError:
        try:
            return Decimal(value)
        except (InvalidOperation, TypeError):
            return value
    return value


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_ends_as_expected_whoever_reads_it(records: dict[str, Any], provider: str, name: str) -> None:
    expected, outcome = SAMPLES[name], records[provider][name]
    assert outcome["job"]["status"] == expected["status"]
    assert len(outcome["announced"]) == 1
    for path, value in expected.get("invoice", {}).items():
        if path not in WITHOUT[provider]:
            assert _comparable(_leaf(outcome["invoice"], path)) == _comparable(value), path


@pytest.mark.parametrize("provider", simulators.NAMES)
@pytest.mark.parametrize("name", CAPTURED)
def test_no_provider_says_anything_else_than_the_engine(records: dict[str, Any], provider: str, name: str) -> None:
    ours = dict(_leaves(records["embedded"][name]["invoice"]))
    theirs = {path: value for path, value in _leaves(records[provider][name]["invoice"]) if value is not None}
    assert len(theirs) >= 8
    differing = {
        path: (value, ours.get(path))
        for path, value in theirs.items()
        if _comparable(value) != _comparable(ours.get(path)) and path not in ONE_TAX_ID.get(provider, ())
    }
    assert differing == {}


@pytest.mark.parametrize("provider", simulators.NAMES)
def test_an_e_invoice_is_read_exactly_and_for_nothing_whoever_was_chosen(
    records: dict[str, Any], provider: str
) -> None:
    for name in CAPTURED:
        job = records[provider][name]["job"]
        assert job["provider"] == ("embedded" if name.endswith(".xml") else provider)
