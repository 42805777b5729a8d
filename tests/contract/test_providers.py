"""Every provider, held to the one suite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from invoice_capture.domain.errors import (
    CaptureFailed,
    NoCredit,
    NoTextLayer,
    PasswordProtected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SettingMissing,
    SubmissionInDoubt,
    UnreadableDocument,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import PollState
from invoice_capture.providers.abbyy.adapter import AbbyyProvider
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.embedded.adapter import EmbeddedProvider
from invoice_capture.providers.embedded.engine import engine
from invoice_capture.providers.embedded.mapping import ERRORS, to_invoice
from invoice_capture.providers.extract_api.adapter import ExtractApiProvider
from invoice_capture.providers.ocr_job.adapter import OcrJobProvider
from local_stack import scripted_provider
from local_stack.scripted_provider import ScriptedProvider
from tests.contract.provider_contracts import LookupContract, ProviderContract, QueuedMessages
from tests.contract.simulated_contracts import ConfirmContract, DiscardContract, SimulatedContract
from tests.fakes.attempts import begin

CONTENT = Path("samples/documents/peppol_ubl_belgium.xml").read_bytes()


class TestEmbedded(ProviderContract):
    provider_class = EmbeddedProvider

    def finish(self, provider: Any, context: ProviderContext, submission: Submission) -> None:
        context.documents.write_result(submission.job_id, submission.number, provider.name, engine(10**6)(CONTENT))

    @pytest.fixture
    def taken(self, context: ProviderContext) -> Callable[[], int]:
        queue = context.extractions
        assert isinstance(queue, QueuedMessages)
        return lambda: len(queue.sent)

    def test_one_message_has_all_that_the_function_needs(
        self, provider: Any, context: ProviderContext, submission: Submission
    ) -> None:
        provider.submit(submission, CONTENT, begin)
        assert isinstance(context.extractions, QueuedMessages)
        [(message, delay_seconds)] = context.extractions.sent
        assert delay_seconds == 0
        assert message == {
            "job_id": submission.job_id,
            "submission": 1,
            "provider": "embedded",
            "document": submission.document.to_json(),
            "task_token": "token",
            "deadline_at": submission.deadline_at.isoformat(),
        }

    def test_an_extraction_may_wait_in_the_queue_for_as_long_as_its_job(
        self, provider: Any, context: ProviderContext, submission: Submission
    ) -> None:
        row = self.submitted(provider, submission, CONTENT)
        context.clock.forward(71 * 3600)
        assert provider.poll([row])[row.reference].state is PollState.PENDING

    def test_without_a_queue_it_says_which_setting_is_missing(
        self, context: ProviderContext, submission: Submission
    ) -> None:
        provider = EmbeddedProvider(replace(context, extractions=None))
        with pytest.raises(SettingMissing, match="EXTRACTION_QUEUE_URL"):
            provider.submit(submission, CONTENT, begin)

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

    @pytest.fixture
    def taken(self, server: Any) -> Callable[[], int]:
        return lambda: len(server.accepted)

    def test_it_takes_its_time(self, provider: Any, submission: Submission) -> None:
        row = self.submitted(provider, submission, CONTENT)
        assert provider.poll([row])[row.reference].state is PollState.PENDING

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
            provider.submit(submission, CONTENT, begin)
        assert provider.submit(submission, CONTENT, begin)


class TestScriptedThatFinds(LookupContract, TestScripted):
    settings: ClassVar[dict[str, str]] = {"finds_submissions": "1"}


class TestAbbyy(ConfirmContract, DiscardContract, SimulatedContract):
    provider_class = AbbyyProvider
    first, spending, checking = "upload_file", "capture_invoices", "task"
    credentials = ("application_token", "application_id")
    learning = "open_training_station"
    finished_words = ("Done", "COMPLETED")


class TestExtractApi(ConfirmContract, SimulatedContract):
    provider_class = ExtractApiProvider
    first = spending = "parse"
    checking = "get_results"
    learning = "validate"
    odd_word, halted_word, finished_words = 13, None, None
    credentials = ("account_token",)
    # Its contract has no word for credentials: what it does not know has no credit.
    credentials_error = NoCredit


class TestOcrJob(LookupContract, DiscardContract, SimulatedContract):
    provider_class = OcrJobProvider
    first, spending, checking = "create_job", "process_job", "list_jobs"
    begins_before = "create_job"
    credentials = ("api_key", "template")
    finished_words = ("completed", "Completed")
