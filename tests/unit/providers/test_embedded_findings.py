"""What the engine notes about a document becomes findings of the invoice, for whoever reviews it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from invoice_capture.domain.errors import ResultUnusable
from invoice_capture.domain.validation import Severity
from invoice_capture.providers.embedded.engine import engine
from invoice_capture.providers.embedded.mapping import NOTES, to_findings
from tests.disagreeing import EMBEDDED, PRINTED, disagreeing_pdf

ENGINE = Path("layers/engine/invoice_engine")


def answer(*codes: str) -> bytes:
    return json.dumps(
        {"invoice": {}, "notes": [{"code": code, "message": f"About {code}."} for code in codes]}
    ).encode()


def test_the_table_has_every_note_of_the_engine() -> None:
    sources = "\n".join(path.read_text() for path in ENGINE.rglob("*.py"))
    written = set(re.findall(r"\bNote\(\s*\"(\w+)\"", sources))
    assert len(written) >= 6
    assert written == set(NOTES)


def test_the_page_of_the_engine_has_every_note() -> None:
    page = Path("docs/engine.md").read_text().partition("## Notes")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.MULTILINE))
    assert rows == {code: severity.value for code, (severity, _) in NOTES.items()}


def test_notes_keep_their_order_code_and_words() -> None:
    first, second = to_findings(answer("pages_not_read", "total_differs_from_page"))
    assert (first.code, first.message, first.severity) == ("pages_not_read", "About pages_not_read.", Severity.WARNING)
    assert (second.code, second.severity, second.fields) == ("total_differs_from_page", Severity.ERROR, ("total",))


def test_a_note_of_a_later_engine_is_a_warning() -> None:
    [finding] = to_findings(answer("something_new"))
    assert finding.to_json() == {
        "code": "something_new", "severity": "warning", "message": "About something_new.", "fields": [],
    }  # fmt: skip


def test_a_document_without_notes_has_no_findings() -> None:
    assert to_findings(answer()) == ()


@pytest.mark.parametrize(
    "broken", [b"", b"[]", b"{}", b'{"notes": 1}', b'{"notes": ["a"]}', b'{"notes": [{"code": "a"}]}']
)
def test_an_answer_without_notes_is_no_answer_of_the_engine(broken: bytes) -> None:
    with pytest.raises(ResultUnusable):
        to_findings(broken)


def test_a_total_that_differs_between_data_and_page_is_found_with_both() -> None:
    raw = engine(10**7)(disagreeing_pdf())
    [finding] = to_findings(raw)
    assert (finding.code, finding.severity, finding.fields) == ("total_differs_from_page", Severity.ERROR, ("total",))
    assert f"total of {EMBEDDED.total}" in finding.message
    assert f"page 1 is {PRINTED.total}" in finding.message
    total: dict[str, Any] = json.loads(raw)["invoice"]["total"]
    assert [(one["value"], one["page"], len(one["box"])) for one in total["candidates"]] == [(str(PRINTED.total), 0, 4)]
