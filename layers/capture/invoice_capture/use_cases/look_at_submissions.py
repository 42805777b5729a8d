"""Looking at submissions that are due: queued ones are submitted, pending ones are checked, late ones are ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from invoice_capture.domain.errors import (
    CaptureError,
    CaptureFailed,
    CredentialsRefused,
    JobDeadlineExceeded,
    NoCredit,
    ProviderError,
    ProviderUnavailable,
    SettingMissing,
    StoreUnavailable,
)
from invoice_capture.domain.polling import (
    LatencyHistogram,
    bucket_of,
    latency_between,
    seconds_to_next_check,
    size_class,
)
from invoice_capture.domain.submission import Outcome, Submission, SubmissionState
from invoice_capture.ports import (
    Callbacks,
    Check,
    CheckState,
    Clock,
    DocumentStore,
    JobStore,
    Metrics,
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
from invoice_capture.use_cases.round_of_requests import RoundOfRequests

# Of the function's five minutes, two are kept for what is under way.
_TURN_BUDGET = timedelta(minutes=3)
# Longer than the loop waits for its other turns: what is finished comes first.
_PATIENCE_FOR_ANSWERS = timedelta(seconds=20)
# What is checked was accepted, and is paid for: an account in trouble is asked again, until it is in order or the job
# is over. Elsewhere the document would be paid for a second time.
_NOT_ABOUT_THE_DOCUMENT = (ProviderUnavailable, CredentialsRefused, NoCredit)


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
    metrics: Metrics
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
        looked_at = early + [
            self._fail(row, JobDeadlineExceeded.of(row.document.name, row.deadline_at)) for row in overdue
        ]
        if not live:
            return looked_at, None
        try:
            provider = self.providers.get(provider_name)
        except SettingMissing as exc:
            return looked_at + [self._fail(row, exc) for row in live], None
        pace = Pace(provider, self.states, self.metrics, self.clock, state)
        requests = RoundOfRequests(provider, pace, self.clock, now + _TURN_BUDGET)
        pending = [row for row in live if row.reference is not None]
        looked_at += self._check(pending, provider, pace, requests)
        waiting = [row for row in live if row.reference is None]
        # What may have been sent stays, whatever the route says: elsewhere it would be paid for again.
        moving = [row for row in waiting if row.moves_on and row.attempts == 0 and pace.is_out_of_order]
        looked_at += [self._move_on(row) for row in moving]
        looked_at += self._submit([row for row in waiting if row not in moving], provider, pace, requests)
        return looked_at, requests.not_before

    # --- submitting --------------------------------------------------------------------------------------------------

    def _submit(
        self, rows: Sequence[Submission], provider: Provider, pace: Pace, requests: RoundOfRequests
    ) -> list[Submission]:
        hand_over = HandOver(provider, pace, self.submissions, self.jobs, self.clock)

        def submit(row: Submission) -> Submission:
            try:
                content = self.documents.read(row.document)
                if row.state is SubmissionState.SUBMITTING:
                    return hand_over.settle_doubt(row, content)
                return hand_over.send(hand_over.begin_attempt(row), content)
            except StaleWrite:
                return self.submissions.get(row.key) or row

        done = []
        for row, answer in requests.ask(rows, submit, provider.capabilities.requests.submit):
            try:
                done.append(answer.result())
            except StoreUnavailable:
                raise
            except CaptureError as exc:
                done.append(self._fail(row, exc))
        return done

    def _move_on(self, row: Submission) -> Submission:
        message = f"{row.provider} is out of order, and the route says not to wait for it."
        return self._fail(row, ProviderUnavailable(message))

    # --- checking ----------------------------------------------------------------------------------------------------

    def _check(
        self, rows: Sequence[Submission], provider: Provider, pace: Pace, requests: RoundOfRequests
    ) -> list[Submission]:
        size = provider.capabilities.batch_size
        batches = [rows[start : start + size] for start in range(0, len(rows), size)]

        def check(batch: Sequence[Submission]) -> Mapping[str, Check]:
            checks = provider.check(batch)
            return {reference: self._with_answer(reference, one, provider, pace) for reference, one in checks.items()}

        done: list[Submission] = []
        for batch, answer in requests.ask(batches, check):
            try:
                checks = answer.result()
            except _NOT_ABOUT_THE_DOCUMENT as exc:
                requests.refused(exc)
                continue
            except ProviderError as exc:
                checks = {row.reference or "": Check(CheckState.FAILED, error=exc) for row in batch}
            pace.answered()
            for row in batch:
                check_of_row = checks.get(row.reference or "", Check(CheckState.PENDING))
                if check_of_row.state is not CheckState.READY:
                    done.append(self._follow(row, check_of_row, provider, pace))
                elif check_of_row.raw is not None:
                    done.append(self._keep(row, check_of_row.raw))
                else:
                    if check_of_row.error is not None:
                        requests.refused(check_of_row.error)
                    done.append(self._ask_again(row))
        self._learn([row for row in done if row.state is SubmissionState.DONE], provider)
        return done

    def _with_answer(self, reference: str, check: Check, provider: Provider, pace: Pace) -> Check:
        """A check that found its job finished, with the answer fetched if it does not bring it along.

        What cannot be fetched now stays READY without an answer: it is paid for, and fetched later.
        """
        if check.state is not CheckState.READY or check.raw is not None:
            return check
        if pace.admit(provider.capabilities.requests.fetch, _PATIENCE_FOR_ANSWERS) is not None:
            return check
        try:
            return replace(check, raw=provider.fetch(reference))
        except _NOT_ABOUT_THE_DOCUMENT as exc:
            return replace(check, error=exc)
        except ProviderError as exc:
            return Check(CheckState.FAILED, error=exc)

    def _ask_again(self, row: Submission) -> Submission:
        soon = self.clock.now() + timedelta(seconds=MINIMUM_POLL_SECONDS)
        return self._save(replace(row, next_check_at=soon))

    def _keep(self, row: Submission, raw: bytes) -> Submission:
        """Keep the raw answer before anybody is told of it."""
        key = self.documents.write_result(row.job_id, row.number, row.provider, raw)
        return self._resolve(row, Outcome(row.provider, row.reference, key))

    def _follow(self, row: Submission, check: Check, provider: Provider, pace: Pace) -> Submission:
        """Act on what the provider said of one unfinished submission; returns the row as it is then."""
        if check.state is CheckState.FAILED:
            error = check.error or CaptureFailed(f"{row.provider} could not capture {row.document.name}.")
            return self._fail(row, error)
        now = self.clock.now()
        histogram = LatencyHistogram.for_size(provider.typical_latency_seconds, pace.state.latencies, row.document.size)
        wait = seconds_to_next_check(self._age(row, now), histogram, MINIMUM_POLL_SECONDS)
        asked = check.state is CheckState.ACTION_REQUIRED
        if asked:
            self._ask_for_action(row, check.action_url)
        elif row.state is SubmissionState.ACTION_REQUIRED:
            self.jobs.resume(row.job_id, now)
        return self._save(
            replace(
                row,
                state=SubmissionState.ACTION_REQUIRED if asked else SubmissionState.PENDING,
                action_url=check.action_url or row.action_url,
                checked_at=now,
                checks=row.checks + 1,
                next_check_at=now + timedelta(seconds=wait),
            )
        )

    def _age(self, row: Submission, now: datetime) -> float:
        return (now - (row.submitted_at or row.created_at)).total_seconds()

    def _learn(self, rows: Sequence[Submission], provider: Provider) -> None:
        """Count how long the provider took. How long people take to verify says nothing about it."""
        now = self.clock.now()
        latencies: Counter[tuple[str, int]] = Counter()
        for row in rows:
            if row.submitted_at is not None and row.action_url is None:
                unfinished_at = self._age(row, row.checked_at) if row.checked_at is not None else 0.0
                latency = latency_between(unfinished_at, self._age(row, now))
                latencies[size_class(row.document.size), bucket_of(latency)] += 1
        if latencies:
            self.states.add_latencies(provider.name, latencies)

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
        told = error.about(row.document.name) if isinstance(error, ProviderError) else error
        return self._resolve(row, Outcome(row.provider, row.reference, error=told))

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
