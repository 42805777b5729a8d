"""Sweep Jobs: the safety net. It restarts missing loops, ends jobs past their deadline, and announces what is owed;
healthy systems give it nothing to do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from invoice_capture.domain.errors import JobDeadlineExceeded, StoreUnavailable, TokenClosed
from invoice_capture.domain.job import Job
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import (
    Callbacks,
    Clock,
    Executions,
    JobStore,
    Providers,
    ProviderStateStore,
    SubmissionStore,
)
from invoice_capture.use_cases.polling.poll_loop import PollLoops
from invoice_capture.use_cases.steps.announce_outcome import AnnounceOutcome

# A live loop is at most this late: a turn's five minutes and the repeats of its function.
_LATE = timedelta(minutes=5)
_JOBS_PER_SWEEP = 200
_ANNOUNCEMENTS_PER_SWEEP = 500
# What was dealt with is looked at again so much later, and stands in nobody's way before.
_PAUSE = timedelta(hours=1)
# How long a paid answer is tried to be stored after its job's deadline.
_GRACE = timedelta(days=1)

_log = logging.getLogger(__name__)


@dataclass
class Swept:
    """What a sweep did, for metrics. All zero in a healthy system. ``problems`` are what it could not deal with."""

    loops_restarted: int = 0
    jobs_expired: int = 0
    announcements_paid: int = 0
    problems: int = 0

    def metrics(self) -> dict[str, int]:
        return {
            "LoopsRestarted": self.loops_restarted,
            "JobsExpired": self.jobs_expired,
            "AnnouncementsPaid": self.announcements_paid,
            "SweepProblems": self.problems,
        }


@dataclass(frozen=True)
class SweepJobs:
    jobs: JobStore
    submissions: SubmissionStore
    states: ProviderStateStore
    providers: Providers
    executions: Executions
    callbacks: Callbacks
    clock: Clock
    poll_loops: PollLoops
    announce: AnnounceOutcome

    def __call__(self) -> Swept:
        """One round. What goes wrong with a loop or a job is logged, and hinders no other."""
        swept = Swept()
        for name in sorted(self.providers.names() | self.states.accounts()):
            swept.loops_restarted += self._guarded(self._restart_loop, name, swept)
        for job_id in self.jobs.overdue(self.clock.now(), _JOBS_PER_SWEEP):
            swept.jobs_expired += self._guarded(self._expire, job_id, swept)
        self._pay_what_is_owed(swept)
        return swept

    def _restart_loop(self, provider: str) -> bool:
        now = self.clock.now()
        if not self.submissions.due(provider, now - _LATE, 1):
            return False
        return self.poll_loops.ensure(provider, now)

    def _expire(self, job_id: str) -> bool:
        """Bring a job past its deadline to its end; False when it has ended already."""
        now = self.clock.now()
        # First of all: what nobody can deal with must not be in the way of the next sweep.
        if not self.jobs.put_off(job_id, now, until=now + _PAUSE):
            return False
        job = self.jobs.get(job_id)
        if job is None or not job.status.is_open:
            self.announce.pay(job_id)
            return False
        if job.deadline_at > now:
            return False  # Started again, and the index does not show it yet.
        if self._fail_open_token(job) or self._store_what_was_paid(job):
            return True
        # Nobody waits on a token: the execution is gone, or between two attempts, and then finds the job closed.
        if self.jobs.fail(job_id, JobDeadlineExceeded.of(job.document.name, job.deadline_at), now):
            self.announce.pay(job_id)
        return True

    def _fail_open_token(self, job: Job) -> bool:
        """End a job through its execution, which records and announces it like any failure."""
        error = JobDeadlineExceeded.of(job.document.name, job.deadline_at)
        for token in (token for row in self.submissions.of_job(job.job_id) for token in row.tokens):
            try:
                self.callbacks.fail(token, error)
            except TokenClosed:
                continue
            return True
        return False

    def _store_what_was_paid(self, job: Job) -> bool:
        """Run a job again whose answer lies there, until it is stored or a day has passed."""
        now = self.clock.now()
        rows = [row for row in self.submissions.of_job(job.job_id) if row.number >= job.first_submission]
        if now >= job.deadline_at + _GRACE or not any(row.state is SubmissionState.DONE for row in rows):
            return False
        # A name cannot be used again for 90 days.
        self.executions.start_capture(job, name=f"{job.execution_name}-deadline-{now:%Y%m%dT%H}")
        return True

    def _pay_what_is_owed(self, swept: Swept) -> None:
        for job_id in self.jobs.owed(self.clock.now(), _ANNOUNCEMENTS_PER_SWEEP):
            now = self.clock.now()
            try:
                # Of two sweeps at the same time, one pays. What is refused is tried again after the pause.
                if self.jobs.put_off(job_id, now, until=now + _PAUSE):
                    swept.announcements_paid += self.announce.pay(job_id)
            except StoreUnavailable as exc:
                # An outage: the others would fail as well, and each of them slowly.
                _report(exc, job_id, swept)
                return
            except Exception as exc:
                _report(exc, job_id, swept)

    def _guarded(self, step: Callable[[str], bool], name: str, swept: Swept) -> bool:
        try:
            return step(name)
        except Exception as exc:
            _report(exc, name, swept)
            return False


def _report(error: Exception, name: str, swept: Swept) -> None:
    """The message of an unexpected error may quote the document: only its name is logged."""
    _log.warning("Something could not be swept.", extra={"swept": name, "error": type(error).__name__})
    swept.problems += 1
