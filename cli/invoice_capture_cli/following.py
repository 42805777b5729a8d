"""Following jobs until they end, with pauses that grow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from invoice_capture_cli.jobs import Job, Jobs, is_ended

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
# What has gone on for a minute will not end within the next second.
_SHARE_OF_ELAPSED = 0.1

GONE = "gone"
"""The status of a job that was deleted while it was followed."""


class Following:
    """``jobs`` are the jobs as they were last seen, by id, in the order in which they were given.

    ``sleep`` and ``monotonic`` are the clock; what is to be followed may grow while it is.
    """

    def __init__(
        self,
        jobs: Jobs,
        ids: Sequence[str] = (),
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = jobs
        self._sleep = sleep
        self._monotonic = monotonic
        self._began = monotonic()
        self.jobs: dict[str, Job] = {}
        for job_id in ids:
            self.add({"_id": job_id, "status": "queued"})

    def add(self, job: Job) -> None:
        self.jobs[job["_id"]] = job

    @property
    def unfinished(self) -> list[str]:
        return [job_id for job_id, job in self.jobs.items() if not is_ended(job) and job.get("status") != GONE]

    def look(self) -> list[Job]:
        """Ask once about all that are unfinished; the jobs that changed since they were last seen."""
        waiting = self.unfinished
        found = self._api.listed(waiting)
        changed = []
        for job_id in waiting:
            job = found.get(job_id, {**self.jobs[job_id], "status": GONE})
            if job != self.jobs[job_id]:
                self.jobs[job_id] = job
                changed.append(job)
        return changed

    def until_ended(self, timeout: float | None = None) -> Iterator[list[Job]]:
        """What changed, look by look, until all have ended or ``timeout`` seconds have passed."""
        while self.unfinished:
            yield self.look()
            elapsed = self._monotonic() - self._began
            if not self.unfinished or (timeout is not None and elapsed >= timeout):
                return
            pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, elapsed * _SHARE_OF_ELAPSED))
            self._sleep(pause if timeout is None else min(pause, max(0.05, timeout - elapsed)))
