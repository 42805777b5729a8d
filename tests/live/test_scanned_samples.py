"""The scanned samples, read by the real Tesseract: by the engine, and in `make demo`."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_engine import Limits
from invoice_engine.isolated import Isolated
from tests.live.test_tesseract import needs_tesseract  # noqa: F401 - a fixture that every test here uses
from tests.waiting import run_to_end

EXPECTED = json.loads(Path("samples/expected_scans.json").read_text(encoding="utf-8"))
AMOUNTS = {"subtotal", "tax_total", "total", "quantity", "unit_price"}


def same(name: str, told: str | None, wanted: str | None) -> bool:
    if name in AMOUNTS and told and wanted:
        return Decimal(told) == Decimal(wanted)
    return told == wanted


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scanned_sample_is_read_as_it_was_printed(name: str) -> None:
    reader = Isolated()
    extraction = reader.extract(Path("samples/scans", name).read_bytes(), Limits())
    reader.close()
    assert (extraction["source"], extraction["notes"]) == ("ocr", [])
    for path, wanted in EXPECTED[name]["invoice"].items():
        node: Any = extraction["invoice"]
        for part in path.split("."):
            node = node[part]
        assert same(path, node["value"], wanted), path
    lines = extraction["invoice"]["lines"]
    assert len(lines) == len(EXPECTED[name]["lines"])
    for line, wanted in zip(lines, EXPECTED[name]["lines"], strict=True):
        assert all(same(field, line[field]["value"], value) for field, value in wanted.items()), wanted


def test_the_demo_captures_them() -> None:
    done = run_to_end([sys.executable, "-m", "samples.demo"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{11 + len(EXPECTED)} captured" in done.stdout
    assert "left out" not in done.stdout
