"""One suite that every provider passes. A new provider subclasses ProviderContract and says how its server behaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import (
    CaptureFailed,
    NoTextLayer,
    PasswordProtected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ResultUnusable,
    SettingMissing,
    SubmissionInDoubt,
    UnreadableDocument,
)
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import CheckState
from invoice_capture.providers import registry
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.embedded.adapter import EmbeddedProvider
from invoice_capture.providers.embedded.engine import engine
from invoice_capture.providers.embedded.mapping import ERRORS, to_invoice
from local_stack import scripted_provider
from local_stack.scripted_provider import ScriptedProvider
from tests.fakes.stores import MemoryDocumentStore
from tests.fakes.world import ManualClock

CONTENT = Path("samples/documents/peppol_ubl_belgium.xml").read_bytes()


class QueuedInvocations:
    def __init__(self) -> None:
        self.invocations: list[tuple[str, dict[str, Any]]] = []

    def invoke_later(self, function: str, payload: Any) -> None:
        self.invocations.append((function, dict(payload)))


class ProviderContract:
    """Subclasses set ``provider_class`` and ``settings``, and say what lets a submission finish."""

    provider_class: Any
    settings: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    def context(self) -> ProviderContext:
        return ProviderContext(
            settings=self.settings,
            clock=ManualClock(),
            documents=MemoryDocumentStore(),
            invoker=QueuedInvocations(),
            extract_function="extract-document",
        )

    @pytest.fixture
    def provider(self, context: ProviderContext) -> Any:
        return self.provider_class(context)

    @pytest.fixture
    def submission(self, context: ProviderContext) -> Submission:
        now = context.clock.now()
        return Submission(
            job_id="01KN1W7MG0AYEVZ1JH1T0R8VT6",
            number=1,
            provider=self.provider_class.name,
            state=SubmissionState.SUBMITTING,
            document=DocumentPointer("documents", "incoming/invoice.xml", "v1", len(CONTENT)),
            kind=DocumentKind.E_INVOICE,
            task_token="token",
            created_at=now,
            deadline_at=now + timedelta(hours=72),
        )

    def finish(self, provider: Any, context: ProviderContext, submission: Submission) -> None:
        """Let the provider's server come to its result."""
        raise NotImplementedError

    def submitted(self, provider: Any, submission: Submission) -> Submission:
        return replace(submission, reference=provider.submit(submission, CONTENT), state=SubmissionState.PENDING)

    def test_it_is_registered_under_its_name(self, provider: Any) -> None:
        registry.register(scripted_provider.NAME, "local_stack.scripted_provider:ScriptedProvider")
        assert registry.provider_class(provider.name) is self.provider_class

    def test_a_reference_is_text_that_fits_an_item(self, provider: Any, submission: Submission) -> None:
        reference = provider.submit(submission, CONTENT)
        assert isinstance(reference, str)
        assert 0 < len(reference) <= 512

    def test_a_finished_submission_becomes_a_canonical_invoice(
        self, provider: Any, context: ProviderContext, submission: Submission
    ) -> None:
        row = self.submitted(provider, submission)
        self.finish(provider, context, row)
        check = provider.check([row])[row.reference]
        assert check.state is CheckState.READY
        invoice = provider.normalise(check.raw or provider.fetch(row.reference))
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

    def test_common_settings_are_read_and_checked(self, context: ProviderContext) -> None:
        settings = {**self.settings, "requests_per_second": "2.5", "typical_latency_seconds": "7"}
        provider = self.provider_class(replace(context, settings=settings))
        assert (provider.requests_per_second, provider.typical_latency_seconds) == (2.5, 7.0)
        for broken in ("fast", "-1", "nan", "inf"):
            with pytest.raises(SettingMissing, match="requests_per_second"):
                self.provider_class(replace(context, settings={**settings, "requests_per_second": broken}))


