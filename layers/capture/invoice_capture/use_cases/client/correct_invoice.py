"""Correct Invoice: store what a person made of a captured invoice, beside what was read, and have the provider told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invoice_capture.domain.api_errors import JobNotFound
from invoice_capture.domain.client import Principal
from invoice_capture.domain.corrections import corrected
from invoice_capture.domain.job import Job
from invoice_capture.domain.summary import summary_of
from invoice_capture.domain.validation import validate_invoice
from invoice_capture.ports import Clock, FunctionInvoker, JobStore
from invoice_capture.use_cases.client.find_job import find_job
from invoice_capture.use_cases.client.read_invoice import ReadInvoice, require_invoice


@dataclass(frozen=True)
class CorrectInvoice:
    """``confirm_invoice_function`` is the name of the function that tells the provider."""

    confirm_invoice_function: str
    jobs: JobStore
    functions: FunctionInvoker
    clock: Clock

    def __call__(self, job_id: str, values: Mapping[str, Any], principal: Principal) -> Job:
        """Confirm an invoice with these values, by their paths in the canonical invoice; the others are right as read.

        Confirming again goes on from what was confirmed last. The provider is told later.

        Raises:
            JobNotFound, NothingThere
            InvalidRequest: a path leads nowhere, or a value is not of its field's kind.
        """
        found = ReadInvoice(self.jobs)(job_id, principal)
        invoice = corrected(require_invoice(found).invoice, values)
        now = self.clock.now()
        findings = [finding.to_json() for finding in validate_invoice(invoice, now.date())]
        content = invoice.to_json()
        summary = summary_of(content, findings)
        if not self.jobs.confirm(found.capture.job_id, content, findings, now, summary=summary):
            raise JobNotFound
        self.functions.invoke_later(self.confirm_invoice_function, {"job_id": found.capture.job_id})
        return find_job(self.jobs, job_id, principal)
