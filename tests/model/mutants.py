"""Faults put into the use cases on purpose: the explorer is worth what it finds of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from invoice_capture.domain.errors import TokenClosed
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.use_cases.polling import poll_submissions
from invoice_capture.use_cases.polling.poll_loop import PollLoops
from invoice_capture.use_cases.shared.resolve_submission import ResolveSubmission
from invoice_capture.use_cases.shared.submitter import Submitter
from invoice_capture.use_cases.steps.announce_outcome import AnnounceOutcome
from invoice_capture.use_cases.steps.check_submissions import CheckSubmissions, TurnOutcome, TurnResult
from tests.fakes.provider_states import MemoryProviderStateStore
from tests.model.setting import Setting


@dataclass(frozen=True)
class Mutant:
    """What is replaced where, the setting that shows it, and what the explorer is to say of it."""

    name: str
    where: Any
    attribute: str
    replacement: Callable[..., Any]
    setting: Setting
    said: str


def _begin_uncounted(self: Submitter, attempt: Any) -> None:
    row = replace(attempt.row, state=SubmissionState.SUBMITTING, next_check_at=self._due_after_attempt())
    attempt.row = replace(attempt.write(row), attempts=row.attempts + 1)


def _begin_unmarked(self: Submitter, attempt: Any) -> None:
    row = replace(attempt.row, state=SubmissionState.SUBMITTING, attempts=attempt.row.attempts + 1)
    attempt.row = attempt.write(replace(row, next_check_at=self._due_after_attempt()))


def _mark_before_the_row(self: Submitter, attempt: Any) -> None:
    """As it was once: whoever lost the race took the winner's mark back."""
    row = replace(attempt.row, state=SubmissionState.SUBMITTING, attempts=attempt.row.attempts + 1)
    row = replace(row, next_check_at=self._due_after_attempt(), possible_double_charge=row.attempts > 1)
    if row.possible_double_charge:
        self.jobs.suspect_double_charge(row.job_id, self.clock.now())
    try:
        attempt.row = attempt.write(row)
    except Exception:
        self._take_mark_back(attempt.before)
        raise


def _refused_but_counted(self: Submitter, attempt: Any, error: Exception) -> Submission:
    raise error


def _settle_as_often_as_you_like(self: Submitter, row: Submission, content: bytes) -> Submission:
    return self.send(row, content)


def _end_without_a_last_look(self: CheckSubmissions, turn: Any) -> TurnResult:
    self.states.release_lease(turn.provider, turn.owner)
    return TurnResult(turn, TurnOutcome.DRAINED)


def _end_with_the_lease(self: CheckSubmissions, turn: Any) -> TurnResult:
    return TurnResult(turn, TurnOutcome.DRAINED)


def _no_loop(_self: PollLoops, _provider: str, _due_at: Any) -> bool:
    return False


def _close_before_telling(
    self: ResolveSubmission, key: Any, token: str, outcome: Any, *, discard_at: Any = None
) -> None:
    self.submissions.close(key, token, outcome, self.clock.now(), next_check_at=discard_at)
    with suppress(TokenClosed):
        self.deliver(key[1], outcome, token)


def _leave_copies(_provider: Any) -> bool:
    return False


def _told_before_it_is(self: AnnounceOutcome, announcement: Any) -> None:
    self.jobs.told(announcement.job_id, announcement.ended_at)
    self.notifier.publish(announcement.subject, announcement.message)


def _nobody_is_wanted(self: Any, *_args: Any) -> bool:
    return True


def _always_due(self: Submission, _now: Any) -> bool:
    return True


_ONE = Setting(jobs=1)

MUTANTS = (
    Mutant(
        "an attempt is not counted",
        Submitter,
        "_begin",
        _begin_uncounted,
        replace(_ONE, crashes=1),
        "a second time without the mark",
    ),
    Mutant(
        "doubt is settled without end",
        Submitter,
        "reconcile",
        _settle_as_often_as_you_like,
        replace(_ONE, faults=2),
        "is sent a third time",
    ),
    Mutant(
        "the second request is not marked",
        Submitter,
        "_begin",
        _begin_unmarked,
        replace(_ONE, faults=1),
        "a second time without the mark",
    ),
    Mutant(
        "the mark comes before the row",
        Submitter,
        "_begin",
        _mark_before_the_row,
        replace(_ONE, jumps=1),
        "a second time without the mark",
    ),
    Mutant(
        "a refusal counts as an attempt",
        Submitter,
        "_refused",
        _refused_but_counted,
        replace(_ONE, route=("paid", "other"), faults=1),
        "is marked without a reason",
    ),
    Mutant(
        "what is being sent is settled",
        Submission,
        "is_due",
        _always_due,
        replace(_ONE, doubles=1),
        "by two functions at the same time",
    ),
    Mutant(
        "a loop ends without a last look",
        CheckSubmissions,
        "_release",
        _end_without_a_last_look,
        Setting(),
        "nobody looks at",
    ),
    Mutant(
        "a loop ends with its lease", CheckSubmissions, "_release", _end_with_the_lease, Setting(), "nobody looks at"
    ),
    Mutant("nobody starts a loop", PollLoops, "ensure", _no_loop, _ONE, "nobody looks at"),
    Mutant(
        "a loop at work is relied upon in silence",
        MemoryProviderStateStore,
        "want_look",
        _nobody_is_wanted,
        Setting(),
        "nobody looks at",
    ),
    Mutant(
        "a row is closed before its token is told",
        ResolveSubmission,
        "__call__",
        _close_before_telling,
        replace(_ONE, crashes=1),
        "job1 waits for ever",
    ),
    Mutant(
        "copies are left",
        poll_submissions,
        "leaves_a_copy",
        _leave_copies,
        replace(_ONE, discards=True),
        "copy of job1 is left there",
    ),
    Mutant(
        "the notice is ticked off before it is sent",
        AnnounceOutcome,
        "tell",
        _told_before_it_is,
        replace(_ONE, crashes=1),
        "nobody is told of job1",
    ),
)
