"""docs/adding_a_field.md, followed in a copy of the project: its field is read, kept, exported and documented."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from invoice_capture.domain.invoice import Invoice
from invoice_capture_cli.csv_rows import INVOICE_COLUMNS
from invoice_engine import model
from tests.unit.engine import documents
from tests.workflow.following import STEP, copy_with, run

PAGE = Path("docs/adding_a_field.md")
NUMBER = "C-4711/26"
SUITES = (
    "tests/unit/engine/test_contract.py",
    "tests/unit/engine/test_lexicon.py",
    "tests/unit/providers/test_provider_matrix_fields.py",
    "tests/workflow/test_adding_a_field.py::test_every_field_is_everywhere",
)
CONTRACT = f"<cac:ContractDocumentReference><cbc:ID>{NUMBER}</cbc:ID></cac:ContractDocumentReference>"
PRINTED = [
    *[(60, 40, "Quillmere Instruments Ltd"), (60, 130, "Fennel & Rook LLP"), (60, 230, "Invoice")],
    *[(350, 130, "Invoice number"), (460, 130, "QMI-26-1"), (350, 146, "Invoice date"), (460, 146, "2 March 2026")],
    *[(350, 162, "Contract no."), (460, 162, NUMBER), (350, 400, "Total"), (480, 400, "GBP 120.00")],
]
# What becomes of a document by way of the engine and the embedded provider, as a row of the export.
ROW = """
import json, sys
from pathlib import Path
from invoice_capture.providers.embedded.mapping import to_invoice
from invoice_capture_cli import csv_rows
from invoice_capture_cli.exported import Exported
from invoice_engine import extract

answer = json.dumps(extract(Path(sys.argv[1]).read_bytes()).to_json()).encode()
stored = {"invoice": to_invoice(answer).to_json(), "findings": []}
row = csv_rows.invoice_row(Exported({"_id": "1"}, stored))
print(json.dumps(dict(zip(csv_rows.INVOICE_COLUMNS, row, strict=True))))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project in which the page was followed."""
    return copy_with(PAGE, tmp_path_factory.mktemp("project"))


def test_every_block_of_code_is_a_step() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(re.findall(r"^```(?:py|diff)", page, re.MULTILINE)) == len(STEP.findall(page)) == 13


def test_the_rules_of_the_project_hold_with_the_field(project: Path) -> None:
    done = run(project, "-m", "pytest", "-n0", "-vv", *SUITES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_every_field_is_everywhere PASSED" in done.stdout


@pytest.mark.parametrize(
    "document",
    [
        documents.ubl().replace("<cac:AccountingSupplierParty>", f"{CONTRACT}<cac:AccountingSupplierParty>").encode(),
        documents.CII.replace(
            "<ram:BuyerOrderReferencedDocument>",
            f"<ram:ContractReferencedDocument><ram:IssuerAssignedID>{NUMBER}</ram:IssuerAssignedID>"
            "</ram:ContractReferencedDocument><ram:BuyerOrderReferencedDocument>",
        ).encode(),
        documents.pdf(PRINTED),
    ],
    ids=["ubl", "cii", "printed"],
)
def test_the_field_goes_from_a_document_into_a_column(project: Path, document: bytes, tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_bytes(document)
    done = run(project, "-c", ROW, str(file))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["contract_number"] == NUMBER


def test_what_the_page_changes_is_in_the_style_of_the_project(project: Path) -> None:
    changed = sorted({str(project / name) for _, name, _, _ in STEP.findall(PAGE.read_text()) if name.endswith(".py")})
    for check in (("check",), ("format", "--check")):
        done = run(project, "-m", "ruff", *check, "--no-cache", *changed)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_field_is_everywhere() -> None:
    """In the canonical invoice, the engine's model, the columns, the matrix and the docs. Runs in the copy, too."""
    fields = set(Invoice.model_fields)
    assert {field.name for field in dataclasses.fields(model.Invoice)} == fields
    header = fields - {"supplier", "customer", "taxes", "lines"}
    assert header <= set(INVOICE_COLUMNS)
    described = re.search(r"^Header `([^`]*)`", Path("docs/architecture.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert described
    assert set(re.split(r",\s+", described[1])) == header
    matrix = set(
        re.findall(r"^\| `(\w+)` \|", Path("docs/provider_matrix.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert header <= matrix
