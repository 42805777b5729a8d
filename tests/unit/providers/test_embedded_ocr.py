"""Who reads scans for the embedded engine, and what becomes of a document when that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from invoice_capture.domain.errors import CredentialsRefused, NoTextLayer, ProviderError, ProviderUnavailable
from invoice_capture.providers.embedded.engine import engine
from tests.fakes.canned_server import Answer, OrderedServer
from tests.unit.engine import documents
from tests.unit.engine.test_ocr_pages import scanned_pdf
from tests.unit.engine.test_textract import blocks

SCAN = scanned_pdf(1.0)


@pytest.fixture
def textract(monkeypatch: pytest.MonkeyPatch) -> Iterator[OrderedServer]:
    with OrderedServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_TEXTRACT", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        yield server


def test_textract_reads_scans(textract: OrderedServer) -> None:
    textract.answers.append(Answer.of({"Blocks": blocks(documents.GERMAN_INVOICE)}))
    invoice = json.loads(engine(10**7, "textract")(SCAN))["invoice"]
    assert (invoice["invoice_number"]["value"], invoice["total"]["value"]) == ("KL-2026-17", "1297.10")


def test_textract_is_not_asked_for_a_document_with_text(textract: OrderedServer) -> None:
    invoice = json.loads(engine(10**7, "textract")(documents.pdf(documents.GERMAN_INVOICE)))["invoice"]
    assert invoice["total"]["value"] == "1297.10"
    assert textract.requests == []


@pytest.mark.parametrize(
    ("code", "error"), [("AccessDeniedException", CredentialsRefused), ("ServiceUnavailable", ProviderUnavailable)]
)
def test_what_textract_refuses_is_translated(textract: OrderedServer, code: str, error: type[ProviderError]) -> None:
    textract.answers.append(Answer.of({"__type": code, "message": "no"}, 400))
    with pytest.raises(error, match=code):
        engine(10**7, "textract")(SCAN)


def test_scans_may_be_left_unread() -> None:
    with pytest.raises(NoTextLayer, match="switched off"):
        engine(10**7, "none")(SCAN)
