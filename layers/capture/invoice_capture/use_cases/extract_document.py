"""Extract Document: run the embedded engine and resolve the task token with what it read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import CaptureError, ProviderError, ProviderUnavailable, StoreUnavailable
from invoice_capture.domain.submission import Outcome, result_key
from invoice_capture.ports import Callbacks, Clock, DocumentStore, SubmissionStore
from invoice_capture.use_cases.resolve_submission import resolve_submission


@dataclass(frozen=True)
class ExtractRequest:
    job_id: str
    submission: int
    provider: str
    document: DocumentPointer
    task_token: str


@dataclass(frozen=True)
class ExtractDocument:
    """The step, with everything it needs from outside. ``engine`` turns a document into its answer as JSON.

    ``charges``: reading may cost money, so that an answer that is kept already is worth looking for.
    """

    engine: Callable[[bytes], bytes]
    charges: bool
    documents: DocumentStore
    submissions: SubmissionStore
    callbacks: Callbacks
    clock: Clock

    def __call__(self, request: ExtractRequest) -> Outcome:
        """Extract, keep the answer, and tell the waiting execution, whether it went well or not.

        Raises:
            StoreUnavailable, ProviderUnavailable: nothing was told; Lambda repeats the asynchronous invocation.
        """
        outcome = self._extract(request)
        resolve_submission(
            (request.job_id, request.submission),
            request.task_token,
            outcome,
            submissions=self.submissions,
            callbacks=self.callbacks,
            clock=self.clock,
        )
        return outcome

    def _extract(self, request: ExtractRequest) -> Outcome:
        key = result_key(request.job_id, request.submission, request.provider)
        if self.charges and self.documents.read_result(key) is not None:
            # An earlier run did not come to telling anyone.
            return Outcome(request.provider, reference=key, result_key=key)
        try:
            answer = self.engine(self.documents.read(request.document))
        except (StoreUnavailable, ProviderUnavailable):
            raise
        except ProviderError as exc:
            # The engine is given bytes: only this step knows what people call them.
            return Outcome(request.provider, error=exc.about(request.document.name))
        except CaptureError as exc:
            return Outcome(request.provider, error=exc)
        self.documents.write_result(request.job_id, request.submission, request.provider, answer)
        return Outcome(request.provider, reference=key, result_key=key)
