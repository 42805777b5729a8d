"""What waits: figures that alarms look at, measured after every sweep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from invoice_capture.ports import Clock, JobStore

# Beyond every deadline, so that the job whose deadline comes first is found, whenever it comes.
_EVER = timedelta(days=400)
_MOST_ANNOUNCEMENTS = 500


@dataclass(frozen=True)
class Backlog:
    """``announcements_owed`` counts up to 500."""

    oldest_open_job_seconds: int
    announcements_owed: int

    def metrics(self) -> dict[str, int]:
        return {
            "OldestOpenJobSeconds": self.oldest_open_job_seconds,
            "AnnouncementsOwed": self.announcements_owed,
        }


@dataclass(frozen=True)
class MeasureBacklog:
    """Two queries and one look at a job."""

    jobs: JobStore
    clock: Clock

    def __call__(self) -> Backlog:
        owed = self.jobs.owed(self.clock.now(), _MOST_ANNOUNCEMENTS)
        return Backlog(self._oldest_seconds(), len(owed))

    def _oldest_seconds(self) -> int:
        """The age of the job whose deadline comes first, since it was last started; 0 where none is open."""
        now = self.clock.now()
        for job_id in self.jobs.overdue(now + _EVER, 1):
            job = self.jobs.get(job_id)
            if job is not None and job.status.is_open:
                return int((now - (job.started_at or job.created_at)).total_seconds())
        return 0
