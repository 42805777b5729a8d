"""Sweep Jobs: the safety net. It restarts missing loops and ends jobs past their deadline; healthy systems give it
nothing to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from invoice_capture.domain.errors import JobDeadlineExceeded, TokenClosed
from invoice_capture.domain.job import Job
from invoice_capture.ports import (
    Callbacks,
    Clock,
    Executions,
    JobStore,
    Providers,
    ProviderStateStore,
    SubmissionStore,
)
from invoice_capture.use_cases.keep_loop import ensure_loop

# A live loop is at most this late: a turn's five minutes and the repeats of its function.
_LATE = timedelta(minutes=5)
_JOBS_PER_SWEEP = 200


@dataclass(frozen=True)
class Swept:
    """What a sweep did, for metrics. All zero in a healthy system."""

    loops_restarted: int = 0
    jobs_expired: int = 0


@dataclass(frozen=True)
class SweepJobs:
    """The step, with everything it needs from outside."""

    jobs: JobStore
    submissions: SubmissionStore
    states: ProviderStateStore
    providers: Providers
    executions: Executions
    callbacks: Callbacks
    clock: Clock

    def __call__(self) -> Swept:
        names = self.providers.names() | self.states.accounts()
        restarted = sum(self._restart_loop(name) for name in sorted(names))
        expired = sum(self._expire(job_id) for job_id in self.jobs.overdue(self.clock.now(), _JOBS_PER_SWEEP))
        return Swept(loops_restarted=restarted, jobs_expired=expired)

    def _restart_loop(self, provider: str) -> bool:
        now = self.clock.now()
        if not self.submissions.due(provider, now - _LATE, 1):
            return False
        return ensure_loop(provider, now, states=self.states, executions=self.executions, clock=self.clock)

    def _expire(self, job_id: str) -> bool:
        """End a job past its deadline through the state machine, which records and announces it like any failure."""
        job = self.jobs.get(job_id)
        if job is None or job.status.is_terminal:
            return False
        if not self._fail_open_token(job):
            # Nobody waits on a token: the execution is gone. Submit Document refuses what is past its deadline.
            self.executions.start_capture(job, name=f"{job.execution_name}-deadline")
        return True

    def _fail_open_token(self, job: Job) -> bool:
        error = JobDeadlineExceeded.of(job.document.name, job.deadline_at)
        for row in self.submissions.of_job(job.job_id):
            if row.task_token is None:
                continue
            try:
                self.callbacks.fail(row.task_token, error)
            except TokenClosed:
                continue
            return True
        return False
