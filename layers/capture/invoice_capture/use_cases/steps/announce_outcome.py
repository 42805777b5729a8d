"""Announce Outcome: tell the world how a job ended, for as long as that is owed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from invoice_capture.domain.announcement import Announcement, announcement_of
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.ports import Clock, JobStore, Metrics, Notifier

# Longer than whoever announces may run. Who dies over it leaves the announcement to the sweeper.
_CLAIMED_FOR = timedelta(minutes=10)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AnnounceOutcome:
    """Store Invoice and the sweeper announce by it as well."""

    jobs: JobStore
    notifier: Notifier
    metrics: Metrics
    clock: Clock

    def __call__(self, job_id: str) -> None:
        """Announce what is owed of a job, if anything is and nobody else is about to; twice tells nothing twice."""
        job = self.jobs.get(job_id)
        announcement = None if job is None else announcement_of(job)
        if announcement is None:
            return
        now = self.clock.now()
        if self.jobs.claim_announcement(job_id, announcement.ended_at, now, until=now + _CLAIMED_FOR):
            self.tell(announcement)

    def tell(self, announcement: Announcement) -> None:
        """Publish now, or leave it to the sweeper: an end that is stored must not fail because nobody can be told."""
        try:
            self.notifier.publish(announcement.subject, announcement.message)
        except Exception as exc:
            # Whatever it was, it must not undo the end. Its message may quote the document: only its name is logged.
            _log.warning("This end could not be announced yet.", extra={"error": type(exc).__name__})
            self.metrics.count("AnnouncementsPutOff")
            self.jobs.tell_later(announcement.job_id, announcement.ended_at)
        else:
            self._told(announcement)

    def pay(self, job_id: str) -> bool:
        """Announce what is owed of a job. False when nothing is.

        Raises whatever kept it from being published; after an outage, a StoreUnavailable, it has its place in the
        order of what is owed again.
        """
        job = self.jobs.get(job_id)
        announcement = None if job is None else announcement_of(job)
        if announcement is None:
            return False
        try:
            self.notifier.publish(announcement.subject, announcement.message)
        except StoreUnavailable:
            self.jobs.tell_later(announcement.job_id, announcement.ended_at)
            raise
        self._told(announcement)
        return True

    def _told(self, announcement: Announcement) -> None:
        self.jobs.told(announcement.job_id, announcement.ended_at)
        self.metrics.count("JobsEnded", outcome=announcement.message["status"])
        for code in announcement.message.get("findings", ()):
            self.metrics.count("Findings", code=code)
        if announcement.is_for_the_operator:
            self.metrics.count("FailuresToMend")
