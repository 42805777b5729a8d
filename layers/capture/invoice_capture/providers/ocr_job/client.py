"""Every operation of the OCR Invoice Job API as a method."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote

from invoice_capture.domain.errors import ProviderError, RequestRefused, SubmissionUnknown
from invoice_capture.providers.http import HttpClient
from invoice_capture.providers.ocr_job.mapping import ADVICE
from invoice_capture.providers.ocr_job.wire import (
    DeletionEnvelope,
    Envelope,
    Job,
    JobInput,
    JobPage,
    Order,
    Processing,
    Refusal,
    Results,
)

JOBS = "/ocr-invoice-job"
LONGEST_PAGE = 100

OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "GET /ocr-invoice-job": "list_jobs",
        "POST /ocr-invoice-job": "create_job",
        "GET /ocr-invoice-job/{id}": "get_job",
        "PUT /ocr-invoice-job/{id}": "update_job",
        "DELETE /ocr-invoice-job/{id}": "delete_job",
        "POST /ocr-invoice-job/{id}/process": "process_job",
        "GET /ocr-invoice-job/{id}/results": "get_results",
    }
)

Answer = TypeVar("Answer")


class OcrJobClient:
    """The provider's interface, as its contract has it.

    Every method raises ProviderError as ``HttpClient.call`` does; an answer that says ``success: false`` is a
    RequestRefused, whatever its HTTP status.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list_jobs(
        self,
        *,
        limit: int | None = None,
        offset: int | None = None,
        sort: str | None = None,
        order: Order | None = None,
        filter: Mapping[str, Any] | None = None,
        search: str | None = None,
    ) -> JobPage:
        """A page of at most ``limit`` jobs, 1 to 100; ``filter`` is sent as JSON. The provider's own defaults are a
        limit of 50 and descending order.
        """
        given = {"limit": limit, "offset": offset, "sort": sort, "order": order, "search": search}
        params = {name: value for name, value in given.items() if value is not None}
        if filter is not None:
            params["filter"] = json.dumps(filter, ensure_ascii=False, separators=(",", ":"))
        answer = self._call("GET", JOBS, Envelope[list[Job]], params=params).root
        if isinstance(answer, Refusal):
            raise self._refused(answer)
        return JobPage(jobs=answer.data, total=answer.total if isinstance(answer.total, int) else None)

    def create_job(self, job: JobInput) -> Job:
        """Create a job, which waits until it is processed. Its number must not exist already."""
        return self._data(self._call("POST", JOBS, Envelope[Job], json=job.to_json()))

    def get_job(self, job_id: str) -> Job:
        return self._data(self._call("GET", _path(job_id), Envelope[Job]))

    def update_job(self, job_id: str, job: JobInput) -> Job:
        """Replace what a job was created with."""
        return self._data(self._call("PUT", _path(job_id), Envelope[Job], json=job.to_json()))

    def delete_job(self, job_id: str) -> None:
        answer = self._call("DELETE", _path(job_id), DeletionEnvelope).root
        if isinstance(answer, Refusal):
            raise self._refused(answer)

    def process_job(self, job_id: str, before_sending: Callable[[], None] = lambda: None) -> Processing:
        """Start a job; this is what the provider charges for. For ``before_sending`` see HttpClient.call.

        Raises SubmissionInDoubt when the answer was lost.
        """
        path = f"{_path(job_id)}/process"
        return self._data(self._call("POST", path, Envelope[Processing], billable=True, before_sending=before_sending))

    def get_results(self, job_id: str) -> Results:
        """What was read, once the job's status is ``completed``: the contract has no answer for "not yet"."""
        return self._data(self._call("GET", f"{_path(job_id)}/results", Envelope[Results]))

    # --- answers -----------------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, answer: type[Answer], **parts: Any) -> Answer:
        try:
            return self._http.call(method, path, answer, **parts)
        except tuple(ADVICE) as exc:
            if path == JOBS and isinstance(exc, SubmissionUnknown):
                # No job was asked for, so it is the server that is unknown.
                raise RequestRefused(f"{exc} Check the setting 'base_url': it has no {JOBS}.") from exc
            raise _advised(exc) from exc

    def _data(self, envelope: Envelope[Answer]) -> Answer:
        if isinstance(envelope.root, Refusal):
            raise self._refused(envelope.root)
        return envelope.root.data

    def _refused(self, refusal: Refusal) -> ProviderError:
        words = next((text for text in (refusal.message, refusal.error) if isinstance(text, str) and text), None)
        said = f": {self._http.redact(words).rstrip('. ')}" if words else ""
        return _advised(RequestRefused(f"ocr_job refused the request{said}."))


def every_job(
    client: OcrJobClient,
    *,
    sort: str = "createdAt",
    order: Order = "asc",
    filter: Mapping[str, Any] | None = None,
    search: str | None = None,
) -> Iterator[Job]:
    """All jobs of a list, page by page and each once. Oldest first, so that new ones do not shift the pages."""
    offset = 0
    seen: set[str] = set()
    while True:
        page = client.list_jobs(limit=LONGEST_PAGE, offset=offset, sort=sort, order=order, filter=filter, search=search)
        fresh = [job for job in page.jobs if job.job_id not in seen]
        yield from fresh
        seen.update(job.job_id for job in fresh)
        offset += len(page.jobs)
        # Without a count the list ends where a page brings nothing new.
        if not fresh or (page.total is not None and offset >= page.total):
            return


def _path(job_id: str) -> str:
    return f"{JOBS}/{quote(job_id, safe='')}"


def _advised(refusal: ProviderError) -> ProviderError:
    """The same refusal, with what to do about it."""
    return type(refusal)(f"{refusal} {ADVICE[type(refusal)]}")
