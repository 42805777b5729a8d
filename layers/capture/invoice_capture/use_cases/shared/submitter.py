"""Submitting to a provider: the one place where money is spent, so the one place that must not forget.

The row says SUBMITTING right before the request leaves that may be charged, and PENDING after. What comes before
(reaching the provider, uploading what costs nothing) may end at any point and is begun again. What is found SUBMITTING
when it is due is in doubt, and settled by one rule:

1. A provider that can be asked is asked. What it knows is gone on with; nothing is sent.
2. What it does not know, or nobody can ask about, is sent once more. Right before it leaves, job and row are given the
   mark ``possible_double_charge``.
3. The mark is taken back when the second attempt was certainly not taken, and when the provider's own list shows one
   copy.
4. Nothing is sent a third time. What is in doubt after two attempts ends as SubmissionInDoubt; where the provider can
   be asked, after six hours in which it knew nothing.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    JobCancelled,
    ProviderError,
    ProviderUnavailable,
    StoreUnavailable,
    SubmissionInDoubt,
)
from invoice_capture.domain.pages import pages_of
from invoice_capture.domain.polling import LatencyHistogram, seconds_to_next_poll
from invoice_capture.domain.submission import Outcome, Submission, SubmissionState, may_be_paid_twice
from invoice_capture.ports import Clock, JobStore, Provider, Providers, StaleWrite, SubmissionStore
from invoice_capture.use_cases.shared.keep_budget import Budget
from invoice_capture.use_cases.shared.provider_throttle import ProviderThrottle
from invoice_capture.use_cases.shared.resolve_submission import ResolveSubmission, leaves_a_copy

MINIMUM_POLL_SECONDS = 5.0
# Longer than any function that hands over may run (see template.yaml): until then an attempt may still be under way.
LONGEST_ATTEMPT = timedelta(minutes=16)
_DOUBT_PAUSE = timedelta(seconds=15)
_MOST_ATTEMPTS = 2
# What a provider that lists its jobs does not list by then, it never took.
_LISTED_WITHIN = timedelta(hours=6)
# Seconds between attempts to write down what was learnt: two requests of a submission leave two minutes of a
# function's time.
_SAVING_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_LOOK_UP_PAUSE = timedelta(minutes=10)

_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
Write = Callable[[Submission], Submission]


class _Attempt:
    """One call of the provider. ``row`` is the one ``before`` it until it has begun."""

    def __init__(self, row: Submission, write: Write) -> None:
        self.before = self.row = row
        self.write = write

    @property
    def has_begun(self) -> bool:
        return self.row is not self.before


@dataclass(frozen=True)
class Submitters:
    """The submitters to all providers."""

    budget: Budget
    providers: Providers
    submissions: SubmissionStore
    jobs: JobStore
    resolve: ResolveSubmission
    clock: Clock

    def of(self, provider: Provider, throttle: ProviderThrottle) -> Submitter:
        return Submitter(
            provider, throttle, self.budget, self.providers, self.submissions, self.jobs, self.resolve, self.clock
        )


@dataclass(frozen=True)
class Submitter:
    """Submits to one provider, as far as there is a budget for it."""

    provider: Provider
    throttle: ProviderThrottle
    budget: Budget
    providers: Providers
    submissions: SubmissionStore
    jobs: JobStore
    resolve: ResolveSubmission
    clock: Clock

    def afford(self, row: Submission, content: bytes) -> tuple[Submission, datetime | None]:
        """Count the next attempt to send a row: the row as it is then, and when to ask again if it may not be paid for.

        An attempt that was certainly not taken was counted already.
        """
        if not self.provider.capabilities.is_paid or row.counted > row.attempts:
            return row, None
        held_until = self.budget.admit(row.provider, row.document.owner, pages_of(row.kind, content))
        if held_until is None:
            return replace(row, counted=row.counted + 1), None
        text = f"The budget of the month was used up when {row.document.name} was to be sent to {row.provider}."
        self.jobs.remark(row.job_id, text, self.clock.now())
        return replace(row, next_check_at=held_until), held_until

    def send(self, row: Submission, content: bytes, write: Write | None = None) -> Submission:
        """Call the provider for a row; returns the row as it is then.

        ``write`` is how the row is written first: as that of an attempt that begins, or of one that never did, due
        again. An unavailable provider leaves the row as it was before the attempt, a lost answer leaves it SUBMITTING.

        Raises:
            ProviderError: the provider refuses for good.
            StaleWrite: somebody else goes on with it; nothing was sent.
        """
        attempt = _Attempt(row, write or self.submissions.save)
        try:
            reference = self.provider.submit(row, content, lambda: self._begin(attempt))
        except ProviderUnavailable as exc:
            _log.warning("The provider did not take a submission.", extra={"error": exc.code, **_names(row)})
            # Whoever asks next can slow down as well; that nothing was taken, only we know.
            retry_at = self.clock.now() + timedelta(seconds=MINIMUM_POLL_SECONDS)
            with suppress(StoreUnavailable):
                retry_at = max(retry_at, self.throttle.refused(exc))
            return self._try_again(attempt, retry_at)
        except SubmissionInDoubt:
            _log.warning("The answer to a submission was lost.", extra=_names(row))
            doubtful = self._save(replace(attempt.row, next_check_at=self.clock.now() + _DOUBT_PAUSE))
            # Lost answers are how an outage may look, and whatever is sent into one is in doubt as well.
            self.throttle.failed()
            return doubtful
        except ProviderError as exc:
            return self._refused(attempt, exc)
        accepted = self._accepted(attempt.row, reference)
        self.throttle.answered()
        return accepted

    def reconcile(self, row: Submission, content: bytes) -> Submission:
        """Go on with a row that was found SUBMITTING and due.

        Raises:
            SubmissionInDoubt: it was sent twice already, and the provider cannot be asked or knows of nothing.
            ProviderError: the provider refuses for good.
            StaleWrite: somebody else goes on with it.
        """
        if self.provider.capabilities.finds_submissions:
            try:
                reference = self.provider.find(row)
            except ProviderUnavailable as exc:
                return self._save(
                    replace(row, next_check_at=max(self.throttle.refused(exc), self.clock.now() + _DOUBT_PAUSE))
                )
            found = None if reference is None else self._accepted(row, reference)
            self.throttle.answered()
            if found is not None:
                return found
        if not self.provider.capabilities.is_paid:
            return self.send(row, content)
        if row.attempts >= _MOST_ATTEMPTS:
            if self._may_still_be_listed(row):
                return self._save(replace(row, next_check_at=self.clock.now() + _LOOK_UP_PAUSE))
            raise self._in_doubt(row, "twice and both answers were lost")
        row, held_until = self.afford(row, content)
        if held_until is not None:
            return self._save(row)
        return self.send(row, content)

    def _due_after_attempt(self) -> datetime:
        """When a row is due again in case whoever calls the provider now dies before it knows the answer."""
        pushed_within = timedelta(seconds=self.provider.typical_latency_seconds)
        return self.clock.now() + (pushed_within if self.provider.capabilities.pushes_results else LONGEST_ATTEMPT)

    def _begin(self, attempt: _Attempt) -> None:
        """Write down that the request is about to leave, and that it may be the second that is taken."""
        row = attempt.row
        self._look_back(row)
        attempt.row = attempt.write(
            replace(
                row,
                state=SubmissionState.SUBMITTING,
                attempts=row.attempts + 1,
                attempt_id=secrets.token_hex(8),
                next_check_at=self._due_after_attempt(),
                possible_double_charge=row.attempts > 0 and self.provider.capabilities.is_paid,
            )
        )
        if attempt.row.possible_double_charge:
            # After the row: of several that settle it only one gets here, so nobody takes back what another has marked.
            self.jobs.suspect_double_charge(row.job_id, self.clock.now())

    def _look_back(self, row: Submission) -> None:
        """Mark a job whose document an earlier submission may have paid for unseen, before another one does."""
        if row.number > 1 and self.provider.capabilities.is_paid:
            earlier = [other for other in self.submissions.of_job(row.job_id) if other.number < row.number]
            if any(other.may_be_charged for other in earlier):
                self.jobs.suspect_double_charge(row.job_id, self.clock.now())

    def count_copies(self, row: Submission) -> Submission:
        """Take the mark of a submission back when the provider's own list shows one copy of it."""
        try:
            with self.throttle.slot(1):
                copies = self.provider.copies(row)
        except ProviderError:
            return row
        if copies != 1:
            # None is a list that is behind.
            return row
        unmarked = self._save(replace(row, possible_double_charge=False))
        self._take_mark_back(unmarked)
        return unmarked

    def _try_again(self, attempt: _Attempt, due_at: datetime) -> Submission:
        """After an attempt of which nothing was taken."""
        if not attempt.has_begun:
            return attempt.write(replace(attempt.row, next_check_at=due_at))
        return self._take_back(attempt, due_at)

    def _take_back(self, attempt: _Attempt, due_at: datetime | None) -> Submission:
        """Count the attempt back. An earlier one whose answer was lost stays in doubt."""
        row, before = attempt.row, attempt.before
        again = self._save(
            replace(
                row,
                state=before.state,
                attempts=before.attempts,
                possible_double_charge=before.possible_double_charge,
                next_check_at=due_at,
            )
        )
        if row.possible_double_charge or row.number > 1:
            self._take_mark_back(row)
        return again

    def _refused(self, attempt: _Attempt, error: ProviderError) -> Submission:
        """The provider refuses for good, or refuses credentials that are out of date here."""
        if isinstance(error, CredentialsRefused) and self._has_new_settings():
            return self._try_again(attempt, self.clock.now())
        is_first = attempt.before.attempts == 0 or not self.provider.capabilities.is_paid
        if not is_first and self._may_still_be_listed(attempt.row):
            # A number that exists already is how a job is refused that the list does not show yet.
            return self._try_again(attempt, self.clock.now() + _LOOK_UP_PAUSE)
        if attempt.has_begun:
            # Before anybody is told: the next provider's turn may come before this row is closed.
            self._take_back(attempt, attempt.row.next_check_at)
        elif is_first:
            # Who refused it is told by the row, which is closed next.
            attempt.write(replace(attempt.row, next_check_at=self.clock.now()))
        if is_first:
            raise error
        raise self._in_doubt(attempt.row, f"and the answer was lost; the second time it refused ({error})") from error

    def _may_still_be_listed(self, row: Submission) -> bool:
        """Whether looking the submission up again may find what it did not find now."""
        return self.provider.capabilities.finds_submissions and self.clock.now() < row.created_at + _LISTED_WITHIN

    def _has_new_settings(self) -> bool:
        """Whether the provider's secret has changed since it was read."""
        self.providers.forget(self.provider.name)
        return self.providers.get(self.provider.name) is not self.provider

    def _accepted(self, row: Submission, reference: str) -> Submission:
        now = self.clock.now()
        accepted = replace(row, state=SubmissionState.PENDING, reference=reference, submitted_at=now)
        # One that calls back is looked at when it should have done so long ago, which was known before.
        if self.provider.capabilities.pushes_results:
            return self._save(accepted)
        saved = self._save(replace(accepted, next_check_at=now + timedelta(seconds=self._first_check(row))))
        if not saved.state.is_closed:
            self._require_own(saved)
        return saved

    def _require_own(self, row: Submission) -> None:
        """End two documents that the provider knows by one reference: whose values it would tell is anybody's guess.

        Raises:
            CaptureFailed: the reference belongs to another open submission, which has ended as well.
        """
        other = self._patiently(lambda: self.submissions.claim_reference(row))
        if other is None:
            return
        error = CaptureFailed(
            f"{row.provider} gave one reference, {row.reference}, to two documents: {other.document.name} (job "
            f"{other.job_id}) and {row.document.name} (job {row.job_id}). Which of them it read cannot be told. "
            f"Look at the {row.provider} account before sending them again."
        )
        self.resolve(other.key, other.task_token or "", Outcome(other.provider, other.reference, error=error))
        raise error

    def _in_doubt(self, row: Submission, what: str) -> SubmissionInDoubt:
        return SubmissionInDoubt(
            f"{row.document.name} was sent to {row.provider} {what}. "
            f"Look at the {row.provider} account before sending it again."
        )

    def _take_mark_back(self, row: Submission) -> None:
        if not may_be_paid_twice(self.submissions.of_job(row.job_id)):
            self.jobs.clear_double_charge(row.job_id, self.clock.now())

    def _first_check(self, row: Submission) -> float:
        latencies = self._patiently(lambda: self.throttle.state.latencies)
        histogram = LatencyHistogram.for_size(self.provider.typical_latency_seconds, latencies, row.document.size)
        return seconds_to_next_poll(0.0, histogram, MINIMUM_POLL_SECONDS)

    def _save(self, row: Submission) -> Submission:
        """Write what was learnt, whatever token the row has by now.

        A row that was erased meanwhile is one of a job that its client deleted. A row that was closed stays closed, but
        learns the reference of the copy that it left at the provider.
        """
        while True:
            try:
                return self._patiently(lambda: self.submissions.save(row))  # noqa: B023 - called before row changes
            except StaleWrite:
                fresh = self._patiently(lambda: self.submissions.get(row.key))  # noqa: B023
                if fresh is None:
                    return replace(
                        row, state=SubmissionState.FAILED, error_code=JobCancelled.__name__, next_check_at=None
                    )
                if not fresh.state.is_closed:
                    row = _with_tokens(row, fresh)
                elif row.reference is None or fresh.reference is not None:
                    return fresh
                else:
                    due_at = self.clock.now() if leaves_a_copy(self.provider) else None
                    row = replace(fresh, reference=row.reference, next_check_at=due_at)

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask the store, again while it is out of order: forgotten, what was taken would have to be paid for again."""
        for pause in _SAVING_PAUSES:
            try:
                return ask()
            except StoreUnavailable:
                self.clock.sleep(pause)
        return ask()


def out_of_budget(row: Submission) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"The budget of this month does not pay for {row.provider} any more, and the route says not to wait for it."
    )


def _with_tokens(row: Submission, fresh: Submission) -> Submission:
    """What was learnt of a row that has another token by now: which of the two is waited for is not known here."""
    if fresh.task_token in {None, row.task_token}:
        return replace(row, version=fresh.version, former_token=fresh.former_token)
    return replace(row, version=fresh.version, task_token=fresh.task_token, former_token=row.task_token)


def _names(row: Submission) -> dict[str, str]:
    return {"job_id": row.job_id, "provider": row.provider}