class LookupContract:
    """For providers that can be asked whether they know a submission, beside ProviderContract."""

    def test_it_knows_what_it_accepted_and_nothing_else(self, provider: Any, submission: Submission) -> None:
        assert provider.capabilities.finds_submissions
        assert provider.find(submission) is None
        reference = provider.submit(submission, CONTENT)
        assert provider.find(submission) == reference


class TestEmbedded(ProviderContract):
    provider_class = EmbeddedProvider

    def finish(self, provider: Any, context: ProviderContext, submission: Submission) -> None:
        context.documents.write_result(submission.job_id, submission.number, provider.name, engine(10**6)(CONTENT))

    def test_the_function_is_queued_with_all_it_needs(
        self, provider: Any, context: ProviderContext, submission: Submission
    ) -> None:
        provider.submit(submission, CONTENT)
        [(function, payload)] = context.invoker.invocations
        assert function == "extract-document"
        assert payload == {
            "job_id": submission.job_id,
            "submission": 1,
            "provider": "embedded",
            "document": submission.document.to_json(),
            "task_token": "token",
        }

    def test_an_extraction_that_never_came_back_has_failed(
        self, provider: Any, context: ProviderContext, submission: Submission
    ) -> None:
        row = self.submitted(provider, submission)
        assert provider.check([row])[row.reference].state is CheckState.PENDING, "its event may still be queued"
        context.clock.forward(76 * 60)
        check = provider.check([row])[row.reference]
        assert check.state is CheckState.FAILED
        assert isinstance(check.error, CaptureFailed)

    def test_looking_up_is_refused_clearly(self, provider: Any, submission: Submission) -> None:
        with pytest.raises(NotImplementedError, match="embedded"):
            provider.find(submission)

    def test_without_a_function_it_says_which_setting_is_missing(
        self, context: ProviderContext, submission: Submission
    ) -> None:
        provider = EmbeddedProvider(replace(context, extract_function=None))
        with pytest.raises(SettingMissing, match="EXTRACT_DOCUMENT_FUNCTION"):
            provider.submit(submission, CONTENT)

    def test_every_error_of_the_engine_is_translated(self) -> None:
        from invoice_engine import EngineError

        assert set(ERRORS) == {error.code for error in EngineError.__subclasses__()}
        assert ERRORS["encrypted_document"] is PasswordProtected
        assert ERRORS["no_text_layer"] is NoTextLayer
        with pytest.raises(UnreadableDocument):
            engine(10**6)(b"%PDF-1.4 and nothing more")

    def test_the_engine_keeps_to_its_bytes(self) -> None:
        with pytest.raises(UnreadableDocument):
            engine(100)(CONTENT)

    def test_the_engines_answer_is_the_canonical_form(self) -> None:
        invoice = to_invoice(engine(10**6)(CONTENT))
        assert invoice.lines
        assert invoice.supplier.name.value


class TestScripted(ProviderContract):
    provider_class = ScriptedProvider

    @pytest.fixture(autouse=True)
    def server(self) -> Any:
        return scripted_provider.start_server(self.settings, lambda: None)

    def finish(self, provider: Any, context: ProviderContext, submission: Submission) -> None:
        context.clock.forward(3600)

    def test_it_takes_its_time(self, provider: Any, submission: Submission) -> None:
        row = self.submitted(provider, submission)
        assert provider.check([row])[row.reference].state is CheckState.PENDING

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("unavailable_submissions", ProviderUnavailable),
            ("limited_submissions", RateLimited),
            ("lose_answer_after_acceptance", SubmissionInDoubt),
            ("refuse_submissions", CaptureFailed),
        ],
    )
    def test_faults_are_told_apart(
        self, provider: Any, server: Any, submission: Submission, fault: str, error: type[ProviderError]
    ) -> None:
        setattr(server.script, fault, 1)
        with pytest.raises(error):
            provider.submit(submission, CONTENT)
        assert provider.submit(submission, CONTENT)


class TestScriptedThatFinds(LookupContract, TestScripted):
    settings: ClassVar[dict[str, str]] = {"finds_submissions": "1"}
