"""What other code relies on: the shape of the result, the tree of errors, and a cheap import."""

import json
import subprocess
import sys

import pytest

import invoice_engine
from invoice_engine import EngineError, errors, extract
from tests.unit.engine import documents

LEAF = {"value", "confidence", "page", "box", "source", "candidates"}
HEADER = {
    "invoice_number", "issue_date", "due_date", "type", "currency", "purchase_order", "payment_reference",
    "subtotal", "tax_total", "total", "amount_due",
}  # fmt: skip
PARTY = {"name", "vat_number", "tax_number", "address", "country", "iban", "bic"}

DOCUMENTS = {
    "cii": documents.CII.encode(),
    "ubl": documents.ubl().encode(),
    "printed": documents.pdf(documents.GERMAN_INVOICE),
    "hybrid": documents.with_attachment(
        documents.pdf(documents.GERMAN_INVOICE), "factur-x.xml", documents.CII.encode()
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_result_has_the_same_shape(name: str) -> None:
    result = extract(DOCUMENTS[name]).to_json()
    assert json.loads(json.dumps(result)) == result
    assert result.keys() == {"engine", "version", "source", "read_as", "pages", "invoice", "notes"}
    assert (result["engine"], result["version"]) == ("invoice_engine", invoice_engine.__version__)
    invoice = result["invoice"]
    assert invoice.keys() == HEADER | {"supplier", "customer", "taxes", "lines"}
    leaves = [invoice[name] for name in HEADER]
    for party in (invoice["supplier"], invoice["customer"]):
        assert party.keys() == PARTY
        leaves += party.values()
    for row in (*invoice["taxes"], *invoice["lines"]):
        leaves += row.values()
    for leaf in leaves:
        assert leaf.keys() == LEAF
        assert 0 <= leaf["confidence"] <= 1
        assert (leaf["value"] is None) == (leaf["source"] is None)
        assert leaf["box"] is None or all(0 <= edge <= 1 for edge in leaf["box"])
        assert (leaf["box"] is None) or leaf["page"] is not None
        assert len(leaf["candidates"]) <= 5


def test_every_error_has_a_code_of_its_own() -> None:
    leaves = EngineError.__subclasses__()
    assert {error.__name__ for error in leaves} == {
        "EncryptedDocument", "UnreadableDocument", "TooLarge", "UnsupportedDocument", "NoTextLayer",
        "OcrUnavailable", "OcrRefused", "MachineBusy",
    }  # fmt: skip
    assert len({error.code for error in leaves}) == len(leaves)
    assert all(error.__name__ in str(errors.__doc__) for error in leaves)


def test_importing_the_package_loads_no_reader() -> None:
    program = (
        "import sys, invoice_engine\n"
        "print([name for name in ('lxml', 'pypdfium2', 'stdnum', 'invoice_engine.fields') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_xml_loads_no_pdf_reader() -> None:
    program = (
        "import sys, invoice_engine\n"
        "invoice_engine.extract(b'<Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\"/>')\n"
        "print([name for name in ('pypdfium2', 'stdnum') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
