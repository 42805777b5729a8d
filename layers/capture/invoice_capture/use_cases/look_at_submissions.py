"""Looking at submissions that are due: queued ones are submitted, pending ones are checked, late ones are ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from invoice_capture.domain.errors import (
    CaptureError,
    CaptureFailed,
    JobDeadlineExceeded,
    ProviderError,
    ProviderUnavailable,
    SettingMissing,
    StoreUnavailable,
)
from invoice_capture.domain.polling import LatencyHistogram, bucket_of, seconds_to_next_check
from invoice_capture.domain.submission import Outcome, Submission, SubmissionState
from invoice_capture.ports import (
    Callbacks,
    Check,
    CheckState,
    Clock,
    DocumentStore,
    JobStore,
    Notifier,
    Provider,
    Providers,
    ProviderState,
    ProviderStateStore,
    StaleWrite,
    SubmissionStore,
)
from invoice_capture.use_cases.hand_over_submission import MINIMUM_POLL_SECONDS, HandOver
from invoice_capture.use_cases.keep_loop import TICK
from invoice_capture.use_cases.pace_provider import Pace
from invoice_capture.use_cases.resolve_submission import resolve_submission

# Of the function's five minutes, two are kept for what is under way.
_TURN_BUDGET = timedelta(minutes=3)
# A pause as short as this is slept through, so that a provider's rate is used in full.
_SHORT_PAUSE = timedelta(seconds=5)


@dataclass(frozen=True)
class LookAtSubmissions:
    """The work of one turn, with everything it needs from outside."""

    documents: DocumentStore
    jobs: JobStore
    submissions: SubmissionStore
    states: ProviderStateStore
    providers: Providers
    callbacks: Callbacks
    notifier: Notifier
    clock: Clock

    def __call__(
        self, provider_name: str, due: Sequence[tuple[str, int]], state: ProviderState
    ) -> tuple[list[Submission], datetime | None]:
        """Look at the rows with these keys; ``state`` is what the provider's callers share at present.

        Returns the rows that were looked at, as they are now, and the time before which the provider is not to be asked
        again, or None. Rows that are left for the next turn are not among them.
        """
        now = self.clock.now()
        rows = [row for row in self.submissions.get_many(due) if not row.state.is_closed] if due else []
        # The index may be behind the rows: what was moved on meanwhile is left for its time.
        early = [row for row in rows if row.next_check_at is None or row.next_check_at > now + TICK]
        late = [row for row in rows if row not in early]
        overdue = [row for row in late if row.deadline_at <= now]
        live = [row for row in late if row.deadline_at > now]
        ended = [self._fail(row, JobDeadlineExceeded.of(row.document.name, row.deadline_at)) for row in overdue]
        if not live:
            return early + ended, None
        try:
            provider = self.providers.get(provider_name)
        except SettingMissing as exc:
            return early + ended + [self._fail(row, exc) for row in live], None
        pace = Pace(provider, self.states, self.clock, state)
        waiting = [row for row in live if row.state in {SubmissionState.QUEUED, SubmissionState.SUBMITTING}]
        pending = [row for row in live if row not in waiting]
        ends_at = now + _TURN_BUDGET
        checked, not_before = self._check_all(pending, provider, pace, ends_at)
        if not_before is not None:
            return early + ended + checked, not_before
        submitted, not_before = self._submit_all(waiting, provider, pace, ends_at)
        return early + ended + checked + submitted, not_before

    # --- submitting --------------------------------------------------------------------------------------------------

    def _submit_all(
        self, rows: Sequence[Submission], provider: Provider, pace: Pace, ends_at: datetime
    ) -> tuple[list[Submission], datetime | None]:
        hand_over = HandOver(provider, pace, self.submissions, self.jobs, self.clock)
        done: list[Submission] = []
        for row in rows:
            if self.clock.now() >= ends_at:
                break
            wait_until = self._admit(pace)
            if wait_until is not None:
                return done, wait_until
            done.append(self._submit(row, hand_over))
        return done, None

    def _submit(self, row: Submission, hand_over: HandOver) -> Submission:
        try:
            content = self.documents.read(row.document)
            if row.state is SubmissionState.SUBMITTING:
                return hand_over.settle_doubt(row, content)
            return hand_over.send(hand_over.begin_attempt(row), content)
        except StaleWrite:
            return self.submissions.get(row.key) or row
        except StoreUnavailable:
            raise
        except CaptureError as exc:
            return self._fail(row, exc)

    def _admit(self, pace: Pace) -> datetime | None:
        """Take the right to one request, sleeping through a short pause for it."""
        wait_until = pace.admit()
        now = self.clock.now()
        if wait_until is not None and wait_until - now <= _SHORT_PAUSE:
            self.clock.sleep(max(0.0, (wait_until - now).total_seconds()))
            wait_until = pace.admit()
        return wait_until

    # --- checking ----------------------------------------------------------------------------------------------------

    def _check_all(
        self, rows: Sequence[Submission], provider: Provider, pace: Pace, ends_at: datetime
    ) -> tuple[list[Submission], datetime | None]:
        histogram = LatencyHistogram(provider.typical_latency_seconds, pace.state.latencies)
        size = provider.capabilities.batch_size
        latencies: Counter[int] = Counter()
        done: list[Submission] = []
        not_before: datetime | None = None
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            not_before = self._admit(pace)
            if not_before is not None or self.clock.now() >= ends_at:
                break
            try:
                checks = provider.check(batch)
            except ProviderUnavailable as exc:
                not_before = pace.refused(exc)
                break
            except ProviderError as exc:
                checks = {row.reference or "": Check(CheckState.FAILED, error=exc) for row in batch}
            pace.answered()
            for row in batch:
                check = checks.get(row.reference or "", Check(CheckState.PENDING))
                done.append(self._follow(row, check, histogram))
                if check.state is CheckState.READY and row.submitted_at is not None:
                    latencies[bucket_of((self.clock.now() - row.submitted_at).total_seconds())] += 1
        if latencies:
            self.states.add_latencies(provider.name, latencies)
        return done, not_before

    def _follow(self, row: Submission, check: Check, histogram: LatencyHistogram) -> Submission:
        """Act on what the provider said of one submission; returns the row as it is then."""
        if check.state is CheckState.READY:
            key = None
            if check.raw is not None:
                key = self.documents.write_result(row.job_id, row.number, row.provider, check.raw)
            return self._resolve(row, Outcome(row.provider, row.reference, key))
        if check.state is CheckState.FAILED:
            error = check.error or CaptureFailed(f"{row.provider} could not capture {row.document.name}.")
            return self._fail(row, error)
        now = self.clock.now()
        elapsed = (now - (row.submitted_at or row.created_at)).total_seconds()
        wait = seconds_to_next_check(elapsed, histogram, MINIMUM_POLL_SECONDS)
        asked = check.state is CheckState.ACTION_REQUIRED
        if asked:
            self._ask_for_action(row, check.action_url)
        elif row.state is SubmissionState.ACTION_REQUIRED:
            self.jobs.resume(row.job_id, now)
        return self._save(
            replace(
                row,
                state=SubmissionState.ACTION_REQUIRED if asked else SubmissionState.PENDING,
                action_url=check.action_url,
                checks=row.checks + 1,
                next_check_at=now + timedelta(seconds=wait),
            )
        )

    def _ask_for_action(self, row: Submission, url: str | None) -> None:
        """Tell people once that one of them must go on at the provider."""
        if self.jobs.require_action(row.job_id, url, self.clock.now()):
            self.notifier.publish(
                "Invoice needs verification",
                {
                    "event": "invoice.action_required",
                    "job_id": row.job_id,
                    "status": "ACTION_REQUIRED",
                    "document": row.document.to_json(),
                    "provider": row.provider,
                    "action_url": url,
                },
            )

    # --- ending ------------------------------------------------------------------------------------------------------

    def _fail(self, row: Submission, error: CaptureError) -> Submission:
        return self._resolve(row, Outcome(row.provider, row.reference, error=error))

    def _resolve(self, row: Submission, outcome: Outcome) -> Submission:
        resolve_submission(
            row.key,
            row.task_token or "",
            outcome,
            submissions=self.submissions,
            callbacks=self.callbacks,
            clock=self.clock,
        )
        return replace(row, state=outcome.state, next_check_at=None)

    def _save(self, row: Submission) -> Submission:
        try:
            return self.submissions.save(row)
        except StaleWrite:
            return self.submissions.get(row.key) or row
