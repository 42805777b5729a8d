"""Handing a submission to its provider: the one place where money is spent, so the one place that must not forget.

The row says SUBMITTING before the provider is called, and PENDING after. What is found SUBMITTING later is in doubt: it
is looked up where the provider can be asked, and otherwise sent once more at most, marked as a possible double charge.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from invoice_capture.domain.errors import ProviderUnavailable, SubmissionInDoubt
from invoice_capture.domain.polling import LatencyHistogram, seconds_to_next_check
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import Clock, JobStore, Provider, StaleWrite, SubmissionStore
from invoice_capture.use_cases.pace_provider import Pace

MINIMUM_POLL_SECONDS = 5.0
_DOUBT_PAUSE = timedelta(seconds=15)
_ATTEMPTS_WITHOUT_LOOKUP = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HandOver:
    """Hands submissions to one provider."""

    provider: Provider
    pace: Pace
    submissions: SubmissionStore
    jobs: JobStore
    clock: Clock

    def send(self, row: Submission, content: bytes) -> Submission:
        """Call the provider for a row that is SUBMITTING with this attempt counted; returns the row as it is then.

        An unavailable provider leaves the row QUEUED, a lost answer leaves it SUBMITTING and due soon.

        Raises:
            ProviderError: the provider refuses for good.
        """
        try:
            reference = self.provider.submit(row, content)
        except ProviderUnavailable as exc:
            _log.warning("The provider did not take a submission.", extra={"error": exc.code, **_names(row)})
            retry_at = max(self.pace.refused(exc), self.clock.now() + timedelta(seconds=MINIMUM_POLL_SECONDS))
            return self._save(
                replace(row, state=SubmissionState.QUEUED, attempts=row.attempts - 1, next_check_at=retry_at)
            )
        except SubmissionInDoubt:
            # Lost answers are how an outage may look, and whatever is sent into one is in doubt as well.
            self.pace.failed()
            _log.warning("The answer to a submission was lost.", extra=_names(row))
            return self._save(replace(row, next_check_at=self.clock.now() + _DOUBT_PAUSE))
        self.pace.answered()
        return self._accepted(row, reference)

    def settle_doubt(self, row: Submission, content: bytes) -> Submission:
        """Go on with a row that was found SUBMITTING.

        Raises:
            SubmissionInDoubt: it was sent twice already and cannot be looked up.
            ProviderError: the provider refuses for good.
        """
        if self.provider.capabilities.finds_submissions:
            try:
                reference = self.provider.find(row)
            except ProviderUnavailable as exc:
                return self._save(
                    replace(row, next_check_at=max(self.pace.refused(exc), self.clock.now() + _DOUBT_PAUSE))
                )
            if reference is not None:
                return self._accepted(row, reference)
        elif self.provider.capabilities.charges:
            if row.attempts >= _ATTEMPTS_WITHOUT_LOOKUP:
                raise SubmissionInDoubt(
                    f"{row.document.name} was sent to {row.provider} twice and both answers were lost. "
                    f"Look at the {row.provider} account before sending it again."
                )
            self.jobs.suspect_double_charge(row.job_id, self.clock.now())
            row = replace(row, possible_double_charge=True)
        return self.send(self.begin_attempt(row), content)

    def begin_attempt(self, row: Submission) -> Submission:
        """Write down that the provider is about to be called. Raises StaleWrite when somebody else goes on with it."""
        return self.submissions.save(
            replace(
                row,
                state=SubmissionState.SUBMITTING,
                attempts=row.attempts + 1,
                # Due again in case this process dies before it knows the answer.
                next_check_at=self.clock.now() + timedelta(minutes=10),
            )
        )

    def _accepted(self, row: Submission, reference: str) -> Submission:
        now = self.clock.now()
        return self._save(
            replace(
                row,
                state=SubmissionState.PENDING,
                reference=reference,
                submitted_at=now,
                next_check_at=now + timedelta(seconds=self._first_check(row)),
            )
        )

    def _first_check(self, row: Submission) -> float:
        if self.provider.capabilities.calls_back:
            return self.provider.typical_latency_seconds
        histogram = LatencyHistogram.for_size(
            self.provider.typical_latency_seconds, self.pace.state.latencies, row.document.size
        )
        return seconds_to_next_check(0.0, histogram, MINIMUM_POLL_SECONDS)

    def _save(self, row: Submission) -> Submission:
        """Write what was learnt, whatever token the row has by now; a row that was closed meanwhile stays closed."""
        while True:
            try:
                return self.submissions.save(row)
            except StaleWrite:
                fresh = self.submissions.get(row.key)
                if fresh is None or fresh.state.is_closed:
                    return fresh or row
                row = replace(row, task_token=fresh.task_token, version=fresh.version)


def _names(row: Submission) -> dict[str, str]:
    return {"job_id": row.job_id, "provider": row.provider}
