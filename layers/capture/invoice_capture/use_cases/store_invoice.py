"""Store Invoice: make the provider's answer canonical, check it, and store it with the job."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from invoice_capture.domain.checks import check_invoice
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import CaptureError, ProviderError, ProviderUnavailable, ResultUnusable
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.summary import codes, head_of, summary_of
from invoice_capture.ports import Clock, DocumentStore, JobStore, Metrics, Provider, Providers, ProviderStateStore
from invoice_capture.use_cases.pace_provider import Pace

# Longer than the loop waits for its turn: a copy to delete comes before the next submission.
_PATIENCE = timedelta(seconds=20)
_ATTEMPTS = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoreRequest:
    """What the token was resolved with; ``result_key`` is where the provider's raw answer lies."""

    job_id: str
    document: DocumentPointer
    provider: str
    submission: int
    reference: str | None
    result_key: str


@dataclass(frozen=True)
class StoreInvoice:
    """The step, with everything it needs from outside."""

    documents: DocumentStore
    jobs: JobStore
    states: ProviderStateStore
    providers: Providers
    metrics: Metrics
    clock: Clock

    def __call__(self, request: StoreRequest) -> dict[str, Any]:
        """Store the invoice and return the announcement: what subscribers need to know, and what fits a message.

        Raises:
            ResultUnusable: the answer is gone, or cannot be understood; another provider may do better.
            JobClosed: the job ended otherwise meanwhile.
        """
        provider = self.providers.get(request.provider)
        raw = self.documents.read_result(request.result_key)
        if raw is None:
            raise ResultUnusable(f"{request.provider} left no answer for {request.document.name}.")
        invoice = self._normalised(request, provider, raw)
        now = self.clock.now()
        remarks = provider.findings(raw)
        findings = [finding.to_json() for finding in (*remarks, *check_invoice(invoice, now.date()))]
        content = invoice.to_json()
        summary = summary_of(content, findings)
        self.jobs.capture(request.job_id, request.submission, content, findings, now, summary=summary)
        if provider.capabilities.discards and not provider.keeps_copies and request.reference is not None:
            self._discard(provider, request.reference, raw)
        return {
            "event": "invoice.captured",
            "job_id": request.job_id,
            "status": "CAPTURED",
            "document": request.document.to_json(),
            "provider": request.provider,
            "invoice": head_of(content),
            "findings": codes(findings),
        }

    def _normalised(self, request: StoreRequest, provider: Provider, raw: bytes) -> Invoice:
        try:
            return provider.normalise(raw)
        except ProviderError as exc:
            raise exc.about(request.document.name) from exc

    def _discard(self, provider: Provider, reference: str, raw: bytes) -> None:
        """Delete the provider's copy. The invoice is stored, so what goes wrong is only logged and counted."""
        pace = Pace(provider, self.states, self.metrics, self.clock)
        problem: CaptureError | None = None
        for _ in range(_ATTEMPTS):
            if pace.admit(provider.capabilities.requests.discard, _PATIENCE) is not None:
                break
            try:
                provider.discard(reference, raw)
            except ProviderUnavailable as exc:
                pace.refused(exc)
                problem = exc
            except CaptureError as exc:
                problem = exc
                break
            else:
                pace.answered()
                return
        code = ProviderUnavailable.__name__ if problem is None else problem.code
        _log.warning("The provider's copy was not deleted.", extra={"error": code, "reference": reference})
        self.metrics.count("CopiesLeft", provider=provider.name)
