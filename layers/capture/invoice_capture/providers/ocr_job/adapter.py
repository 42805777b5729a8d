"""The OCR Invoice Job API as a provider.

A job is created under a number of ours, and then processed, which is what costs money. So a lost answer is never paid
for twice: the job is found by its number, and started only if it has not been.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

if TYPE_CHECKING:
    from invoice_capture.domain.invoice import Invoice
    from invoice_capture.providers.base import ProviderContext
    from invoice_capture.providers.http import HttpClient
    from invoice_capture.providers.ocr_job.client import OcrJobClient
    from invoice_capture.providers.ocr_job.wire import Job, JobInput, Priority

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    ProviderUnavailable,
    RequestRefused,
    SettingMissing,
    SubmissionInDoubt,
    SubmissionUnknown,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Capabilities, PollResult, PollState, RequestCounts
from invoice_capture.providers.base import BaseProvider

_PRIORITIES = ("low", "medium", "high", "urgent")
_BATCH = 100
# A job that a list leaves out has been deleted, or the list is behind: it is asked for by itself, a few at a time.
_MOST_MISSING = 5
# Whether a list that was refused is refused for good, only another one tells.
_LISTS_AGAIN_AFTER = timedelta(hours=1)
# S3 signs links for a week, but they end with the session of the role that signed them: Lambda gives a function one of
# twelve hours at most, and a warm one has less left.
_LONGEST_LINK_SECONDS = 12 * 3600

_log = logging.getLogger(__name__)


class OcrJobProvider(BaseProvider):
    """The reference of a submission is the provider's ``_id``, its jobNumber our job id."""

    name = "ocr_job"
    capabilities: Capabilities = Capabilities(
        finds_submissions=True,
        batch_size=_BATCH,
        deletes_copies=True,
        formats=frozenset({DocumentKind.PDF, DocumentKind.PNG, DocumentKind.JPEG, DocumentKind.TIFF, DocumentKind.BMP}),
        # Going on with a job that exists already takes two requests more, too seldom to pace every submission for it.
        requests=RequestCounts(submit=3, find=3, fetch=2),
    )
    default_typical_latency_seconds: ClassVar[float] = 20.0
    default_requests_per_second: ClassVar[float] = 10.0

    def __init__(self, context: ProviderContext) -> None:
        super().__init__(context)
        self._lists_again_at: datetime | None = None

    # --- submitting --------------------------------------------------------------------------------------------------

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:  # noqa: ARG002
        """Create the job and start it. The provider fetches the document itself, from a link that expires.

        A first attempt begins before the job is created, which would stay in the provider's list; a later one when the
        job is started, which it may be already.
        """
        job_input = self._job_input(submission)
        is_first = submission.attempts == 0
        if is_first:
            begin()
        before_starting = _nothing if is_first else begin
        try:
            created = self._client.create_job(job_input)
        except RequestRefused as exc:
            # The number may exist because the answer to an earlier attempt was lost.
            job = self._job_of(submission)
            if job is None and "jobnumber" in str(exc).casefold():
                raise ProviderUnavailable(f"{exc} Its list does not show that job yet.") from exc
            if job is None:
                raise
            return self._go_on_with(job, job_input, before_starting)
        if _number_of(created) not in (None, _job_number(submission)):
            raise ProviderUnavailable(f"ocr_job answered with job {created.job_id}, which is of another submission.")
        self._require_own(created.job_id, submission)
        self._start(created.job_id, before_starting)
        return created.job_id

    def find(self, submission: Submission) -> str | None:
        """The job of a submission, which is started if it was only created. One that failed is found as well."""
        job = self._job_of(submission)
        if job is None:
            return None
        try:
            return self._go_on_with(job, self._job_input(submission), _nothing)
        except SubmissionInDoubt as exc:
            # Looking again tells whether the job was started, so nothing is in doubt.
            raise ProviderUnavailable(str(exc)) from exc

    def copies(self, submission: Submission) -> int:
        return len(self._jobs_of(submission))

    def _job_of(self, submission: Submission) -> Job | None:
        """The job that was started, if there is one: whatever else has this number must not be started as well."""
        jobs = self._jobs_of(submission)
        return next((job for job in jobs if not _is_waiting(job)), jobs[0] if jobs else None)

    def _jobs_of(self, submission: Submission) -> list[Job]:
        number = _job_number(submission)
        page = self._client.list_jobs(filter={"jobNumber": number}, limit=_BATCH)
        return [job for job in page.jobs if job.job_number == number]

    def _require_own(self, job_id: str, submission: Submission) -> None:
        """Look whose job it is that a creation was answered with: another document's would be paid for once more.

        Raises:
            ProviderUnavailable: it is another submission's; the right one is in the provider's list.
        """
        try:
            number = _number_of(self._client.get_job(job_id))
        except SubmissionUnknown:
            # Not all of a provider's servers know a new job at once.
            return
        if number not in (None, _job_number(submission)):
            raise ProviderUnavailable(f"ocr_job answered a creation with job {job_id}, which is another submission's.")

    def _start(self, job_id: str, before_sending: Callable[[], None]) -> None:
        """Process a job, which is charged."""
        answer = self._client.process_job(job_id, before_sending)
        if isinstance(answer.job_id, str) and answer.job_id != job_id:
            raise SubmissionInDoubt(f"ocr_job was to start job {job_id}, and answered about {answer.job_id[:50]}.")

    def _go_on_with(self, job: Job, job_input: JobInput, before_starting: Callable[[], None]) -> str:
        if _is_waiting(job):
            # The link that it was created with may have expired.
            self._client.update_job(job.job_id, job_input)
            self._start(job.job_id, before_starting)
        return job.job_id

    # --- checking ----------------------------------------------------------------------------------------------------

    def poll(self, submissions: Sequence[Submission]) -> Mapping[str, PollResult]:
        rows = {row.reference: row for row in submissions if row.reference is not None}
        if not rows:
            return {}
        results = {} if self._asks_one_by_one() else self._poll_list(rows)
        missing = [row for reference, row in rows.items() if reference not in results]
        self._poll_each(missing if self._asks_one_by_one() else missing[:_MOST_MISSING], results)
        return results

    def _asks_one_by_one(self) -> bool:
        return self._lists_again_at is not None and self._context.clock.now() < self._lists_again_at

    def _poll_list(self, rows: Mapping[str, Submission]) -> dict[str, PollResult]:
        ids = list(rows)
        # The contract only says that a filter is JSON; that it may have $in is this project's reading of it.
        condition: Any = ids[0] if len(ids) == 1 else {"$in": ids}
        try:
            page = self._client.list_jobs(filter={"_id": condition}, limit=_BATCH)
        except RequestRefused as exc:
            _log.warning(
                "The provider refuses to list jobs by id: each is asked for by itself.",
                extra={"provider": self.name, "reason": str(exc)},
            )
            self._lists_again_at = self._context.clock.now() + _LISTS_AGAIN_AFTER
            return {}
        return {job.job_id: self._result_of(job, rows[job.job_id]) for job in page.jobs if job.job_id in rows}

    def _poll_each(self, rows: Sequence[Submission], results: dict[str, PollResult]) -> None:
        """Add the results of jobs that are asked for one by one."""
        for row in rows:
            reference = row.reference or ""
            try:
                results[reference] = self._result_of(self._job(reference), row)
            except (SubmissionUnknown, RequestRefused) as exc:
                results[reference] = PollResult(PollState.REFUSED, error=exc)
            except ProviderUnavailable:
                if not results:
                    raise
                # What is known already is worth more; the others are pending until they are asked for again.
                return

    def _job(self, reference: str) -> Job:
        """Raises RequestRefused when another job is answered."""
        job = self._client.get_job(reference)
        if job.job_id != reference:
            raise RequestRefused(f"ocr_job was asked for job {reference}, and answered with {job.job_id[:50]}.")
        return job

    def _result_of(self, job: Job, row: Submission) -> PollResult:
        from invoice_capture.providers.ocr_job import mapping

        if _number_of(job) not in (None, _job_number(row)):
            other = RequestRefused(f"ocr_job answered for job {job.job_id}, which is of another submission.")
            return PollResult(PollState.REFUSED, error=other)
        status = mapping.status_of(self._redacted(job.status))
        if status.state is PollState.READY:
            # A list may leave the extracted data out: then they are fetched.
            return PollResult(status.state, raw=mapping.raw_answer(job) if job.to_json().get("extractedData") else None)
        if status.state is PollState.FAILED:
            told = job.error_log if isinstance(job.error_log, str) else ""
            error = mapping.failure_of(status, row.document.name, job.job_id, self._redacted(told))
            return PollResult(status.state, error=error)
        if status.word == "created":
            _log.warning(
                "A job was created and is not started.",
                extra={"provider": self.name, "job_id": row.job_id, "reference": job.job_id},
            )
        return PollResult(status.state, said=None if status.word else status.said)

    def _redacted(self, text: str) -> str:
        from invoice_capture.providers.ocr_job.mapping import without_link_queries

        return self._http.redact(without_link_queries(" ".join(text.split()))).rstrip(". ")

    # --- results -----------------------------------------------------------------------------------------------------

    def fetch(self, reference: str) -> bytes:
        from invoice_capture.providers.ocr_job.mapping import raw_answer

        try:
            job = self._job(reference)
        except RequestRefused as exc:
            raise ProviderUnavailable(str(exc)) from exc
        return raw_answer(job, self._client.get_results(reference))

    def normalise(self, raw: bytes) -> Invoice:
        from invoice_capture.providers.ocr_job.mapping import to_invoice

        return to_invoice(raw)

    def discard(self, reference: str, raw: bytes) -> None:  # noqa: ARG002
        try:
            self._client.delete_job(reference)
        except SubmissionUnknown:
            _log.info("The job is gone already.", extra={"provider": self.name, "reference": reference})

    # --- settings ----------------------------------------------------------------------------------------------------

    @cached_property
    def _http(self) -> HttpClient:
        from invoice_capture.providers.http import FreeRequest
        from invoice_capture.providers.ocr_job.client import JOBS
        from invoice_capture.providers.ocr_job.mapping import HTTP_STATUSES

        api_key = self.setting("api_key")
        # The path of the jobs is the client's, whether or not people write it into the setting.
        base_url = self.setting("base_url").rstrip("/").removesuffix(JOBS)
        free_request = FreeRequest("GET", JOBS, {"params": {"limit": 1}})
        return self.http_client({"api-key": api_key}, [api_key], HTTP_STATUSES, base_url, free_request)

    @cached_property
    def _client(self) -> OcrJobClient:
        from invoice_capture.providers.ocr_job.client import OcrJobClient

        return OcrJobClient(self._http)

    def _job_input(self, submission: Submission) -> JobInput:
        from invoice_capture.providers.ocr_job.mapping import DOCUMENT_TYPES
        from invoice_capture.providers.ocr_job.wire import JobInput

        document = submission.document
        return JobInput(
            job_number=_job_number(submission),
            document_name=document.name,
            document_url=self._context.documents.link(document, self._link_seconds()),
            document_type=DOCUMENT_TYPES.get(submission.kind),
            template=self.setting("template"),
            group=self.optional_setting("group"),
            priority=self._priority(),
            metadata=self._metadata(),
        )

    def _link_seconds(self) -> int:
        seconds = int(self.number("document_url_seconds", 3600.0))
        if not 1 <= seconds <= _LONGEST_LINK_SECONDS:
            raise SettingMissing(
                f"The setting 'document_url_seconds' of provider {self.name!r} must be from 1 to "
                f"{_LONGEST_LINK_SECONDS}, not {seconds}."
            )
        return seconds

    def _priority(self) -> Priority | None:
        if self.optional_setting("priority") is None:
            return None
        return cast("Priority", self.choice("priority", _PRIORITIES))

    def _metadata(self) -> dict[str, Any] | None:
        text = self.optional_setting("metadata")
        if text is None:
            return None
        try:
            metadata = json.loads(text)
        except ValueError:
            metadata = None
        if not isinstance(metadata, dict):
            raise SettingMissing(f"The setting 'metadata' of provider {self.name!r} must be a JSON object.")
        return metadata


def _job_number(submission: Submission) -> str:
    """Our job id, which makes a job findable; a later place in the route has a number of its own."""
    return submission.job_id if submission.number == 1 else f"{submission.job_id}-{submission.number}"


def _number_of(job: Job) -> str | None:
    """The number that the provider says it knows a job by."""
    return job.job_number if isinstance(job.job_number, str) else None


def _nothing() -> None:
    """What is started is written down already."""


def _is_waiting(job: Job) -> bool:
    """Whether a job was created and not started."""
    return job.status.casefold() == "created"
