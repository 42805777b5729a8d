"""Resolving a submission: whoever learns the outcome tells the waiting execution, and one of them with effect."""

from __future__ import annotations

import logging
from datetime import datetime

from invoice_capture.domain.errors import JobCancelled, TokenClosed
from invoice_capture.domain.submission import Outcome, Submission
from invoice_capture.ports import Callbacks, Clock, Provider, SubmissionStore

_log = logging.getLogger(__name__)


def resolve_submission(
    key: tuple[str, int],
    task_token: str,
    outcome: Outcome,
    *,
    submissions: SubmissionStore,
    callbacks: Callbacks,
    clock: Clock,
    discard_at: datetime | None = None,
) -> bool:
    """Deliver an outcome, then close the row, provided that its token is still the one that was told.

    False when the job was deleted: what is kept of this outcome is to go as well.

    ``discard_at`` is when the provider's loop is to delete its copy; None when it has none, or may keep it.

    A closed row keeps its outcome: when no token is open, the execution may be about to repeat its state, and its next
    token is then answered from the row instead of paying the provider again.
    """
    if not _is_told(key[1], outcome, task_token, callbacks):
        row = submissions.get(key)
        if row is None or row.state.is_closed:
            return not _was_deleted(row)
        others = [token for token in row.tokens if token != task_token]
        if not any(_is_told(key[1], outcome, token, callbacks) for token in others):
            _log.info("Nobody waits for this outcome.", extra={"job_id": key[0], "provider": outcome.provider})
        task_token = row.task_token or task_token
    while not submissions.close(key, task_token, outcome, clock.now(), next_check_at=discard_at):
        row = submissions.get(key)
        if row is None or row.state.is_closed or row.task_token in {None, task_token}:
            return not _was_deleted(row)
        # The state was repeated in this moment.
        task_token = row.task_token or task_token
        _is_told(key[1], outcome, task_token, callbacks)
    return True


def _was_deleted(row: Submission | None) -> bool:
    return row is None or row.error_code == JobCancelled.__name__


def _is_told(number: int, outcome: Outcome, task_token: str, callbacks: Callbacks) -> bool:
    try:
        deliver(number, outcome, task_token, callbacks)
    except TokenClosed:
        return False
    return True


def leaves_a_copy(provider: Provider) -> bool:
    """Whether what a provider was given is to be deleted there when it is no longer needed."""
    return provider.capabilities.deletes_copies and not provider.keeps_copies


def deliver(number: int, outcome: Outcome, task_token: str, callbacks: Callbacks) -> None:
    """Tell one token an outcome. Raises TokenClosed."""
    if outcome.error is not None:
        callbacks.fail(task_token, outcome.error)
    else:
        callbacks.succeed(
            task_token,
            {
                "provider": outcome.provider,
                "submission": number,
                "reference": outcome.reference,
                "result_key": outcome.result_key,
            },
        )
