"""``export``: complete files or none, and cells that are no formulas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.invoice import Invoice, Line, Party
from invoice_capture_cli import export as export_module
from invoice_capture_cli.csv_rows import INVOICE_COLUMNS, LINE_COLUMNS, harmless, invoice_row, line_rows
from invoice_capture_cli.exported import Exported
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_api import FINDING, FakeApi, Fault, an_invoice

INVOICE = "GET /ocr-invoice-job/ID/invoice"


def _exported(invoice: Invoice | None = None) -> Exported:
    stored = {"invoice": (invoice or an_invoice()).to_json(), "findings": [FINDING], "confirmed": True, "storedAt": "t"}
    return Exported({"_id": "J", "jobNumber": "N", "documentName": "a.pdf"}, stored)


def test_all_captured_invoices_in_json(cli: Cli, api: FakeApi) -> None:
    ids = [api.add(status="completed") for _ in range(12)]
    api.add(status="failed")
    result = cli("export")
    assert result.exit_code == 0
    exported = json.loads(result.stdout)
    assert [entry["jobId"] for entry in exported] == ids
    assert exported[0]["invoice"]["total"]["value"] == "2096.40"
    assert exported[0]["findings"] == [FINDING]


def test_all_captured_invoices_in_csv(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    api.add(status="completed", documentName="Façade.pdf")
    file = tmp_path / "invoices.csv"
    result = cli("export", "-o", file)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"1 invoice written to {file}." in result.stderr
    [row] = csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8")))
    assert row["document"] == "Façade.pdf"
    assert (row["total"], row["currency"], row["supplier_iban"]) == ("2096.40", "GBP", "GB33BUKB20201555555555")
    assert (row["lowest_confidence"], row["findings"], row["confirmed"]) == ("0.4", "iban_invalid", "no")


def test_a_row_per_line(cli: Cli, api: FakeApi) -> None:
    api.add(status="completed")
    rows = list(csv.DictReader(io.StringIO(cli("export", "--lines").stdout)))
    assert {row["type"] for row in rows} == {"invoice"}, "else the lines of a credit note look like those of an invoice"
    assert [(row["line"], row["description"], row["quantity"], row["total"]) for row in rows] == [
        ("1", "Torsion balance", "1", "1500"),
        ("2", "'=HYPERLINK(1)", "-2", "247.00"),
    ]


def test_the_columns_are_the_fields_of_the_canonical_invoice() -> None:
    """A new field of the invoice is to be noticed here, and gets a column at the end of its kind."""
    header = set(Invoice.model_fields) - {"supplier", "customer", "taxes", "lines"}
    parties = {f"{party}_{name}" for party in ("supplier", "customer") for name in Party.model_fields}
    about = {"job_id", "job_number", "document", "lowest_confidence", "findings", "confirmed", "stored_at"}
    assert set(INVOICE_COLUMNS) == header | parties | about
    assert set(LINE_COLUMNS) - {
        "job_id",
        "document",
        "invoice_number",
        "issue_date",
        "supplier_name",
        "currency",
        "line",
        "type",
    } == set(Line.model_fields)
    assert len(invoice_row(_exported())) == len(INVOICE_COLUMNS)
    assert {len(row) for row in line_rows(_exported())} == {len(LINE_COLUMNS)}


def test_an_invoice_of_which_nothing_was_read_has_empty_cells() -> None:
    row = dict(zip(INVOICE_COLUMNS, invoice_row(_exported(Invoice())), strict=True))
    assert (row["total"], row["supplier_name"], row["lowest_confidence"]) == ("", "", "")
    assert list(line_rows(_exported(Invoice()))) == []


@pytest.mark.parametrize("sign", ["\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_sign_in_full_width_begins_a_formula_as_well(sign: str) -> None:
    assert harmless(f"{sign}1+1") == f"'{sign}1+1"


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-2+3", "@x", "\t=1", "\r=1", "\n=1", "+++999", "-", "=", "-1e5"])
def test_formulas_become_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-2", "-2.50", "+3", "0", "x=1", "", "2026-01-14", "'=1", "a@b.example"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(st.text())
def test_no_cell_is_a_formula_and_no_text_is_lost(text: str) -> None:
    cell = harmless(text)
    assert cell.removeprefix("'") == text or cell == text
    if cell[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"}:
        float(cell)
        assert set(cell) <= set("+-.0123456789")


def test_ids_choose(cli: Cli, api: FakeApi) -> None:
    ids = [api.add(status="completed") for _ in range(3)]
    result = cli("export", ids[2], ids[0])
    assert [entry["jobId"] for entry in json.loads(result.stdout)] == [ids[2], ids[0]]


def test_what_has_no_invoice_is_told(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    good, failed = api.add(status="completed"), api.add(status="failed")
    file = tmp_path / "invoices.json"
    result = cli("export", good, failed, "-o", file, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"exported": 1, "output": str(file), "withoutInvoice": [failed]}
    assert f"{failed} has no invoice: it is failed." in result.stderr
    assert len(json.loads(file.read_text())) == 1


def test_an_invoice_that_was_sent_twice_is_exported_once(cli: Cli, api: FakeApi) -> None:
    first = api.add(status="completed")
    api.add(status="completed", duplicateOf=first)
    elsewhere = api.add(status="completed", duplicateOf="of-a-job-that-is-not-listed")
    assert [entry["jobId"] for entry in json.loads(cli("export").stdout)] == [first, elsewhere]


def test_nothing_to_export_is_still_a_document(cli: Cli) -> None:
    result = cli("export")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
    assert "There is no such invoice." in result.stderr
    assert cli("export", "--format", "csv").stdout.strip() == ",".join(INVOICE_COLUMNS)


def test_a_failed_export_leaves_the_old_file_and_nothing_else(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    for _ in range(30):
        api.add(status="completed")
    file = tmp_path / "out" / "invoices.json"
    file.parent.mkdir()
    file.write_text("old")
    api.fail(INVOICE, *[None] * 8, *[Fault(403)] * 30)
    assert cli("export", "-o", file).exit_code == 3
    assert file.read_text() == "old"
    assert list(file.parent.iterdir()) == [file]


def test_an_interrupted_export_leaves_nothing(
    cli: Cli, api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.add(status="completed")

    def write_a_little(file: io.StringIO, invoices: Iterator[Exported], lines: bool) -> None:
        file.write(f"[{next(invoices).to_json()}")
        raise KeyboardInterrupt

    monkeypatch.setitem(export_module._WRITERS, "json", write_a_little)
    file = tmp_path / "invoices.json"
    assert cli("export", "-o", file).exit_code == 130
    assert not file.exists()
    assert not list(tmp_path.glob(".*.part"))


def test_a_link_stays_a_link(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    api.add(status="completed")
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    assert cli("export", "-o", link).exit_code == 0
    assert link.is_symlink()
    assert len(json.loads(real.read_text())) == 1


def test_a_device_is_written_to(cli: Cli, api: FakeApi) -> None:
    api.add(status="completed")
    assert cli("export", "-o", "/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "xml"], "--format is one of json, csv; not 'xml'."),
        (["--format", "json", "--lines"], "--lines is for CSV"),
        (["--format", "csv", "--json"], "--json and CSV are two things"),
        (["-o", "."], ". is a folder: name a file in it."),
        (["-o", "missing/invoices.csv"], "missing/invoices.csv cannot be written: No such file or directory."),
        (["nope"], "There is no job nope."),
        (["ID", "--since", "7d"], "--since chooses among all jobs"),
    ],
)
def test_wrong_usage(arguments: list[str], sentence: str, cli: Cli) -> None:
    result = cli("export", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
