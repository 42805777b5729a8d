"""The stores in memory. tests/contract holds them to the same suite as the ones on DynamoDB and S3.

As there, times are kept to the millisecond, an item has a largest size, and an index may lag behind its table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import quote, urlencode

from invoice_capture.aws.invoice_items import invoice_items
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import DocumentMissing, JobClosed
from invoice_capture.domain.job import WITHOUT_INVOICE, Job, JobStatus, provider_of, sources_of
from invoice_capture.domain.pacing import Breaker, RateBucket
from invoice_capture.domain.polling import faded, fading_period
from invoice_capture.domain.submission import Outcome, Submission
from invoice_capture.ports import Lease, ProviderState, Shown, StaleWrite, StoredInvoice, UploadForm
from tests.fakes.items import Items, as_kept, require_size

BUCKET = "documents"


class MemoryDocumentStore:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str | None], bytes] = {}
        self.results: dict[str, bytes] = {}

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

    def offer_upload(self, key: str, media_type: str, maximum_bytes: int, seconds: int) -> UploadForm:
        self.offered = (key, media_type, maximum_bytes, seconds)
        return UploadForm("https://documents.example/", {"key": key, "Content-Type": media_type})

    def remove(self, pointer: DocumentPointer) -> None:
        self.objects.pop((pointer.key, pointer.version_id), None)

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

    def create(self, job: Job) -> bool:
        if job.job_id in self.jobs:
            return False
        self.jobs[job.job_id] = job
        return True

    def get(self, job_id: str) -> Job | None:
        return self.jobs.get(job_id)

    def get_many(self, job_ids: Sequence[str]) -> Sequence[Job]:
        return [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs]

    def locate(self, job_id: str, document: DocumentPointer, now: datetime) -> bool:
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

    def capture(
        self,
        job_id: str,
        submission: int,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
        *,
        summary: Mapping[str, Any],
    ) -> None:
        stored = _stored_invoice(job_id, "INVOICE", invoice, findings, now)
        job = self.jobs.get(job_id)
        again = job is not None and job.status is JobStatus.CAPTURED and job.submission == submission
        if job is None or (not again and job.status not in sources_of(JobStatus.CAPTURED)):
            raise JobClosed(job_id)
        captured = replace(job, status=JobStatus.CAPTURED, submission=submission, updated_at=now)
        self.jobs[job_id] = replace(captured, finished_at=now, summary=summary if job.summary is None else job.summary)
        self.invoices[job_id] = (invoice, findings)
        self.stored[job_id, "INVOICE"] = stored

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
        if job_id in self.jobs:
            self.jobs[job_id] = replace(self.jobs[job_id], remark=text, updated_at=now)

    def overdue(self, now: datetime, limit: int) -> Sequence[str]:
        late = [job for job in self.jobs.indexed if job.status.is_open and job.deadline_at <= as_kept(now)]
        return [job.job_id for job in sorted(late, key=lambda job: job.deadline_at)][:limit]

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
        self._references: dict[tuple[str, str], tuple[str, int]] = {}

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
        other = self.rows.get(self._references.get(key, submission.key))
        if other is not None and other.job_id != submission.job_id and not other.state.is_closed:
            return other
        self._references[key] = submission.key
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
        if row is None or row.task_token != task_token:
            return False
        self.rows[key] = replace(
            row,
            state=outcome.state,
            task_token=None,
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


class MemoryProviderStateStore:
    def __init__(self) -> None:
        self.states: dict[str, ProviderState] = {}
        self._accounts: set[str] = set()
        self._periods: dict[str, int] = {}

    def load(self, provider: str) -> ProviderState:
        return self.states.get(provider, ProviderState(lease=None, bucket=None, breaker=Breaker(), latencies={}))

    def accounts(self) -> frozenset[str]:
        return frozenset(self._accounts)

    def take_lease(self, provider: str, lease: Lease, instead_of: Lease | None) -> bool:
        if provider != provider_of(provider):
            self._accounts.add(provider)
        present = self.load(provider).lease
        seen = None if instead_of is None else (instead_of.owner, as_kept(instead_of.expires_at))
        if present is not None and (present.owner, present.expires_at) != seen:
            return False
        return self._change(provider, lease=as_kept(lease))

    def keep_lease(self, provider: str, lease: Lease) -> bool:
        return self.pass_lease(provider, lease.owner, lease)

    def pass_lease(self, provider: str, owner: str, lease: Lease) -> bool:
        return self._owns(provider, owner) and self._change(provider, lease=as_kept(lease))

    def release_lease(self, provider: str, owner: str) -> bool:
        return self._owns(provider, owner) and self._change(provider, lease=None)

    def swap_bucket(self, provider: str, bucket: RateBucket) -> bool:
        present = self.load(provider).bucket
        if present is not None and present.version != bucket.version - 1:
            return False
        # To the microsecond: a millisecond is several turns at a high rate.
        kept = replace(as_kept(bucket), next_turn_at=bucket.next_turn_at, share=round(bucket.share, 6))
        return self._change(provider, bucket=kept)

    def swap_breaker(self, provider: str, breaker: Breaker) -> bool:
        present = self.load(provider).breaker
        if present.version and present.version != breaker.version - 1:
            return False
        return self._change(provider, breaker=as_kept(breaker))

    def add_latencies(self, provider: str, counts: Mapping[tuple[str, int], int], now: datetime) -> None:
        latencies = {name: dict(buckets) for name, buckets in self.load(provider).latencies.items()}
        if self._periods.setdefault(provider, fading_period(now)) < fading_period(now):
            self._periods[provider], latencies = fading_period(now), faded(latencies)
        for (size_class, bucket), number in counts.items():
            buckets = latencies.setdefault(size_class, {})
            buckets[bucket] = buckets.get(bucket, 0) + number
        self._change(provider, latencies=latencies)

    def _owns(self, provider: str, owner: str) -> bool:
        lease = self.load(provider).lease
        return lease is not None and lease.owner == owner

    def _change(self, provider: str, **parts: Any) -> bool:
        self.states[provider] = replace(self.load(provider), **parts)
        return True


def _stored_invoice(
    job_id: str, sort_key: str, invoice: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], now: datetime
) -> StoredInvoice:
    head, further = invoice_items(job_id, sort_key, invoice, findings, now, ttl=0)
    for item in (head, *further):
        require_size(item)
    return StoredInvoice(json.loads(json.dumps(invoice)), json.loads(json.dumps(findings)), as_kept(now))
