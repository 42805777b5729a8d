"""Deleting what providers keep of closed submissions: afterwards, until it is done, and in nobody's way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from invoice_capture.domain.errors import (
    CaptureError,
    CredentialsRefused,
    NoCredit,
    ProviderUnavailable,
    RateLimited,
    StoreUnavailable,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Clock, DocumentStore, Metrics, Provider, StaleWrite, SubmissionStore
from invoice_capture.use_cases.polling.round_of_requests import RoundOfRequests
from invoice_capture.use_cases.shared.provider_throttle import ProviderThrottle

_PAUSE = timedelta(minutes=10)
# That a throttle was slowed down is forgotten within minutes, so what it was slowed down for comes back before that;
# and less and less often, as its age over so many.
_SOON = timedelta(seconds=10)
_AGES = 20
_GIVES_UP_AFTER = timedelta(days=3)
_MAY_PASS = (ProviderUnavailable, CredentialsRefused, NoCredit)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DiscardCopies:
    documents: DocumentStore
    submissions: SubmissionStore
    metrics: Metrics
    clock: Clock

    def __call__(
        self, rows: Sequence[Submission], provider: Provider, throttle: ProviderThrottle, requests: RoundOfRequests
    ) -> list[Submission]:
        """Delete the copies of closed submissions; returns the rows as they are then, due where it failed."""
        if throttle.is_out_of_order:
            return [self._later(row) for row in rows]

        def discard(row: Submission) -> None:
            reference = row.reference or self._look_up(row, provider)
            if reference is not None:
                raw = self.documents.read_result(row.result_key) if row.result_key is not None else None
                provider.discard(reference, raw or b"")

        done = []
        for row, answer in requests.ask(rows, discard, provider.capabilities.requests.discard):
            try:
                answer.result()
            except StoreUnavailable:
                raise
            except _MAY_PASS as exc:
                pause = _PAUSE
                if isinstance(exc, RateLimited):
                    requests.refused(exc)
                    pause = min(_PAUSE, max(_SOON, self._age(row) / _AGES))
                is_old = self._age(row) >= _GIVES_UP_AFTER
                done.append(self._give_up(row, exc) if is_old else self._later(row, pause))
            except CaptureError as exc:
                done.append(self._give_up(row, exc))
            else:
                throttle.answered()
                done.append(self._save(replace(row, next_check_at=None)))
        return done

    def _look_up(self, row: Submission, provider: Provider) -> str | None:
        """What the provider knows a submission by whose answer was lost; None when it does not know it."""
        return provider.find(row) if provider.capabilities.finds_submissions else None

    def _age(self, row: Submission) -> timedelta:
        return self.clock.now() - (row.finished_at or row.created_at)

    def _later(self, row: Submission, pause: timedelta = _PAUSE) -> Submission:
        return self._save(replace(row, next_check_at=self.clock.now() + pause))

    def _give_up(self, row: Submission, error: CaptureError) -> Submission:
        _log.warning(
            "The provider's copy was not deleted.",
            extra={"error": error.code, "job_id": row.job_id, "reference": row.reference},
        )
        self.metrics.count("CopiesLeft", provider=row.provider)
        return self._save(replace(row, next_check_at=None))

    def _save(self, row: Submission) -> Submission:
        try:
            return self.submissions.save(row)
        except StaleWrite:
            return self.submissions.get(row.key) or replace(row, next_check_at=None)
