"""A file on its way to a job that runs: offered, stored, ordered, started."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from invoice_capture_cli.documents import Document, too_large
from invoice_capture_cli.errors import Aborted, ApiRefused, CommandError, Unreachable
from invoice_capture_cli.following import GONE
from invoice_capture_cli.heads import Head
from invoice_capture_cli.jobs import Job, Jobs, is_ended
from invoice_capture_cli.simulated import SIMULATED
from invoice_capture_cli.uploading import Progress, Uploads
from invoice_capture_cli.values import part

_NO_TEMPLATE = "default"
"""The contract wants a template; one that names no route takes the default route."""


@dataclass(frozen=True)
class SubmitOptions:
    """What holds for every file of a run."""

    template: str | None = None
    group: str | None = None
    priority: str | None = None
    number: str | None = None


@dataclass(frozen=True)
class Submitted:
    """What became of a file: ``job`` once there is one, as it was last seen; ``problem`` when it does not run.

    ``stored`` is what the API has of its invoice, where that is to be shown.
    """

    document: Document
    job: Job | None = None
    problem: str | None = None
    stored: Mapping[str, Any] | None = None

    @property
    def job_id(self) -> str | None:
        return None if self.job is None else str(self.job["_id"])

    @property
    def runs(self) -> bool:
        """Whether it goes on when nobody looks."""
        return self.problem is None and self.job is not None and not is_ended(self.job)

    @property
    def is_good(self) -> bool:
        """Whether nothing went wrong so far."""
        return (
            self.problem is None
            and self.job is not None
            and self.job.get("status") not in {"failed", "cancelled", GONE}
        )

    @property
    def invoice(self) -> Mapping[str, Any]:
        """The canonical invoice; empty where it was not asked for."""
        return part(self.stored or {}, "invoice")

    @property
    def head(self) -> Head:
        return Head.of_invoice(self.invoice) if self.invoice else Head.of_job(self.job or {})

    @property
    def findings(self) -> list[Mapping[str, Any]]:
        """What a person should look at."""
        return list((self.stored or {}).get("findings") or ())

    def seen_as(self, job: Job) -> Submitted:
        known = {name: value for name, value in (self.job or {}).items() if name != SIMULATED}
        return replace(self, job={**known, **job})

    def to_json(self) -> dict[str, Any]:
        return {"file": self.document.shown, "job": self.job, "problem": self.problem}


@dataclass
class Submitter:
    """Submits one file per call, and tells ``progress`` the bytes it sent. Safe for several threads."""

    jobs: Jobs
    uploads: Uploads
    options: SubmitOptions
    progress: Progress
    _maximum: int | None = None

    def __call__(self, document: Document) -> Submitted:
        """What is wrong with the file is in the answer.

        Raises:
            Aborted: something that no other file would do better with.
        """
        job: Job | None = None
        try:
            # One key per file and step: a request that is repeated after its answer was lost does nothing twice.
            key = str(uuid.uuid4())
            url = self._store(document, key)
            job = self.jobs.create(self._order(document, url), f"{key}-create")
            answer = self.jobs.process(str(job["_id"]), f"{key}-process")
        except _FileProblem as exc:
            return Submitted(document, problem=str(exc))
        except CommandError as exc:
            problem = str(exc) if job is None else f"{exc} The job {job['_id']} was created, but not started."
            if isinstance(exc, ApiRefused) and exc.is_about_this_request:
                return Submitted(document, job, problem)
            raise Aborted(f"{document.shown}: {problem}", exc.exit_status) from exc
        return Submitted(document, {**job, "status": answer.get("status", "queued")})

    def _store(self, document: Document, key: str) -> str:
        """The URL to order the job with."""
        self._require_size(document)
        offer = self.jobs.offer_upload(document.name, document.document_type, f"{key}-upload")
        if isinstance(maximum := offer.get("maximumBytes"), int):
            self._maximum = maximum
        self._require_size(document)
        try:
            self.uploads.send(offer["url"], offer["fields"], document.path, self.progress)
        except Unreachable:
            raise
        except CommandError as exc:
            raise _FileProblem(str(exc)) from exc
        return str(offer["documentUrl"])

    def _require_size(self, document: Document) -> None:
        if self._maximum is not None and document.size > self._maximum:
            raise _FileProblem(too_large(document.size, self._maximum))

    def _order(self, document: Document, url: str) -> dict[str, Any]:
        wanted = {
            "jobNumber": self.options.number or document.new_number(),
            "documentName": document.name,
            "documentUrl": url,
            "documentType": document.document_type,
            "template": self.options.template or _NO_TEMPLATE,
            "group": self.options.group,
            "priority": self.options.priority,
        }
        return {name: value for name, value in wanted.items() if value is not None}


class _FileProblem(Exception):
    """This file is not taken; the next one may be."""
