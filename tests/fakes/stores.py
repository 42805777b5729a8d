"""The stores in memory. tests/contract holds them to the same suite as the ones on DynamoDB and S3.

As there, times are kept to the millisecond, an item has a largest size, and an index may lag behind its table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import quote, urlencode

from invoice_capture.aws.invoice_items import invoice_items
from invoice_capture.domain.announcement import EVENTS
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import CaptureError, DocumentMissing, JobClosed
from invoice_capture.domain.job import WITHOUT_INVOICE, Job, JobStatus, sources_of
from invoice_capture.domain.submission import Outcome, Submission
from invoice_capture.ports import Shown, StaleWrite, StoredInvoice, UploadForm
from tests.fakes.items import Items, as_kept, require_size

BUCKET = "documents"


class MemoryDocumentStore:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str | None], bytes] = {}
        self.results: dict[str, bytes] = {}
        self.markers: set[str] = set()
        self.locks: dict[tuple[str, str | None], datetime] = {}

    def put(self, key: str, content: bytes, version_id: str | None = "v1") -> DocumentPointer:
        self.objects[key, version_id] = content
        return DocumentPointer(BUCKET, key, version_id, len(content))

    def describe(self, bucket: str, key: str, version_id: str | None) -> tuple[DocumentPointer, datetime]:
        if version_id is None:
            version_id = next((version for name, version in reversed(self.objects) if name == key), None)
        if (key, version_id) not in self.objects:
            raise DocumentMissing(key)
        pointer = DocumentPointer(bucket, key, version_id, len(self.objects[key, version_id]))
        return pointer, datetime(2026, 1, 1, tzinfo=UTC)

    def read(self, pointer: DocumentPointer) -> bytes:
        if (pointer.key, pointer.version_id) not in self.objects:
            raise DocumentMissing(pointer.name)
        return self.objects[pointer.key, pointer.version_id]

    def beginning(self, pointer: DocumentPointer, size: int) -> bytes:
        return self.read(pointer)[:size]

    def write(self, bucket: str, key: str, content: IO[bytes]) -> DocumentPointer:
        content.seek(0)
        return self.put(key, content.read(), f"v{len(self.objects) + 1}")

    def copy(self, document: DocumentPointer, key: str) -> DocumentPointer:
        return self.put(key, self.read(document), f"v{len(self.objects) + 1}")

    def offer_upload(self, key: str, media_type: str, maximum_bytes: int, seconds: int) -> UploadForm:
        self.offered = (key, media_type, maximum_bytes, seconds)
        return UploadForm("https://documents.example/", {"key": key, "Content-Type": media_type})

    def remove(self, pointer: DocumentPointer) -> datetime | None:
        if until := self.locks.get((pointer.key, pointer.version_id)):
            return until
        self.objects.pop((pointer.key, pointer.version_id), None)
        if not any(key == pointer.key for key, _version in self.objects):
            self.markers.discard(pointer.key)
        return None

    def remove_all(self, bucket: str, key: str) -> None:
        self.markers.discard(key)
        unlocked = [version for name, version in self.objects if name == key and (name, version) not in self.locks]
        for version in unlocked:
            del self.objects[key, version]

    def hide(self, key: str) -> None:
        """Delete a key as people do, without saying which version."""
        self.markers.add(key)

    def remove_results(self, job_id: str) -> None:
        for key in [key for key in self.results if key.startswith(f"results/{job_id}/")]:
            del self.results[key]

    def write_result(self, job_id: str, submission: int, provider: str, content: bytes) -> str:
        key = f"results/{job_id}/{submission}-{provider}.json"
        self.results[key] = content
        return key

    def read_result(self, key: str) -> bytes | None:
        return self.results.get(key)

    def link(self, pointer: DocumentPointer, seconds: int, shown: Shown | None = None) -> str:
        query = {"versionId": pointer.version_id, "expires": seconds, **({} if shown is None else vars(shown))}
        return f"https://documents.example/{quote(pointer.key)}?{urlencode(query)}"


class MemoryJobStore:
    def __init__(self) -> None:
        self.jobs: Items[str, Job] = Items()
        self.fingerprints: dict[str, str] = {}
        self.invoices: dict[str, tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]] = {}
        self.stored: dict[tuple[str, str], StoredInvoice] = {}
        self.explanations: dict[str, str] = {}
        # Where a job stands in the due index, by partition and time, if not by its deadline.
        self.due: dict[str, tuple[str, datetime]] = {}

    def create(self, job: Job) -> bool:
        if job.job_id in self.jobs:
            return False
        self.jobs[job.job_id] = job
        return True

    def get(self, job_id: str) -> Job | None:
        return self.jobs.get(job_id)

    def get_many(self, job_ids: Sequence[str]) -> Sequence[Job]:
        return [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs]

    def set_document(self, job_id: str, document: DocumentPointer, now: datetime) -> bool:
        job = self.jobs.get(job_id)
        if job is None or job.status is not JobStatus.RECEIVED:
            return False
        self.jobs[job_id] = replace(job, document=document, updated_at=now)
        return True

    def claim_fingerprint(self, digest: str, job_id: str, now: datetime) -> str:
        owner = self.fingerprints.setdefault(digest, job_id)
        first = self.jobs.get(owner)
        if owner != job_id and (first is None or first.status in WITHOUT_INVOICE):
            self.fingerprints[digest] = owner = job_id
        return owner

    def release_fingerprint(self, digest: str, job_id: str) -> None:
        if self.fingerprints.get(digest) == job_id:
            del self.fingerprints[digest]

    def capture(
        self,
        job_id: str,
        submission: int,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
        *,
        summary: Mapping[str, Any],
    ) -> bool:
        stored = _stored_invoice(job_id, "INVOICE", invoice, findings, now)
        job = self.jobs.get(job_id)
        if job is not None and job.status is JobStatus.CAPTURED and job.submission == submission:
            return False
        if job is None or job.status not in sources_of(JobStatus.CAPTURED):
            raise JobClosed(job_id)
        self.end(job_id, JobStatus.CAPTURED, now, submission=submission, summary=summary)
        self.invoices[job_id] = (invoice, findings)
        self.stored[job_id, "INVOICE"] = stored
        return True

    def fail(self, job_id: str, error: CaptureError, now: datetime) -> bool:
        job = self.jobs.get(job_id)
        if job is None or job.status not in sources_of(JobStatus.FAILED):
            return False
        self.end(job_id, JobStatus.FAILED, now, error_code=error.code, error_message=str(error))
        return True

    def end(self, job_id: str, status: JobStatus, now: datetime, **changes: Any) -> None:
        """What every end writes, whoever writes it."""
        job = replace(self.jobs[job_id], status=status, updated_at=now, finished_at=now, **changes)
        self.jobs[job_id] = replace(job, announcement=EVENTS[status])

    def explain(self, job_id: str, text: str) -> None:
        if job_id in self.jobs and self.jobs[job_id].status.is_open:
            self.explanations[job_id] = text

    def told(self, job_id: str, ended_at: datetime) -> None:
        if self._is_owed(job_id, ended_at):
            self.jobs[job_id] = replace(self.jobs[job_id], announcement=None)
            self.due.pop(job_id, None)

    def claim_announcement(self, job_id: str, ended_at: datetime, now: datetime, *, until: datetime) -> bool:
        if not self._is_owed(job_id, ended_at):
            return False
        deadline_at = self.jobs[job_id].deadline_at
        partition, due_at = self.due.get(job_id, ("open", deadline_at))
        if due_at != deadline_at and due_at > as_kept(now):
            return False
        self.due[job_id] = (partition, as_kept(until))
        return True

    def tell_later(self, job_id: str, ended_at: datetime) -> None:
        if self._is_owed(job_id, ended_at):
            self.due[job_id] = ("owed", as_kept(ended_at))

    def _is_owed(self, job_id: str, ended_at: datetime) -> bool:
        job = self.jobs.get(job_id)
        return job is not None and job.announcement is not None and job.finished_at == as_kept(ended_at)

    def invoice(self, job_id: str) -> StoredInvoice | None:
        return self.stored.get((job_id, "INVOICE"))

    def confirm(
        self,
        job_id: str,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
        *,
        summary: Mapping[str, Any],
    ) -> bool:
        stored = _stored_invoice(job_id, "CONFIRMED", invoice, findings, now)
        job = self.jobs.get(job_id)
        if job is None or job.status is not JobStatus.CAPTURED:
            return False
        self.jobs[job_id] = replace(job, confirmed_at=now, updated_at=now, summary=summary)
        self.stored[job_id, "CONFIRMED"] = stored
        return True

    def confirmed_invoice(self, job_id: str) -> StoredInvoice | None:
        return self.stored.get((job_id, "CONFIRMED"))

    def require_action(self, job_id: str, url: str | None, now: datetime) -> bool:
        moved = self._move(job_id, JobStatus.SUBMITTED, JobStatus.ACTION_REQUIRED, now)
        if moved:
            self.jobs[job_id] = replace(self.jobs[job_id], action_url=url)
        return moved

    def resume(self, job_id: str, now: datetime) -> None:
        self._move(job_id, JobStatus.ACTION_REQUIRED, JobStatus.SUBMITTED, now)

    def suspect_double_charge(self, job_id: str, now: datetime) -> None:
        if job_id in self.jobs:
            self.jobs[job_id] = replace(self.jobs[job_id], possible_double_charge=True, updated_at=now)

    def clear_double_charge(self, job_id: str, now: datetime) -> None:
        if job_id in self.jobs:
            self.jobs[job_id] = replace(self.jobs[job_id], possible_double_charge=False, updated_at=now)

    def remark(self, job_id: str, text: str, now: datetime) -> None:
        if job_id in self.jobs and self.jobs[job_id].remark != text:
            self.jobs[job_id] = replace(self.jobs[job_id], remark=text, updated_at=now)

    def overdue(self, now: datetime, limit: int) -> Sequence[str]:
        return self._due("open", now, self.jobs.indexed)[:limit]

    def owed(self, now: datetime, limit: int) -> Sequence[str]:
        return self._due("owed", now, self.jobs.indexed)[:limit]

    def put_off(self, job_id: str, now: datetime, *, until: datetime) -> bool:
        for partition in ("open", "owed"):
            if job_id in self._due(partition, now, self.jobs.values()):
                self.due[job_id] = (partition, as_kept(until))
                return True
        return False

    def _due(self, partition: str, now: datetime, jobs: Iterable[Job]) -> list[str]:
        places = {
            job.job_id: self.due.get(job.job_id, ("open", job.deadline_at))
            for job in jobs
            if job.status.is_open or job.is_untold
        }
        due = [(at, job_id) for job_id, (name, at) in places.items() if name == partition and at <= as_kept(now)]
        return [job_id for _, job_id in sorted(due)]

    def _move(self, job_id: str, source: JobStatus, target: JobStatus, now: datetime) -> bool:
        job = self.jobs.get(job_id)
        if job is None or job.status is not source:
            return False
        self.jobs[job_id] = replace(job, status=target, updated_at=now)
        return True


class MemorySubmissionStore:
    def __init__(self, jobs: MemoryJobStore) -> None:
        self._jobs = jobs
        self.rows: Items[tuple[str, int], Submission] = Items()
        # Jobs whose rows nobody can read.
        self.broken: set[str] = set()
        self.references: dict[tuple[str, str], tuple[str, int]] = {}

    def begin(self, submission: Submission) -> bool:
        if submission.key in self.rows:
            return False
        job = self._jobs.jobs.get(submission.job_id)
        if job is None or job.status not in sources_of(JobStatus.SUBMITTED) | {JobStatus.SUBMITTED}:
            raise JobClosed(submission.job_id)
        self.rows[submission.key] = submission
        self._jobs.jobs[job.job_id] = replace(
            job,
            status=JobStatus.SUBMITTED,
            provider=submission.provider,
            submission=submission.number,
            updated_at=submission.created_at,
        )
        return True

    def get(self, key: tuple[str, int]) -> Submission | None:
        return self.rows.get(key)

    def get_many(self, keys: Sequence[tuple[str, int]]) -> Sequence[Submission]:
        return [self.rows[key] for key in keys if key in self.rows]

    def of_job(self, job_id: str) -> Sequence[Submission]:
        if job_id in self.broken:
            raise KeyError(job_id)
        return sorted((row for row in self.rows.values() if row.job_id == job_id), key=lambda row: row.number)

    def save(self, submission: Submission) -> Submission:
        present = self.rows.get(submission.key)
        if present is None or present.version != submission.version:
            raise StaleWrite
        following = replace(submission, version=submission.version + 1)
        self.rows[submission.key] = following
        return following

    def claim_reference(self, submission: Submission) -> Submission | None:
        key = submission.provider, submission.reference or ""
        other = self.rows.get(self.references.get(key, submission.key))
        if other is not None and other.job_id != submission.job_id and not other.state.is_closed:
            return other
        self.references[key] = submission.key
        return None

    def close(
        self,
        key: tuple[str, int],
        task_token: str,
        outcome: Outcome,
        now: datetime,
        *,
        next_check_at: datetime | None = None,
    ) -> bool:
        row = self.rows.get(key)
        if row is None or row.state.is_closed or row.task_token not in {None, task_token}:
            return False
        self.rows[key] = replace(
            row,
            state=outcome.state,
            task_token=None,
            former_token=None,
            next_check_at=next_check_at,
            finished_at=now,
            reference=outcome.reference or row.reference,
            result_key=outcome.result_key or row.result_key,
            error_code=outcome.error_code or row.error_code,
            error_message=outcome.error_message or row.error_message,
            version=row.version + 1,
        )
        return True

    def due(self, provider: str, until: datetime, limit: int) -> Sequence[tuple[str, int]]:
        return [row.key for at, row in self._indexed(provider) if at <= as_kept(until)][:limit]

    def next_due(self, provider: str, besides: Sequence[tuple[str, int]]) -> datetime | None:
        return next((at for at, row in self._indexed(provider) if row.key not in set(besides)), None)

    def _indexed(self, provider: str) -> list[tuple[datetime, Submission]]:
        rows = [
            (row.next_check_at, row)
            for row in self.rows.indexed
            if row.provider == provider and row.next_check_at is not None
        ]
        return sorted(rows, key=lambda entry: entry[0])


def _stored_invoice(
    job_id: str, sort_key: str, invoice: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], now: datetime
) -> StoredInvoice:
    head, further = invoice_items(job_id, sort_key, invoice, findings, now, ttl=0)
    for item in (head, *further):
        require_size(item)
    return StoredInvoice(json.loads(json.dumps(invoice)), json.loads(json.dumps(findings)), as_kept(now))
