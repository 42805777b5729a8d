"""Receive Upload: an object appeared in the bucket, so there is a job for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from invoice_capture.domain.job import Job, JobStatus, choose_route, derive_job_id
from invoice_capture.ports import Clock, DocumentStore, Executions, JobStore


@dataclass(frozen=True)
class Upload:
    """An uploaded object version; ``key`` as it is, not URL-encoded."""

    bucket: str
    key: str
    version_id: str | None


@dataclass(frozen=True)
class ReceiveUpload:
    """``provider_names`` are those that a key may choose."""

    default_route: tuple[str, ...]
    provider_names: frozenset[str]
    deadline: timedelta
    documents: DocumentStore
    jobs: JobStore
    executions: Executions
    clock: Clock

    def __call__(self, upload: Upload) -> Job | None:
        """Write the job of an upload and start its execution; None for what is no upload (folders, other prefixes).

        Doing it again for the same version finds the same job and the same execution, so a repeated event changes
        nothing. Whether the bytes are acceptable is for the first step of the execution to say: refusals are recorded
        and announced like any other outcome.

        Raises:
            DocumentMissing: the object is gone already.
        """
        route = choose_route(upload.key, self.default_route, self.provider_names)
        if route is None:
            return None
        pointer, stored_at = self.documents.describe(upload.bucket, upload.key, upload.version_id)
        now = self.clock.now()
        job = Job(
            job_id=derive_job_id(pointer, stored_at),
            document=pointer,
            route=route,
            status=JobStatus.RECEIVED,
            created_at=now,
            updated_at=now,
            started_at=now,
            deadline_at=now + self.deadline,
        )
        self.jobs.create(job)
        self.executions.start_capture(job, name=job.execution_name)
        return job
