"""Runs the embedded engine in a function of its own, which resolves the task token itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from invoice_capture.domain.invoice import Invoice

from invoice_capture.domain.errors import CaptureFailed, ResultUnusable, SettingMissing
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Capabilities, Check, CheckState
from invoice_capture.providers.base import BaseProvider


class EmbeddedProvider(BaseProvider):
    """The reference of a submission is the key below which the engine's answer will lie."""

    name: ClassVar[str] = "embedded"
    capabilities: Capabilities = Capabilities(calls_back=True, charges=False)
    needs_settings: ClassVar[bool] = False
    # The function may run for five minutes and is repeated once: only after that is it known to have failed.
    default_typical_latency_seconds: ClassVar[float] = 900.0

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
        return f"results/{submission.job_id}/{submission.number}-{self.name}.json"

    def check_one(self, submission: Submission) -> Check:
        """Only asked when the function should have called back long ago."""
        if submission.reference is not None and self._context.documents.read_result(submission.reference):
            return Check(CheckState.READY)
        return Check(
            CheckState.FAILED,
            error=CaptureFailed(
                f"The embedded engine did not finish {submission.document.name}: it ran out of time or memory. "
                "Give ExtractDocumentFunction more of both, or choose another provider."
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
