"""Extract Document: run the embedded engine and resolve the task token with what it read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import (
    CaptureError,
    CaptureFailed,
    ProviderError,
    ProviderUnavailable,
    StoreUnavailable,
)
from invoice_capture.domain.submission import Outcome, result_key
from invoice_capture.ports import (
    Clock,
    DocumentStore,
    ExtractionRuns,
    MessageQueue,
    Metrics,
    SubmissionStore,
)
from invoice_capture.use_cases.shared.page_throttle import OcrThrottle, PageSlots
from invoice_capture.use_cases.shared.resolve_submission import ResolveSubmission

MOST_RUNS = 3
# What keeping an answer and telling it may take.
_CLOSING = timedelta(seconds=20)
_FIRST_DELAY_SECONDS = 30.0
# SQS hides a message no longer.
_LONGEST_DELAY_SECONDS = 900.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExtractRequest:
    """``message`` is the request as it was queued. ``deliveries`` counts how often SQS delivered it, this time
    included, and ``put_backs`` how often it was queued anew because the OCR had no time. ``seconds_left`` is what the
    function has for it.
    """

    job_id: str
    submission: int
    provider: str
    document: DocumentPointer
    task_token: str
    deadline_at: datetime
    seconds_left: float
    deliveries: int = 1
    put_backs: int = 0
    message: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.job_id, self.submission


@dataclass(frozen=True)
class ExtractDocument:
    """``engine`` turns a document into its answer as JSON.

    ``ocr_is_paid``: reading may cost money, so that an answer that is kept already is worth looking for.
    """

    engine: Callable[[bytes, PageSlots], bytes]
    ocr_is_paid: bool
    ocr: OcrThrottle
    metrics: Metrics
    extractions: MessageQueue
    runs: ExtractionRuns
    documents: DocumentStore
    submissions: SubmissionStore
    clock: Clock
    resolve: ResolveSubmission

    def __call__(self, request: ExtractRequest) -> Outcome | None:
        """Extract, keep the answer, and tell the waiting execution, whether it went well or not.

        None when nobody was told: nobody waits any more, or the OCR has no time now and the message was put back.

        Raises:
            StoreUnavailable: nothing was told; the message comes back by itself.
        """
        is_repeated = request.deliveries > 1
        if self.clock.now() >= request.deadline_at:
            return None
        if (is_repeated or request.put_backs) and not self._is_awaited(request):
            return None
        # A delivery need not have reached the function: SQS counts it as well when the account had no room to run it.
        # So runs are counted here, but for the first one, which nearly always is the only one.
        if is_repeated and self.runs.begin(request.key) >= MOST_RUNS:
            return self._tell(request, _ended_too_often(request))
        began_at = self.clock.now()
        give_up_at = began_at + timedelta(seconds=request.seconds_left) - _CLOSING
        slots = self.ocr.until(give_up_at, request.document.owner)
        try:
            outcome = self._extract(request, slots)
        except (ProviderUnavailable, StoreUnavailable) as exc:
            if is_repeated:
                self.runs.end(request.key)
            if isinstance(exc, StoreUnavailable):
                raise
            self._put_back(request, exc, slots.try_again_at)
            return None
        if outcome.error is None:
            seconds = (self.clock.now() - began_at).total_seconds()
            self.metrics.count("SecondsToCapture", ceil(seconds), provider=request.provider)
        return self._tell(request, outcome)

    def _is_awaited(self, request: ExtractRequest) -> bool:
        row = self.submissions.get(request.key)
        return row is not None and not row.state.is_closed

    def _tell(self, request: ExtractRequest, outcome: Outcome) -> Outcome:
        is_wanted = self.resolve(request.key, request.task_token, outcome)
        if outcome.result_key is not None and not is_wanted:
            self.documents.remove_results(request.job_id)
        return outcome

    def _extract(self, request: ExtractRequest, slots: PageSlots) -> Outcome:
        key = result_key(request.job_id, request.submission, request.provider)
        if self.ocr_is_paid and self.documents.read_result(key) is not None:
            # An earlier run did not come to telling anyone.
            return Outcome(request.provider, reference=key, result_key=key)
        try:
            answer = self.engine(self.documents.read(request.document), slots)
            slots.answered()
        except (StoreUnavailable, ProviderUnavailable):
            raise
        except ProviderError as exc:
            # The engine is given bytes: only this step knows what people call them.
            return Outcome(request.provider, error=exc.about(request.document.name))
        except CaptureError as exc:
            return Outcome(request.provider, error=exc)
        self.documents.write_result(request.job_id, request.submission, request.provider, answer)
        return Outcome(request.provider, reference=key, result_key=key)

    def _put_back(self, request: ExtractRequest, error: ProviderUnavailable, try_again_at: datetime | None) -> None:
        """Queue the request anew, to be delivered when the OCR may have time; the sweeper ends a job past its deadline.

        The message itself would come back as one that was delivered before, and it could not say when.
        """
        now = self.clock.now()
        delay = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2 ** min(request.put_backs, 5))
        if try_again_at is not None:
            delay = min(_LONGEST_DELAY_SECONDS, max(1.0, (try_again_at - now).total_seconds()))
        if now + timedelta(seconds=delay) >= request.deadline_at:
            _log.info("The document is not read before its deadline.", extra={"error": str(error)})
            return
        _log.info("The document is put back.", extra={"error": str(error), "delay_seconds": round(delay)})
        self.extractions.send({**(request.message or {}), "put_backs": request.put_backs + 1}, round(delay))


def _ended_too_often(request: ExtractRequest) -> Outcome:
    return Outcome(
        request.provider,
        error=CaptureFailed(
            f"{request.document.name}: the embedded engine ran out of time or memory three times. Send the document in "
            "smaller parts, or choose another provider."
        ),
    )
