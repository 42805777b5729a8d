"""Labelled folders: what is wrong with one is told with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.evaluation.labels import load_labels

ROW: dict[str, Any] = {"file": "letters/a.pdf", "kind": "digital", "fields": {"total": "12.50"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / "letters").mkdir(exist_ok=True)
        (tmp_path / "letters" / name).write_bytes(b"x")
    return tmp_path


def write(folder: Path, *rows: object) -> None:
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "ground_truth.jsonl").write_text("\n".join(texts), encoding="utf-8")


def test_a_row_is_a_label(folder: Path) -> None:
    lines = [{"description": "Rope", "quantity": 2, "amount": None}]
    write(
        folder, ROW | {"group": "plain", "lines": lines, "not_printed": {"iban": "X"}, "more": {"any": ["thing"]}}, ""
    )
    [label] = load_labels(folder)
    assert (label.file, label.kind, label.group) == ("letters/a.pdf", "digital", "plain")
    assert (label.fields, label.not_printed) == ({"total": "12.50"}, {"iban": "X"})
    assert label.lines == [{"description": "Rope", "quantity": "2"}]


def test_numbers_stay_as_they_are_written(folder: Path) -> None:
    write(folder, '{"file": "letters/a.pdf", "kind": "k", "fields": {"total": 104.90, "subtotal": 90, "iban": null}}')
    [label] = load_labels(folder)
    assert label.fields == {"total": "104.90", "subtotal": "90"}


def test_kinds_choose_and_the_others_need_not_be_there(folder: Path) -> None:
    write(folder, ROW, ROW | {"file": "gone.png", "kind": "scan"})
    assert [label.file for label in load_labels(folder, ["digital"])] == ["letters/a.pdf"]


def test_a_byte_order_mark_and_separators_within_texts_are_no_trouble(folder: Path) -> None:
    row = json.dumps(ROW | {"fields": {"supplier": "One\u2028Two\x85Three"}}, ensure_ascii=False)
    (folder / "ground_truth.jsonl").write_bytes(b"\xef\xbb\xbf" + row.encode() + b"\r\n\r\n")
    assert load_labels(folder)[0].fields["supplier"] == "One\u2028Two\x85Three"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["{"], "ground_truth.jsonl, line 1 is no JSON: "),
        ([ROW, "[1]"], "ground_truth.jsonl, line 2 is no JSON object."),
        (["[" * 100_000], "line 1 is no JSON"),
        (['{"file": "a", "kind": "\\ud800"}'], "line 1 has half a character"),
        ([{**ROW, "file": ""}], "line 1 has no file"),
        ([{**ROW, "kind": ["digital"]}], "line 1 has no kind"),
        ([{**ROW, "fields": None}], "line 1 has fields that are no JSON object."),
        ([{**ROW, "fields": {"total": ["1"]}}], "line 1 has fields with a value that is neither text nor number."),
        ([{**ROW, "fields": {"total": True}}], "neither text nor number"),
        ([{**ROW, "lines": "none"}], "line 1 has lines that are no list."),
        ([{**ROW, "lines": ["none"]}], "line 1 has lines that are no JSON object."),
        ([{**ROW, "file": "../a.pdf"}], "line 1 has a file that is no path within the folder: '../a.pdf'."),
        ([{**ROW, "file": "/etc/hosts"}], "no path within the folder"),
        ([ROW, "", ROW], "line 3 is the second row of letters/a.pdf."),
        ([""], "is empty: it needs one row per document"),
        ([{**ROW, "file": f"{n}.pdf"} for n in range(5)], "0.pdf, 1.pdf, 2.pdf and 2 more."),
    ],
)
def test_what_is_wrong_is_told(folder: Path, rows: list[object], sentence: str) -> None:
    write(folder, *rows)
    with pytest.raises(UsageError) as raised:
        load_labels(folder)
    assert sentence in str(raised.value)


def test_a_folder_without_labels(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no ground_truth\.jsonl: evaluate needs"):
        load_labels(tmp_path)
    with pytest.raises(UsageError, match="There is no folder"):
        load_labels(tmp_path / "nowhere")


def test_labels_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "ground_truth.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        load_labels(tmp_path)


def test_an_unknown_kind(folder: Path) -> None:
    write(folder, ROW)
    with pytest.raises(UsageError, match="has no documents of kind photo; it has digital"):
        load_labels(folder, ["photo", "digital"])


@given(st.text() | st.binary())
def test_whatever_the_file_holds_ends_in_labels_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    (folder / "ground_truth.jsonl").write_bytes(data)
    with pytest.raises(UsageError):
        load_labels(folder)
