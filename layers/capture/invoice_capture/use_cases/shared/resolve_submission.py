"""Resolving a submission: whoever learns the outcome tells the waiting execution, and one of them with effect."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from invoice_capture.domain.errors import JobCancelled, TokenClosed
from invoice_capture.domain.submission import Outcome, Submission
from invoice_capture.ports import Callbacks, Clock, Provider, SubmissionStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ResolveSubmission:
    submissions: SubmissionStore
    callbacks: Callbacks
    clock: Clock

    def __call__(
        self, key: tuple[str, int], task_token: str, outcome: Outcome, *, discard_at: datetime | None = None
    ) -> bool:
        """Deliver an outcome, then close the row, provided that its token is still the one that was told.

        False when the job was deleted: what is kept of this outcome is to go as well.

        ``discard_at`` is when the provider's loop is to delete its copy; None when it has none, or may keep it.

        A closed row keeps its outcome: when no token is open, the execution may be about to repeat its state, and its
        next token is then answered from the row instead of paying the provider again.
        """
        if not self._is_told(key[1], outcome, task_token):
            row = self.submissions.get(key)
            if row is None or row.state.is_closed:
                return not _was_deleted(row)
            others = [token for token in row.tokens if token != task_token]
            if not any(self._is_told(key[1], outcome, token) for token in others):
                _log.info("Nobody waits for this outcome.", extra={"job_id": key[0], "provider": outcome.provider})
            task_token = row.task_token or task_token
        while not self.submissions.close(key, task_token, outcome, self.clock.now(), next_check_at=discard_at):
            row = self.submissions.get(key)
            if row is None or row.state.is_closed or row.task_token in {None, task_token}:
                return not _was_deleted(row)
            # The state was repeated in this moment.
            task_token = row.task_token or task_token
            self._is_told(key[1], outcome, task_token)
        return True

    def deliver(self, number: int, outcome: Outcome, task_token: str) -> None:
        """Tell one token an outcome. Raises TokenClosed."""
        if outcome.error is not None:
            self.callbacks.fail(task_token, outcome.error)
            return
        answer = {"provider": outcome.provider, "submission": number, "reference": outcome.reference}
        self.callbacks.succeed(task_token, answer | {"result_key": outcome.result_key})

    def _is_told(self, number: int, outcome: Outcome, task_token: str) -> bool:
        try:
            self.deliver(number, outcome, task_token)
        except TokenClosed:
            return False
        return True


def _was_deleted(row: Submission | None) -> bool:
    return row is None or row.error_code == JobCancelled.__name__


def leaves_a_copy(provider: Provider) -> bool:
    """Whether what a provider was given is to be deleted there when it is no longer needed."""
    return provider.capabilities.deletes_copies and not provider.keeps_copies
