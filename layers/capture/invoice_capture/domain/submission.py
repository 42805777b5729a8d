"""Submissions: one per provider that a job is handed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from invoice_capture.domain import errors
from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import CaptureError


class SubmissionState(StrEnum):
    """QUEUED waits for a slot; SUBMITTING is being sent, or in doubt; the others speak for themselves."""

    QUEUED = "QUEUED"
    SUBMITTING = "SUBMITTING"
    PENDING = "PENDING"
    ACTION_REQUIRED = "ACTION_REQUIRED"
    DONE = "DONE"
    FAILED = "FAILED"

    @property
    def is_closed(self) -> bool:
        return self in {SubmissionState.DONE, SubmissionState.FAILED}


# How a submission ends whose document may lie at a provider that never said so.
_IN_DOUBT = frozenset(
    {None, *(error.__name__ for error in (errors.JobCancelled, errors.JobDeadlineExceeded, errors.SubmissionInDoubt))}
)


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

    ``number`` is the place in the route, from 1. ``former_token`` is what ``task_token`` took the place of: when a
    state is repeated while its function still runs, the later one may be the older. ``attempts`` counts the times the
    document was sent without knowing that it was not taken, and ``counted`` those that the budget was asked for;
    ``attempt_id`` is the last one's, made up by whoever makes it. ``skip_if_unavailable``: the next provider of the
    route takes over while this one is out of order. ``polled_at`` is the last poll that found it unfinished.
    ``next_check_at`` is when somebody is to look at the submission at the latest, and None when it is closed and
    nothing is left to do: a closed one that is due has a copy at the provider that is to be deleted. ``unclear_polls``
    in a row, the first of them at ``unclear_since``, were refused, not answered, or told a status that nobody
    documented; those since ``refused_since`` were all refused. ``version`` grows with every write and guards it.
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
    former_token: str | None = None
    attempts: int = 0
    counted: int = 0
    attempt_id: str | None = None
    reference: str | None = None
    submitted_at: datetime | None = None
    next_check_at: datetime | None = None
    polled_at: datetime | None = None
    polls: int = 0
    unclear_polls: int = 0
    unclear_since: datetime | None = None
    refused_since: datetime | None = None
    skip_if_unavailable: bool = False
    possible_double_charge: bool = False
    action_url: str | None = None
    result_key: str | None = None
    finished_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def tokens(self) -> tuple[str, ...]:
        """The task tokens that may be waited for, the likeliest first."""
        return tuple(token for token in (self.task_token, self.former_token) if token is not None)

    @property
    def has_copy(self) -> bool:
        """Whether the provider has, or may have, the document."""
        return self.reference is not None or self.attempts > 0

    @property
    def may_be_charged(self) -> bool:
        """Whether it ended without anybody knowing whether the provider took the document."""
        return self.reference is None and self.attempts > 0 and self.error_code in _IN_DOUBT

    def is_due(self, now: datetime) -> bool:
        """Whether somebody is to look at it now. What an earlier version left SUBMITTING without a time is, too."""
        if self.next_check_at is None:
            return self.state is SubmissionState.SUBMITTING
        return self.next_check_at <= now

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


def may_be_paid_twice(submissions: Sequence[Submission]) -> bool:
    """Whether a document may have been paid for more than once without anybody having wanted that.

    Either one provider may have taken it twice, or one may have taken it unseen and another one was asked as well.
    """
    unseen = [row for row in submissions if row.may_be_charged]
    asked = [row for row in submissions if row.has_copy]
    return any(row.possible_double_charge for row in submissions) or bool(unseen and len(asked) > 1)
