"""Tables: nothing is cut off, whatever the width, and columns give way in their turns."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from invoice_capture_cli.reasons import Missed, reason_sheet
from invoice_capture_cli.tables import Column, Sheet, _Console, clean, show_parts
from invoice_capture_cli.wrapping import wrapped
from tools.stage import PROJECT

COLUMNS = (
    Column("Document", wraps=True),
    Column("Supplier", wraps=True, turn=3, below="Document"),
    Column("Number", turn=4, below="Document"),
    Column("Date"),
    Column("Total", right=True),
    Column("Kind", right=True, turn=1, below="Total"),
    Column("Time", right=True, turn=2),
)
ROW = ("a_rather_long_name_of_a.pdf", "Quillmere Instruments Ltd", "QMI-26-00412", "2026-01-14")
LONG = ("9" * 28, "1,234,567,890,123,456,789,012,345.67 EUR")


def drawn(width: int, *rows: tuple[str, ...]) -> str:
    sheet = Sheet("Invoices", *COLUMNS)
    for row in rows:
        sheet.add(*row)
    console = _Console(file=io.StringIO(), width=width)
    show_parts(console, sheet)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def header(text: str) -> list[str]:
    lines = text.splitlines()
    rule = next(place for place, line in enumerate(lines) if "───" in line)
    return [" ".join(line.split()) for line in lines[2:rule]]


def test_columns_give_way_in_their_turns() -> None:
    row = (*ROW, "2,096.40 GBP", "credit note", "1.2 s")
    forms = [header(drawn(width, row)) for width in (140, 110, 100, 80)]
    assert forms == [
        ["Document Supplier Number Date Total Kind Time"],
        ["Total", "Document Supplier Number Date Kind Time"],
        ["Total", "Document Supplier Number Date Kind"],
        ["Document Total", "Supplier Number Date Kind"],
    ]


def test_what_fits_nowhere_becomes_a_list_with_every_column() -> None:
    number, total = LONG
    text = drawn(80, (*ROW[:2], number, ROW[3], total, "credit note", "1.2 s"))
    assert "───" not in text
    rows = [line.rstrip().split(maxsplit=1) for line in text.splitlines() if line.strip()][1:]
    assert rows == [
        ["Document", ROW[0]],
        ["Supplier", ROW[1]],
        ["Number", number],
        ["Date", ROW[3]],
        ["Total", total],
        ["Kind", "credit note"],
        ["Time", "1.2 s"],
    ]


def test_a_column_in_which_nothing_stands_is_not_drawn() -> None:
    text = drawn(200, (*ROW, "2,096.40 GBP", "", "1.2 s"))
    assert header(text) == ["Document Supplier Number Date Total Time"]


SHORT = st.text("abc 0123456789äß漢_-./,", max_size=45)
# Words of a text may be broken; numbers, amounts, dates and ids may not.
WHOLE = st.from_regex(r"[0-9A-Z][0-9A-Z.,/-]{0,44}", fullmatch=True)
ROWS = st.lists(st.tuples(SHORT, SHORT, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE), min_size=1, max_size=5)


@settings(deadline=None, max_examples=150)
@given(rows=ROWS, width=st.integers(80, 200))
def test_every_number_stands_whole_and_no_line_is_too_wide(rows: list[tuple[str, ...]], width: int) -> None:
    text = drawn(width, *rows)
    assert "…" not in text
    assert max(map(cell_len, text.splitlines())) <= width
    for row in rows:
        for value in row[2:6]:
            assert value in text
        for name in row[:2]:
            assert all(character in text for character in name.strip())


@settings(deadline=None)
@given(text=st.text("abc 0123456789äß漢_-./,\n", max_size=80), width=st.integers(2, 60))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    lines = [line.plain for line in wrapped(Text(text), width)]
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("Upload the file again.", 12, ["Upload the", "file again."]),
        ("english_eur_credit_note.pdf", 24, ["english_eur_credit_note", ".pdf"]),
        ("QMI-26-00412", 10, ["QMI-", "26-00412"]),
        ("paid 1,234,567.89 EUR", 14, ["paid", "1,234,567.89", "EUR"]),
        ("0123456789abcdef", 10, ["0123456789", "abcdef"]),
        ("on 2026-01-14", 12, ["on", "2026-01-14"]),
    ],
)
def test_text_is_broken_where_it_hurts_least(text: str, width: int, lines: list[str]) -> None:
    assert [line.plain for line in wrapped(Text(text), width)] == lines


def test_styles_survive_wrapping() -> None:
    [first, second] = wrapped(Text.assemble(("red", "red"), " blue"), 4)
    assert (str(first.spans[0].style), second.plain) == ("red", "blue")


def test_a_document_cannot_move_the_cursor_or_turn_the_text() -> None:
    hostile = "a\x1b[2Jb\rc\nd\u202ee\u200bf\u2028g\ud800"
    assert clean(hostile).plain == "a [2Jb c def g"
    assert "\x1b" not in drawn(120, (hostile, *ROW[1:], "1.00", "", "1 s"))


def test_what_is_redirected_has_no_width() -> None:
    """In a process of its own, whose output is a pipe and then a terminal of 80 columns."""
    program = (
        "from tests.unit.cli.test_tables import COLUMNS, LONG, ROW\n"
        "from invoice_capture_cli.tables import Sheet, console, show_parts\n"
        "sheet = Sheet('Invoices', *COLUMNS)\n"
        "sheet.add(*ROW, LONG[1], 'x' * 300, LONG[0])\n"
        "show_parts(console(), sheet)\n"
    )
    command, environment = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": str(PROJECT)}
    piped = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    [row] = [line for line in piped.stdout.splitlines() if ROW[0] in line]
    assert row.split() == [*" ".join(ROW).split(), *LONG[1].split(), "x" * 300, LONG[0]]
    ours, theirs = pty.openpty()
    done = subprocess.run(command, env=environment, stdout=theirs, check=False)
    assert done.returncode == 0
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    os.close(theirs)
    assert LONG[1] in shown


# --- reasons ----------------------------------------------------------------------------------------------------------


def reasons(*missed: tuple[str, str]) -> str:
    sheet = reason_sheet(
        "Not captured", [Missed(f"docs/{name}", name, Text("✗ refused"), reason) for name, reason in missed]
    )
    console = _Console(file=io.StringIO(), width=400)
    console.print(sheet)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_reason_that_holds_for_several_documents_is_told_once() -> None:
    text = reasons(
        *((f"{name}.md", f"UnsupportedFormat: {name}.md is no PDF. Upload {name}.md as one.") for name in "abc"),
        ("e.pdf", "EmptyDocument: e.pdf is empty."),
        ("f.pdf", "The same document was taken in before."),
        ("g.pdf", "The same document was taken in before."),
    )
    assert text.count("UnsupportedFormat: The document is no PDF. Upload the document as one.") == 1
    assert all(text.count(f"docs/{name}") == 1 for name in ("a.md", "b.md", "c.md", "e.pdf", "f.pdf", "g.pdf"))
    assert "EmptyDocument: e.pdf is empty." in text
    assert text.count("taken in before") == 1
