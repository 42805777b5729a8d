"""Wrong usage ends in one sentence; right usage drops every file under a key of its own."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local_stack import __main__ as command_line
from local_stack import documents, table
from local_stack.documents import Keys
from local_stack.errors import UserError
from local_stack.outcome import Outcome
from local_stack.stack import Notification
from tests.exits import exit_status


def run(*arguments: str) -> int:
    return exit_status(command_line.main, *arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["process", "/no/such/place"], "local_stack: /no/such/place does not exist."),
        (["process"], "the following arguments are required: PATH"),
        (["process", "README.md", "--time-scale", "fast"], "'fast' is no number above zero"),
        (["process", "README.md", "--time-scale", "0"], "'0' is no number above zero"),
        (["process", "README.md", "--time-scale", "inf"], "'inf' is no number above zero"),
        (["process", "README.md", "--setting", "base_url"], "'base_url' is not of the form KEY=VALUE"),
        (["process", "README.md", "--setting", "a=b"], "--setting belongs to a provider"),
        (["process", "README.md", "--provider", "nobody"], "There is no provider 'nobody'; there are "),
        (
            ["process", "README.md", "--provider", "scripted", "--setting", "latency_seconds=soon"],
            "latency_seconds must be a number, not 'soon'",
        ),
        (["process", "README.md", "--log-file", "/proc/nowhere/log"], "The log /proc/nowhere/log cannot be written"),
        (["watch", "/no/such/place"], "/no/such/place is no folder."),
        (["watch", "README.md"], "README.md is no folder."),
        (["capture"], "invalid choice: 'capture'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert "Traceback" not in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("command", ["process", "watch"])
def test_help_names_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    shown = capsys.readouterr().out
    for option in ("--provider", "--setting", "--time-scale", "--json", "--report", "--log-file"):
        assert option in shown


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_folder_stands_for_its_files_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.pdf", "a.xml", "deep/c.pdf", ".DS_Store", ".git/d.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = documents.find([str(tmp_path)], None)
    assert [document.path.name for document in found] == ["a.xml", "b.pdf", "c.pdf"]
    assert [document.key for document in found] == ["incoming/a.xml", "incoming/b.pdf", "incoming/c.pdf"]
    assert found[0].read() == b"x"


def test_files_of_one_name_keep_apart_and_choose_no_provider(tmp_path: Path) -> None:
    for folder in ("embedded", "march", "april"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "invoice.pdf").write_bytes(folder.encode())
    keys = [document.key for document in documents.find([str(tmp_path)], None)]
    assert keys == ["incoming/invoice.pdf", "incoming/2/invoice.pdf", "incoming/3/invoice.pdf"]
    assert [document.key for document in documents.find([str(tmp_path / "march")], "scripted")] == [
        "incoming/scripted/invoice.pdf"
    ]


def test_a_name_that_is_no_unicode_becomes_a_key(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.pdf")
    assert Keys(None).for_file(tmp_path / name) == "incoming/caf\ufffd.pdf"


def test_an_empty_folder_and_what_is_no_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file in"):
        documents.find([str(tmp_path)], None)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="neither a file nor a folder"):
        documents.find([str(pipe)], None)


# --- what is shown -------------------------------------------------------------------------------------------------


def field(value: str | None) -> dict[str, Any]:
    return {"value": value, "confidence": 1.0}


def outcome(file: str, status: str | None, **changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "file": file,
        "job_id": "01J",
        "status": status,
        "provider": "embedded",
        "simulated": False,
        "seconds": 1.25,
        "invoice": None,
        "error": None,
        "findings": (),
        "notifications": 1,
        "submissions": 1,
        "possible_double_charge": False,
    }
    return Outcome(**{**values, **changes})


INVOICE = {
    "supplier": {"name": field("Söhne [bold] & Co")},
    "invoice_number": field("R-1"),
    "issue_date": field("2026-03-01"),
    "type": field("invoice"),
    "total": field("1234.50"),
    "currency": field("EUR"),
    "lines": [],
}


def line(description: str | None = "Tooth [bold] brush", **values: str) -> dict[str, Any]:
    names = ("quantity", "unit", "unit_price", "tax_rate", "subtotal", "total")
    return {"description": field(description), **{name: field(values.get(name)) for name in names}}


def shown(width: int, outcomes: list[Outcome], with_lines: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    published = [Notification("Invoice captured", {"event": "invoice.captured", "job_id": "01J"}, {})]
    table.show(console, outcomes, published, 2.0, with_lines)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_table_fits_every_terminal(width: int) -> None:
    text = shown(
        width,
        [
            outcome("a/one.pdf", "CAPTURED", invoice=INVOICE),
            outcome("b/empty.pdf", "REJECTED", error={"code": "EmptyDocument", "message": "empty.pdf is empty."}),
            outcome("b/copy.pdf", "DUPLICATE"),
            outcome("b/late.pdf", None, error={"code": "NotTakenIn", "message": "It was [not] taken in."}),
        ],
    )
    assert max(map(len, text.splitlines())) <= width
    assert f"{Decimal('1234.50'):,} EUR" in text
    words = " ".join(text.split())
    for part in ("✓ 1 captured", "= 1 duplicate", "✗ 1 refused", "… 1 unfinished", "4 documents in 2.0 s", "[not]"):
        assert part in words, part


LINES = [line(quantity="1200.5", unit_price="1.10", tax_rate="19", subtotal="1320.55"), line(None, total="-7.00")]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_lines_are_counted_and_shown_when_they_are_wanted(width: int) -> None:
    some, none = outcome("a/one.pdf", "CAPTURED", invoice={**INVOICE, "lines": LINES}), outcome("two.pdf", "CAPTURED")
    outcomes = [some, replace(none, invoice=INVOICE)]
    text = shown(width, outcomes, with_lines=True)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    for part in (
        "Lines of one.pdf",
        "Tooth [bold] brush",
        "1,200.5",
        "1.10",
        "1,320.55",
        "19 %",
        "-7.00",
        "two.pdf has no line items.",
    ):
        assert part in words, part
    [row] = [row for row in text.splitlines() if row.split()[:1] == ["one.pdf"]]
    # How many there are is only good to know, so it leaves where there is no room.
    assert (" 2 " in row) is (width >= 80)
    assert "Tooth" not in shown(width, outcomes)


def test_a_column_of_tax_rates_stands_where_there_are_some_and_the_end_of_a_long_list_is_told() -> None:
    text = shown(80, [outcome("a.pdf", "CAPTURED", invoice={**INVOICE, "lines": [line(subtotal="1")] * 103})], True)
    assert "Tax" not in text
    assert text.count("Tooth") == 100
    assert "and 3 more lines" in text


def test_an_invoice_without_values_is_shown_all_the_same() -> None:
    empty = {**INVOICE, "supplier": {"name": field(None)}, "total": field(None), "invoice_number": field(None)}
    findings = ({"code": "MissingField", "message": "x", "severity": "error", "fields": ["total"]},)
    captured = outcome("one.pdf", "CAPTURED", invoice=empty, findings=findings)
    assert "MissingField" in shown(120, [captured])
    assert "MissingField" in table.line(captured).plain


def test_files_of_one_name_are_told_apart_by_their_path() -> None:
    text = shown(120, [outcome("a/one.pdf", "DUPLICATE"), outcome("b/one.pdf", "DUPLICATE")])
    assert "a/one.pdf" in text
    assert "b/one.pdf" in text
