"""Runs the embedded engine in a function of its own, which resolves the task token itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from invoice_capture.domain.invoice import Invoice
    from invoice_capture.domain.validation import Finding

from invoice_capture.domain.errors import ResultUnusable, SettingMissing
from invoice_capture.domain.submission import Submission, result_key
from invoice_capture.ports import Capabilities, PollResult, PollState
from invoice_capture.providers.base import BaseProvider


class EmbeddedProvider(BaseProvider):
    """The reference of a submission is the key below which the engine's answer will lie."""

    name = "embedded"
    capabilities: Capabilities = Capabilities(pushes_results=True, is_paid=False)
    needs_settings: ClassVar[bool] = False
    # The queue repeats what fails: only a lost message is worth looking for, and thousands of scans may lie before it.
    default_typical_latency_seconds: ClassVar[float] = 3600.0

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:  # noqa: ARG002
        """Queue the extraction. ``content`` is read again by the function that extracts: a message carries 256 KB."""
        queue = self._context.extractions
        if queue is None:
            raise SettingMissing("EXTRACTION_QUEUE_URL is not set: the embedded engine has no queue to be asked by.")
        begin()
        queue.send(
            {
                "job_id": submission.job_id,
                "submission": submission.number,
                "provider": self.name,
                "document": submission.document.to_json(),
                "task_token": submission.task_token,
                "deadline_at": submission.deadline_at.isoformat(),
            }
        )
        return result_key(submission.job_id, submission.number, self.name)

    def poll_one(self, submission: Submission) -> PollResult:
        """Only asked when the function has not called back for long.

        Without an answer it is pending, however long that lasts: its message may still wait behind thousands of others,
        and what the engine cannot read the function says itself. The job's deadline ends it.
        """
        if submission.reference is not None and self._context.documents.read_result(submission.reference):
            return PollResult(PollState.READY)
        return PollResult(PollState.PENDING)

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
