"""Runs the embedded engine in a function of its own, which resolves the task token itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from invoice_capture.domain.checks import Finding
    from invoice_capture.domain.invoice import Invoice

from invoice_capture.domain.errors import CaptureFailed, ResultUnusable, SettingMissing
from invoice_capture.domain.submission import Submission, result_key
from invoice_capture.ports import Capabilities, Check, CheckState
from invoice_capture.providers.base import BaseProvider

# Lambda keeps an event for an hour and runs it three times at most, five minutes each: see template.yaml.
_INVOCATION_LIVES = timedelta(minutes=75)


class EmbeddedProvider(BaseProvider):
    """The reference of a submission is the key below which the engine's answer will lie."""

    name = "embedded"
    capabilities: Capabilities = Capabilities(calls_back=True, charges=False)
    needs_settings: ClassVar[bool] = False
    # Three runs of five minutes and two pauses: only after that is it worth looking whether a token got lost.
    default_typical_latency_seconds: ClassVar[float] = 1200.0

    def submit(self, submission: Submission, content: bytes) -> str:  # noqa: ARG002
        """Queue the extraction. ``content`` is read again by the function that extracts: an event carries 256 KB."""
        function = self._context.extract_function
        if function is None:
            raise SettingMissing("EXTRACT_DOCUMENT_FUNCTION is not set: the embedded engine has no function to run in.")
        self._context.invoker.invoke_later(
            function,
            {
                "job_id": submission.job_id,
                "submission": submission.number,
                "provider": self.name,
                "document": submission.document.to_json(),
                "task_token": submission.task_token,
            },
        )
        return result_key(submission.job_id, submission.number, self.name)

    def check_one(self, submission: Submission) -> Check:
        """Only asked when the function should have called back long ago."""
        if submission.reference is not None and self._context.documents.read_result(submission.reference):
            return Check(CheckState.READY)
        sent_at = submission.submitted_at or submission.created_at
        if self._context.clock.now() < sent_at + _INVOCATION_LIVES:
            return Check(CheckState.PENDING)
        return Check(
            CheckState.FAILED,
            error=CaptureFailed(
                f"The embedded engine did not finish {submission.document.name}: it ran out of time or memory, or its "
                "OCR did not answer. The log of ExtractDocumentFunction says which. Try again, or choose another "
                "provider."
            ),
        )

    def fetch(self, reference: str) -> bytes:
        raw = self._context.documents.read_result(reference)
        if raw is None:
            raise ResultUnusable(f"The engine's answer {reference} is no longer in the bucket.")
        return raw

    def normalise(self, raw: bytes) -> Invoice:
        from invoice_capture.providers.embedded.mapping import to_invoice

        return to_invoice(raw)

    def findings(self, raw: bytes) -> Sequence[Finding]:
        from invoice_capture.providers.embedded.mapping import to_findings

        return to_findings(raw)
