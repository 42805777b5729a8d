"""Submissions: one per provider that a job is handed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from invoice_capture.domain import errors
from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import CaptureError


class SubmissionState(StrEnum):
    """QUEUED waits for its turn; SUBMITTING is being handed over, or in doubt; the others speak for themselves."""

    QUEUED = "QUEUED"
    SUBMITTING = "SUBMITTING"
    PENDING = "PENDING"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    DONE = "DONE"
    FAILED = "FAILED"

    @property
    def is_closed(self) -> bool:
        return self in {SubmissionState.DONE, SubmissionState.FAILED}


def result_key(job_id: str, number: int, provider: str) -> str:
    """Where the raw answer to a submission is kept."""
    return f"results/{job_id}/{number}-{provider}.json"


@dataclass(frozen=True)
class Outcome:
    """How a submission ended: with an ``error``, or with the provider's raw answer, which lies at ``result_key``."""

    provider: str
    reference: str | None = None
    result_key: str | None = None
    error: CaptureError | None = None

    @property
    def state(self) -> SubmissionState:
        return SubmissionState.DONE if self.error is None else SubmissionState.FAILED

    @property
    def error_code(self) -> str | None:
        return None if self.error is None else self.error.code

    @property
    def error_message(self) -> str | None:
        return None if self.error is None else str(self.error)


@dataclass(frozen=True)
class Submission:
    """A document at one provider.

    ``number`` is the place in the route, from 1. ``attempts`` counts the times the document was sent without knowing
    that it was not taken. ``moves_on``: the next provider of the route takes over while this one is out of order.
    ``checked_at`` is the last check that found it unfinished; ``next_check_at`` is None while nobody but the running
    step is to look at the submission. ``version`` grows with every write and guards it.
    """

    job_id: str
    number: int
    provider: str
    state: SubmissionState
    document: DocumentPointer
    kind: DocumentKind
    task_token: str | None
    created_at: datetime
    deadline_at: datetime
    version: int = 1
    attempts: int = 0
    reference: str | None = None
    submitted_at: datetime | None = None
    next_check_at: datetime | None = None
    checked_at: datetime | None = None
    checks: int = 0
    moves_on: bool = False
    possible_double_charge: bool = False
    action_url: str | None = None
    result_key: str | None = None
    finished_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.job_id, self.number

    @property
    def outcome(self) -> Outcome:
        """The outcome that a closed submission keeps; the error's class is found again by its name."""
        error = None
        if self.state is SubmissionState.FAILED:
            error_class = getattr(errors, self.error_code or "", errors.CaptureFailed)
            error = error_class(self.error_message or "")
        return Outcome(self.provider, self.reference, self.result_key, error)
