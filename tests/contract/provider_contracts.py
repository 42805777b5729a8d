"""The suite that every provider passes. A new provider subclasses ProviderContract, and says how its server behaves.

A provider with a simulator subclasses SimulatedContract, of simulated_contracts.py, which adds what may happen on the
way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    OperationUnsupported,
    ResultUnusable,
    SettingMissing,
)
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import PollState, StaleWrite
from invoice_capture.providers import registry
from invoice_capture.providers.base import ProviderContext
from local_stack import scripted_provider
from tests.fakes.attempts import begin
from tests.fakes.stores import MemoryDocumentStore
from tests.fakes.world import ManualClock


class QueuedMessages:
    """Messages with their delays in seconds."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, Any], int]] = []

    def send(self, message: Any, delay_seconds: int = 0) -> None:
        self.sent.append((dict(message), delay_seconds))


class ProviderContract:
    """Subclasses set ``provider_class`` and ``settings``, and say what lets a submission finish."""

    provider_class: Any
    settings: ClassVar[dict[str, str]] = {}
    document: ClassVar[str] = "peppol_ubl_belgium.xml"
    kind: ClassVar[DocumentKind] = DocumentKind.E_INVOICE

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def content(self) -> bytes:
        return Path("samples/documents", self.document).read_bytes()

    @pytest.fixture
    def context(self, clock: ManualClock) -> ProviderContext:
        return ProviderContext(
            settings=self.settings,
            clock=clock,
            documents=MemoryDocumentStore(),
            extractions=QueuedMessages(),
        )

    @pytest.fixture
    def provider(self, context: ProviderContext) -> Any:
        return self.provider_class(context)

    @pytest.fixture
    def submission(self, context: ProviderContext, content: bytes) -> Submission:
        now = context.clock.now()
        pointer = context.documents.put(f"incoming/{self.document}", content)
        return Submission(
            job_id="01KN1W7MG0AYEVZ1JH1T0R8VT6",
            number=1,
            provider=self.provider_class.name,
            state=SubmissionState.SUBMITTING,
            document=pointer,
            kind=self.kind,
            task_token="token",
            created_at=now,
            deadline_at=now + timedelta(hours=72),
        )

    def finish(self, provider: Any, context: ProviderContext, submission: Submission) -> None:
        """Let the provider's server come to its result."""
        raise NotImplementedError

    @pytest.fixture
    def taken(self) -> Callable[[], int]:
        """How many submissions the provider's server has taken."""
        raise NotImplementedError

    def submitted(self, provider: Any, submission: Submission, content: bytes) -> Submission:
        return replace(submission, reference=provider.submit(submission, content, begin), state=SubmissionState.PENDING)

    def test_it_is_registered_under_its_name(self, provider: Any) -> None:
        registry.register(scripted_provider.NAME, "local_stack.scripted_provider:ScriptedProvider")
        assert registry.provider_class(provider.name) is self.provider_class

    def test_a_reference_is_text_that_fits_an_item(self, provider: Any, submission: Submission, content: bytes) -> None:
        reference = provider.submit(submission, content, begin)
        assert isinstance(reference, str)
        assert 0 < len(reference) <= 512

    def test_an_attempt_begins_once(self, provider: Any, submission: Submission, content: bytes) -> None:
        begun: list[bool] = []
        provider.submit(submission, content, lambda: begun.append(True))
        assert begun == [True]

    def test_nothing_is_sent_when_the_attempt_must_not_begin(
        self, provider: Any, taken: Callable[[], int], submission: Submission, content: bytes
    ) -> None:
        def somebody_else_goes_on() -> None:
            raise StaleWrite

        with pytest.raises(StaleWrite):
            provider.submit(submission, content, somebody_else_goes_on)
        assert taken() == 0
        provider.submit(submission, content, begin)
        assert taken() == 1

    def test_a_finished_submission_becomes_a_canonical_invoice(
        self, provider: Any, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        row = self.submitted(provider, submission, content)
        self.finish(provider, context, row)
        result = provider.poll([row])[row.reference]
        assert result.state is PollState.READY
        invoice = provider.normalise(result.raw or provider.fetch(row.reference))
        assert invoice.invoice_number.value
        assert isinstance(invoice.total.value, Decimal)
        assert isinstance(invoice.issue_date.value, date)
        assert invoice.currency.value == "EUR"
        assert invoice.subtotal.value + invoice.tax_total.value == invoice.total.value

    def test_what_is_no_answer_is_unusable_and_said_without_its_content(self, provider: Any) -> None:
        for junk in (b"", b"junk", b"[]", b'{"invoice": {"total": {"value": "secret-content"}}}'):
            with pytest.raises(ResultUnusable) as caught:
                provider.normalise(junk)
            assert "secret-content" not in str(caught.value)

    def test_capabilities_are_sane(self, provider: Any) -> None:
        assert 1 <= provider.capabilities.batch_size <= 100
        assert provider.typical_latency_seconds > 0
        assert provider.requests_per_second is None or provider.requests_per_second > 0
        assert 1 <= provider.max_concurrency <= 8
        assert self.kind in provider.capabilities.formats

    def test_common_settings_are_read_and_checked(self, context: ProviderContext) -> None:
        settings = {
            **context.settings,
            "requests_per_second": "2.5",
            "typical_latency_seconds": "7",
            "max_concurrency": "3",
            "discard": "false",
        }
        provider = self.provider_class(replace(context, settings=settings))
        assert (provider.requests_per_second, provider.typical_latency_seconds) == (2.5, 7.0)
        assert (provider.max_concurrency, provider.keeps_copies) == (3, True)
        for name, broken in (("requests_per_second", "fast"), ("requests_per_second", "-1"), ("discard", "perhaps")):
            with pytest.raises(SettingMissing, match=name):
                self.provider_class(replace(context, settings={**settings, name: broken}))

    def test_what_its_contract_lacks_is_refused_clearly(
        self, provider: Any, submission: Submission, content: bytes
    ) -> None:
        can = provider.capabilities
        for is_possible, operation in (
            (can.accepts_corrections, lambda: provider.confirm("1", b"{}", Invoice())),
            (can.deletes_copies, lambda: provider.discard("1", b"{}")),
            (can.finds_submissions, lambda: provider.find(submission)),
            (can.finds_submissions, lambda: provider.copies(submission)),
        ):
            if not is_possible:
                with pytest.raises(OperationUnsupported, match=provider.name):
                    operation()


class LookupContract:
    """For providers that can be asked whether they know a submission, beside ProviderContract."""

    def test_it_knows_what_it_accepted_and_nothing_else(
        self, provider: Any, submission: Submission, content: bytes
    ) -> None:
        assert provider.capabilities.finds_submissions
        assert provider.find(submission) is None
        assert provider.copies(submission) == 0
        reference = provider.submit(submission, content, begin)
        assert provider.find(submission) == reference
        assert provider.copies(submission) == 1
