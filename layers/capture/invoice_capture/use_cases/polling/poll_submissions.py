"""Poll Submissions: those that are due. Pending ones are asked about, queued ones submitted, late ones ended, and what
providers keep of closed ones is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from invoice_capture.domain.errors import (
    CaptureError,
    CaptureFailed,
    JobDeadlineExceeded,
    ProviderError,
    ProviderUnavailable,
    SettingMissing,
    StoreUnavailable,
)
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.polling import (
    LONGEST_GAP_SECONDS,
    LatencyHistogram,
    bucket_of,
    latency_between,
    seconds_to_next_poll,
    size_class,
)
from invoice_capture.domain.submission import Outcome, Submission, SubmissionState
from invoice_capture.ports import (
    Clock,
    DocumentStore,
    JobStore,
    Metrics,
    Notifier,
    PollResult,
    PollState,
    Provider,
    Providers,
    ProviderState,
    ProviderStateStore,
    StaleWrite,
    SubmissionStore,
)
from invoice_capture.use_cases.polling.ask_provider import AskProvider
from invoice_capture.use_cases.polling.discard_copies import DiscardCopies
from invoice_capture.use_cases.polling.poll_loop import TICK
from invoice_capture.use_cases.polling.round_of_requests import RoundOfRequests
from invoice_capture.use_cases.shared.provider_throttle import ProviderThrottle, Throttles
from invoice_capture.use_cases.shared.resolve_submission import ResolveSubmission, leaves_a_copy
from invoice_capture.use_cases.shared.submitter import MINIMUM_POLL_SECONDS, Submitters, out_of_budget

# Of the function's fifteen minutes, the others are kept for what is under way.
_TURN_BUDGET = timedelta(minutes=3)
# A provider's memory use is some five times the document that it sends; the function has 1,024 MB.
_MOST_BYTES_UNDER_WAY = 60 * 1024**2
# What is no clear answer ends a submission when it was repeated so often, over so long a time: refusals that nothing
# else came between, or whatever it was.
_UNCLEAR_POLLS = 3
_REFUSED_FOR = timedelta(hours=1)
_UNCLEAR_FOR = timedelta(hours=6)
_FIRST_UNCLEAR_GAP_SECONDS = 15.0


@dataclass(frozen=True)
class PollSubmissions:
    documents: DocumentStore
    jobs: JobStore
    submissions: SubmissionStore
    states: ProviderStateStore
    providers: Providers
    notifier: Notifier
    metrics: Metrics
    clock: Clock
    throttles: Throttles
    submitters: Submitters
    resolve: ResolveSubmission
    discard: DiscardCopies

    def __call__(
        self, provider_name: str, due: Sequence[tuple[str, int]], state: ProviderState
    ) -> tuple[list[Submission], datetime | None]:
        """Look at the rows with these keys; ``state`` is what the provider's callers share at present.

        Returns the rows that were looked at, as they are now, and the time before which the provider is not to be asked
        again, or None. Rows that are left for the next turn are not among them.
        """
        now = self.clock.now()
        rows = self.submissions.get_many(due) if due else []
        # The index may be behind the rows: what was moved on meanwhile is left for its time.
        early = [row for row in rows if row.next_check_at is None or row.next_check_at > now + TICK]
        late = [row for row in rows if row not in early]
        if not late:
            return early, None
        try:
            provider = self.providers.get(provider_name)
        except SettingMissing as exc:
            return early + self._without_provider(late, exc), None
        left = [row for row in late if row.state.is_closed]
        unfinished = [row for row in late if not row.state.is_closed]
        live = [row for row in unfinished if row.deadline_at > now]
        looked_at = early + [
            self._fail(row, JobDeadlineExceeded.of(row.document.name, row.deadline_at), provider)
            for row in unfinished
            if row.deadline_at <= now
        ]
        throttle = self.throttles.of(provider, state)
        pending = [row for row in live if row.reference is not None]
        with RoundOfRequests(provider, throttle, self.clock, now + _TURN_BUDGET) as requests:
            ask = AskProvider(provider, self.providers, throttle, requests)
            # What was no clear answer lately stands in nobody's way: it comes after everything else.
            looked_at += self._poll([row for row in pending if not row.unclear_polls], provider, throttle, ask)
            looked_at += self._send([row for row in live if row.reference is None], provider, throttle, requests)
            looked_at += self._poll([row for row in pending if row.unclear_polls], provider, throttle, ask, alone=True)
            looked_at += self.discard(left, provider, throttle, requests)
        return looked_at, requests.not_before

    def _without_provider(self, rows: Sequence[Submission], error: SettingMissing) -> list[Submission]:
        """End what is open, and leave copies where nobody can delete them."""
        return [
            self._save(replace(row, next_check_at=None)) if row.state.is_closed else self._fail(row, error, None)
            for row in rows
        ]

    # --- submitting --------------------------------------------------------------------------------------------------

    def _send(
        self, rows: Sequence[Submission], provider: Provider, throttle: ProviderThrottle, requests: RoundOfRequests
    ) -> list[Submission]:
        # What may have been sent stays, whatever the route says: elsewhere it would be paid for again.
        moving = [row for row in rows if row.skip_if_unavailable and row.attempts == 0 and throttle.is_out_of_order]
        staying = [row for row in rows if row not in moving]
        return [self._move_on(row) for row in moving] + self._submit(staying, provider, throttle, requests)

    def _submit(
        self, rows: Sequence[Submission], provider: Provider, throttle: ProviderThrottle, requests: RoundOfRequests
    ) -> list[Submission]:
        submitter = self.submitters.of(provider, throttle)

        def submit(row: Submission) -> Submission:
            try:
                content = self.documents.read(row.document)
                if row.state is SubmissionState.SUBMITTING:
                    return submitter.reconcile(row, content)
                row, held_until = submitter.afford(row, content)
                if held_until is not None and row.skip_if_unavailable and row.attempts == 0:
                    raise out_of_budget(row)
                if held_until is not None:
                    return self.submissions.save(row)
                return submitter.send(row, content)
            except StaleWrite:
                return self.submissions.get(row.key) or row

        done = []
        asked = requests.ask(
            rows,
            submit,
            provider.capabilities.requests.submit,
            size_of=lambda row: row.document.size,
            most_bytes=_MOST_BYTES_UNDER_WAY,
        )
        for row, answer in asked:
            try:
                done.append(answer.result())
            except StoreUnavailable:
                raise
            except CaptureError as exc:
                done.append(self._fail(row, exc, provider))
        return done

    def _move_on(self, row: Submission) -> Submission:
        message = f"{row.provider} is out of order, and the route says not to wait for it."
        return self._fail(row, ProviderUnavailable(message), None)

    # --- polling -----------------------------------------------------------------------------------------------------

    def _poll(
        self,
        rows: Sequence[Submission],
        provider: Provider,
        throttle: ProviderThrottle,
        ask: AskProvider,
        *,
        alone: bool = False,
    ) -> list[Submission]:
        done = [self._act_on(result, row, provider, throttle, ask) for row, result in ask.about(rows, alone=alone)]
        self._learn([row for row in done if row.state is SubmissionState.DONE], provider)
        return done

    def _act_on(
        self, result: PollResult, row: Submission, provider: Provider, throttle: ProviderThrottle, ask: AskProvider
    ) -> Submission:
        """Act on what was said of one submission; returns the row as it is then."""
        match result.state:
            case PollState.READY if result.raw is not None:
                return self._keep(row, result.raw, provider)
            case PollState.READY:
                soon = self.clock.now() + timedelta(seconds=MINIMUM_POLL_SECONDS)
                return self._save(replace(row, next_check_at=soon))
            case PollState.FAILED:
                error = result.error or CaptureFailed(f"{row.provider} could not capture {row.document.name}.")
                return self._fail(row, error, provider)
            case PollState.UNKNOWN:
                return self._follow_unknown(row, result.said or "", provider)
            case PollState.REFUSED:
                error = result.error or CaptureFailed(f"{row.provider} refuses to tell of {row.document.name}.")
                return self._follow_refused(row, error, provider, others_are_answered=ask.was_answered)
            case _:
                return self._follow(row, result, provider, throttle)

    def _keep(self, row: Submission, raw: bytes, provider: Provider) -> Submission:
        """Keep the raw answer before anybody is told of it."""
        key = self.documents.write_result(row.job_id, row.number, row.provider, raw)
        return self._resolve(row, Outcome(row.provider, row.reference, key), provider)

    def _follow(
        self, row: Submission, result: PollResult, provider: Provider, throttle: ProviderThrottle
    ) -> Submission:
        """Wait for a submission that is unfinished, and for a person where one is asked for."""
        now = self.clock.now()
        histogram = LatencyHistogram.for_size(
            provider.typical_latency_seconds, throttle.state.latencies, row.document.size
        )
        wait = seconds_to_next_poll(self._age(row, now), histogram, MINIMUM_POLL_SECONDS)
        if result.said is not None:
            self.jobs.remark(row.job_id, f"{row.provider} says {result.said!r} of {row.document.name}.", now)
        asked = result.state is PollState.ACTION_REQUIRED
        if asked:
            self._ask_for_action(row, result.action_url)
        elif row.state is SubmissionState.ACTION_REQUIRED:
            self.jobs.resume(row.job_id, now)
        return self._save(
            replace(
                row,
                state=SubmissionState.ACTION_REQUIRED if asked else SubmissionState.PENDING,
                action_url=result.action_url or row.action_url,
                polled_at=now,
                polls=row.polls + 1,
                unclear_polls=0,
                unclear_since=None,
                refused_since=None,
                next_check_at=now + timedelta(seconds=wait),
            )
        )

    def _follow_unknown(self, row: Submission, said: str, provider: Provider) -> Submission:
        """A status that nobody documented is said at once, and waited for a while."""
        status = f"{row.provider} says {said!r} of {row.document.name}, a status that nobody documented"
        if row.unclear_since is None:
            self.jobs.remark(row.job_id, f"{status}. The job ends when it says nothing else.", self.clock.now())
            self.metrics.count("UnknownStatuses", provider=row.provider)
        return self._follow_unclear(row, CaptureFailed(f"{status}."), provider, is_its_own=True)

    def _follow_refused(
        self, row: Submission, error: ProviderError, provider: Provider, *, others_are_answered: bool
    ) -> Submission:
        """A refusal ends a submission only when it lasts: what was accepted is paid for."""
        if not isinstance(error, ProviderUnavailable):
            return self._follow_unclear(row, error, provider, is_its_own=True, is_refusal=True)
        failure = CaptureFailed(f"{row.provider} answers about other documents, and not about this one ({error})")
        return self._follow_unclear(row, failure, provider, is_its_own=others_are_answered)

    def _follow_unclear(
        self, row: Submission, error: ProviderError, provider: Provider, *, is_its_own: bool, is_refusal: bool = False
    ) -> Submission:
        """Wait longer each time, and end the submission when that lasts. ``is_its_own``: the provider is no outage."""
        now = self.clock.now()
        since = row.unclear_since or (now if is_its_own else None)
        refused_since = (row.refused_since or now) if is_refusal else None
        polls = row.unclear_polls + 1
        is_refused = refused_since is not None and now - refused_since >= _REFUSED_FOR
        is_unclear = since is not None and now - since >= _UNCLEAR_FOR
        if polls >= _UNCLEAR_POLLS and (is_refused or is_unclear):
            return self._fail(row, error, provider)
        gap = min(LONGEST_GAP_SECONDS, _FIRST_UNCLEAR_GAP_SECONDS * 2 ** min(10, row.unclear_polls))
        return self._save(
            replace(
                row,
                unclear_polls=polls,
                unclear_since=since,
                refused_since=refused_since,
                next_check_at=now + timedelta(seconds=gap),
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
                unfinished_at = self._age(row, row.polled_at) if row.polled_at is not None else 0.0
                latency = latency_between(unfinished_at, self._age(row, now))
                latencies[size_class(row.document.size), bucket_of(latency)] += 1
        if latencies:
            self.states.add_latencies(provider.name, latencies, now)

    def _ask_for_action(self, row: Submission, url: str | None) -> None:
        """Tell people once that one of them must go on at the provider; again when nobody knows that they were told."""
        is_new = self.jobs.require_action(row.job_id, url, self.clock.now())
        if not is_new and not (row.state is SubmissionState.PENDING and self._is_asked_for(row.job_id)):
            return
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

    def _is_asked_for(self, job_id: str) -> bool:
        job = self.jobs.get(job_id)
        return job is not None and job.status is JobStatus.ACTION_REQUIRED

    # --- ending ------------------------------------------------------------------------------------------------------

    def _fail(self, row: Submission, error: CaptureError, provider: Provider | None) -> Submission:
        told = error.about(row.document.name) if isinstance(error, ProviderError) else error
        return self._resolve(row, Outcome(row.provider, row.reference, error=told), provider)

    def _resolve(self, row: Submission, outcome: Outcome, provider: Provider | None) -> Submission:
        if provider is not None and provider.capabilities.finds_submissions and row.possible_double_charge:
            throttle = self.throttles.of(provider)
            row = self.submitters.of(provider, throttle).count_copies(row)
        is_left = row.has_copy and provider is not None and leaves_a_copy(provider)
        discard_at = self.clock.now() if is_left else None
        is_wanted = self.resolve(row.key, row.task_token or "", outcome, discard_at=discard_at)
        if outcome.error is None:
            self._measure(row)
        if outcome.result_key is not None and not is_wanted:
            self.documents.remove_results(row.job_id)
        return replace(row, state=outcome.state, next_check_at=discard_at)

    def _measure(self, row: Submission) -> None:
        seconds = (self.clock.now() - (row.submitted_at or row.created_at)).total_seconds()
        self.metrics.count("SecondsToCapture", ceil(seconds), provider=row.provider)
        self.metrics.count("PollsToCapture", row.polls, provider=row.provider)

    def _save(self, row: Submission) -> Submission:
        try:
            return self.submissions.save(row)
        except StaleWrite:
            return self.submissions.get(row.key) or row
