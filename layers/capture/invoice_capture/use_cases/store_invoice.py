"""Store Invoice: make the provider's answer canonical, check it, and store it with the job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from invoice_capture.domain.checks import check_invoice
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import ResultUnusable
from invoice_capture.ports import Clock, DocumentStore, JobStore, Provider, Providers

_LONGEST_IN_MESSAGE = 200


@dataclass(frozen=True)
class StoreRequest:
    """What the token was resolved with. ``result_key`` is None when the answer is still to be fetched."""

    job_id: str
    document: DocumentPointer
    provider: str
    submission: int
    reference: str | None
    result_key: str | None


@dataclass(frozen=True)
class StoreInvoice:
    """The step, with everything it needs from outside."""

    documents: DocumentStore
    jobs: JobStore
    providers: Providers
    clock: Clock

    def __call__(self, request: StoreRequest) -> dict[str, Any]:
        """Store the invoice and return the announcement: what subscribers need to know, and what fits a message.

        Raises:
            ResultUnusable: the answer is gone, or cannot be understood; another provider may do better.
            JobClosed: the job ended otherwise meanwhile.
        """
        provider = self.providers.get(request.provider)
        invoice = provider.normalise(self._raw_answer(request, provider))
        now = self.clock.now()
        findings = [finding.to_json() for finding in check_invoice(invoice, now.date())]
        content = invoice.to_json()
        self.jobs.capture(request.job_id, request.submission, content, findings, now)
        return {
            "event": "invoice.captured",
            "job_id": request.job_id,
            "status": "CAPTURED",
            "document": request.document.to_json(),
            "provider": request.provider,
            "invoice": {
                name: _brief(content[name]["value"])
                for name in ("invoice_number", "issue_date", "type", "currency", "total")
            }
            | {"supplier": _brief(content["supplier"]["name"]["value"])},
            "findings": sorted({str(finding["code"]) for finding in findings}),
        }

    def _raw_answer(self, request: StoreRequest, provider: Provider) -> bytes:
        kept = self.documents.read_result(request.result_key) if request.result_key else None
        if kept is not None:
            return kept
        if request.reference is None:
            raise ResultUnusable(f"{request.provider} left no answer for {request.document.name}.")
        raw = provider.fetch(request.reference)
        self.documents.write_result(request.job_id, request.submission, request.provider, raw)
        return raw


def _brief(text: str | None) -> str | None:
    """A value short enough for a message, whatever a document calls its number."""
    return None if text is None else text[:_LONGEST_IN_MESSAGE]
