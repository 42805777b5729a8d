"""Who reads scans for the embedded engine, and what becomes of a document when that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest

from invoice_capture.domain.errors import CredentialsRefused, NoTextLayer, ProviderError, ProviderUnavailable
from invoice_capture.providers.embedded.engine import engine
from invoice_engine import Limits
from invoice_engine.isolated import Isolated
from tests.fakes.canned_server import Answer, OrderedServer
from tests.unit.engine import documents
from tests.unit.engine.test_ocr_pages import scanned_pdf
from tests.unit.engine.test_textract import blocks
from tests.waiting import PATIENCE_SECONDS

SCAN = scanned_pdf(1.0)


@dataclass
class Once:
    """Turns for so many pages; none is sent a second time."""

    slots: int = 1
    seconds_left: float = PATIENCE_SECONDS

    def take(self, pages: int) -> bool:
        return pages <= self.slots

    def before_page(self) -> None:
        pass

    def again(self, failures: int, throttled: bool) -> bool:
        return False


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
        engine(10**7, "textract")(SCAN, Once())


def test_a_document_that_has_no_slot_is_not_sent(textract: OrderedServer) -> None:
    with pytest.raises(ProviderUnavailable, match="slot"):
        engine(10**7, "textract")(SCAN, Once(slots=0))
    assert textract.requests == []


def test_each_of_several_documents_at_a_time_is_read_by_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made, inside = [], Barrier(3, timeout=PATIENCE_SECONDS)

    class Noting(Isolated):
        def __init__(self, **options: Any) -> None:
            made.append(self)
            super().__init__(**options)

        def extract(self, data: bytes, limits: Limits) -> dict[str, Any]:
            inside.wait()
            return super().extract(data, limits)

    monkeypatch.setattr("invoice_engine.isolated.Isolated", Noting)
    read = engine(10**7)
    content = documents.pdf(documents.GERMAN_INVOICE)
    for _ in range(2):
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda _: read(content), range(3)))
        assert len(set(answers)) == 1
    assert len(made) == 3, "they are kept"


def test_scans_may_be_left_unread() -> None:
    with pytest.raises(NoTextLayer, match="switched off"):
        engine(10**7, "none")(SCAN)
