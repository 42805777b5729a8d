"""Record Changes: append what changed about jobs to their histories, and lock what may not go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.domain.audited import BY_EXPIRY, JOB_ITEM, NOT_OURS, UNNAMED, item_name, told, writer_of
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.domain.history import Change, Entry, entries_for, readable_entries, written
from invoice_capture.domain.job import JobStatus
from invoice_capture.ports.histories import HistoryStore

# Two that append to one history at once would be two runs of the same batch; the second finds everything done.
_ATTEMPTS = 5


@dataclass(frozen=True)
class ItemChange:
    """An item of a job as it was and as it is, as plain values; empty when it was not, or is not, there.

    ``by_expiry``: DynamoDB removed it, because its time to live was over.
    """

    change_id: str
    at: str
    job_id: str
    sort_key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    by_expiry: bool = False

    @property
    def ends_the_job(self) -> bool:
        """Whether it is the end of everything that is kept of the job, as promised to its client."""
        was_withdrawn = self.before.get("status") == JobStatus.CANCELLED
        return self.sort_key == "JOB" and not self.after and (was_withdrawn or self.by_expiry)


@dataclass(frozen=True)
class RecordChanges:
    """Appends to the histories of jobs.

    ``locked_for``: how long nobody can delete a document and its history, counted from the beginning of the history;
    None where the archive is not locked. Then a history goes with its job, else it records the end of it.
    """

    histories: HistoryStore
    locked_for: timedelta | None

    def __call__(self, changes: Sequence[ItemChange]) -> int:
        """Record changes of any jobs, those of each in their order; doing it again records nothing twice.

        Returns the number of entries that were written.
        """
        by_job: dict[str, list[ItemChange]] = {}
        for change in changes:
            by_job.setdefault(change.job_id, []).append(change)
        return sum(self._record(job_id, of_job) for job_id, of_job in by_job.items())

    def _record(self, job_id: str, changes: Sequence[ItemChange]) -> int:
        meant = [change for item in changes if (change := _meant(item)) is not None]
        ends = any(change.ends_the_job for change in changes)
        # Most of what is written of a job that is polled: nothing is read for it.
        if not meant and not ends:
            return 0
        for _ in range(_ATTEMPTS):
            portions = self.histories.portions(job_id)
            before = [entry for portion in portions for entry in readable_entries(portion)]
            until = self._locked_until(before[0]["at"] if before else changes[0].at, changes[-1].at)
            if until is None and ends:
                self.histories.remove(job_id)
                return 0
            if not meant or not (before or self._may_begin(job_id, changes)):
                return 0
            known = {entry["change"] for entry in before}
            new = [self._with_objects(change, until) for change in meant if change.change_id not in known]
            entries = list(entries_for(job_id, before, new))
            if not entries or self.histories.append(job_id, len(portions) + 1, written(entries), until):
                self._note_head(job_id, [*before, *entries][-1], changes[-1])
                return len(entries)
        raise StoreUnavailable(f"The history of job {job_id} is written to by others all the time.")

    def _locked_until(self, begun_at: str, now: str) -> datetime | None:
        """Until when a history, and the document of its job, stay; None when nothing locks them, or not any more."""
        if self.locked_for is None:
            return None
        until = datetime.fromisoformat(begun_at) + self.locked_for
        return until if until > datetime.fromisoformat(now) else None

    def _may_begin(self, job_id: str, changes: Sequence[ItemChange]) -> bool:
        """A history does not begin with what comes after the end of its job."""
        return any(change.sort_key == "JOB" for change in changes) or self.histories.is_there(job_id)

    def _note_head(self, job_id: str, last: Entry, change: ItemChange) -> None:
        if last["item"] == JOB_ITEM and last["did"] == "removed":
            return
        values = change.after or change.before
        self.histories.note_head(job_id, last, values.get("ttl") or values.get("removed_at"))

    def _with_objects(self, change: Change, until: datetime | None) -> Change:
        """With the digests of the document or the result that it names, of which the document is locked."""
        found = []
        for key, version_id in _named_objects(change):
            digest = self.histories.digest(key, version_id)
            if digest is None:
                continue
            found.append(digest)
            if until is not None and version_id is not None:
                self.histories.lock(key, version_id, until)
        return replace(change, objects=found)


def _meant(change: ItemChange) -> Change | None:
    """The change as the history has it; None for bookkeeping, and for what goes with a job by itself."""
    if change.by_expiry and change.sort_key != "JOB":
        return None
    writer = writer_of(change.before, change.after)
    what = told(change.before, change.after, is_ours=writer is not None or not change.after)
    if not what:
        return None
    return Change(
        change_id=change.change_id,
        at=change.at,
        by=writer or (NOT_OURS if change.after else _remover_of(change)),
        item=item_name(change.sort_key),
        did="created" if not change.before else "changed" if change.after else "removed",
        what=what,
    )


def _remover_of(change: ItemChange) -> str:
    if change.by_expiry:
        return BY_EXPIRY
    return NOT_OURS if change.sort_key == "JOB" and not change.ends_the_job else UNNAMED


def _named_objects(change: Change) -> Iterator[tuple[str, str | None]]:
    """Key and version of what a change names; the last version of a result."""
    document = change.what.get("document", (None, None))[1]
    if change.item == JOB_ITEM and document and document.get("version_id"):
        yield document["key"], document["version_id"]
    result_key = change.what.get("result_key", (None, None))[1]
    if result_key:
        yield result_key, None
