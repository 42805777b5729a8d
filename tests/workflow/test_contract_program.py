"""A program that was written against the provider's contract: our own adapter of it, with another address and key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from invoice_capture.clock import SystemClock
from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import CaptureFailed, CredentialsRefused
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import PollState
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.ocr_job.adapter import OcrJobProvider
from local_stack.serve import make_key
from local_stack.stack import LocalStack
from tests.contract.simulated_contracts import LinkedDocumentStore
from tests.fakes.attempts import begin
from tests.waiting import wait_until
from tests.workflow.conftest import Stacks
from tools.stage import SAMPLES


class Program:
    """The adapter, with documents behind links of this machine."""

    def __init__(self, documents: LinkedDocumentStore, stack: LocalStack, key: str) -> None:
        self._documents = documents
        settings = {"base_url": str(stack.api_url), "api_key": key, "template": "60f7b1b3e4b0e8b3f8b3f8b4"}
        nothing: Any = None
        self.provider = OcrJobProvider(ProviderContext(settings, SystemClock(), documents, nothing, None))

    def submit(self, name: str, number: str) -> Submission:
        now = datetime.now(UTC)
        content = (SAMPLES / name).read_bytes()
        row = Submission(
            job_id=number,
            number=1,
            provider="ocr_job",
            state=SubmissionState.SUBMITTING,
            document=self._documents.put(f"incoming/{name}", content),
            kind=DocumentKind.PDF,
            task_token="token",
            created_at=now,
            deadline_at=now + timedelta(hours=1),
        )
        reference = self.provider.submit(row, content, begin)
        return Submission(**{**vars(row), "state": SubmissionState.PENDING, "reference": reference})

    def ended(self, row: Submission) -> Any:
        def end() -> Any:
            result = self.provider.poll([row]).get(row.reference or "")
            return result if result is not None and result.state is not PollState.PENDING else None

        return wait_until(end, f"The end of {row.reference}")


@pytest.fixture
def documents() -> Iterator[LinkedDocumentStore]:
    store = LinkedDocumentStore()
    yield store
    store.server.close()


@pytest.fixture
def stack(stacks: Stacks, documents: LinkedDocumentStore) -> Iterator[LocalStack]:
    yield stacks.get(api_port=0, trusted_origins=(documents.server.origin,))
    stacks.close()


def test_it_submits_checks_fetches_finds_and_deletes(stack: LocalStack, documents: LinkedDocumentStore) -> None:
    program = Program(documents, stack, make_key(stack))
    row = program.submit("english_gbp_classic.pdf", "our-job-1")
    assert program.provider.find(row) == row.reference
    result = program.ended(row)
    assert result.state is PollState.READY
    raw = result.raw or program.provider.fetch(row.reference or "")
    invoice = program.provider.normalise(raw)
    assert (invoice.invoice_number.value, str(invoice.total.value)) == ("QMI-26-00412", "2096.40")
    assert (invoice.currency.value, invoice.supplier.name.value) == ("GBP", "Quillmere Instruments Ltd")
    program.provider.discard(row.reference or "", raw)
    assert program.provider.find(row) is None


def test_it_is_told_why_a_document_failed_and_that_a_key_is_wrong(
    stack: LocalStack, documents: LinkedDocumentStore
) -> None:
    program = Program(documents, stack, make_key(stack))
    result = program.ended(program.submit("not_really_a_pdf.pdf", "our-job-2"))
    assert result.state is PollState.FAILED
    assert isinstance(result.error, CaptureFailed)
    assert "UnsupportedFormat" in str(result.error)
    with pytest.raises(CredentialsRefused):
        Program(documents, stack, "ick_wrong").submit("english_gbp_classic.pdf", "our-job-3")
