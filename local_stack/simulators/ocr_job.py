"""The OCR Invoice Job API 1.0.0: jobs are created, processed, listed, and deleted.

Where its OpenAPI file is silent: creating a job without credit is refused with 402; processing a job that waits or runs
changes nothing, any other is processed, and charged, again; results of an unfinished job are empty objects; a filter
compares for equality or with ``{"$in": [...]}``, also below ``metadata``; a search looks at the texts of the input.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from local_stack.simulators import ocr_job_results as results
from local_stack.simulators.answers import Refused, json_body, json_response, query_number
from local_stack.simulators.documents import AcceptedDocument, format_of
from local_stack.simulators.fetching import FetchFailed, fetch
from local_stack.simulators.script import Latency
from local_stack.simulators.simulator import Route, Simulator

_JOBS = "/ocr-invoice-job"
_JOB = f"{_JOBS}/<job_id>"
_REQUIRED = ("jobNumber", "documentName", "documentUrl", "template")
_TEXTS = (*_REQUIRED, "group", "createdBy")
_ENUMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "documentType": ("pdf", "png", "jpg", "jpeg", "tiff", "bmp"),
        "priority": ("low", "medium", "high", "urgent"),
    }
)
_INPUT = (*_TEXTS, *_ENUMS, "metadata")
_LISTED = (
    *_INPUT,
    *("_id", "status", "createdAt", "updatedAt", "startedAt", "completedAt", "processingTime", "retryCount", "cost"),
    *("currency", "errorLog"),
)
_STEPS = ("fetch", "read", "extract", "check")
# The share of its latency for which a job waits in the queue.
_QUEUED_SHARE = 0.1
_COST = 0.05
# Fetching takes real time, however fast the clock is.
_FETCH_PATIENCE_SECONDS = 2.0
_ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "encrypted": "The document is protected by a password.",
        "unreadable": "The document could not be read: it is broken, or of no supported type.",
        "pages": "The document has too many pages.",
        "script": "Processing failed.",
    }
)


@dataclass
class _Run:
    """One processing of a job. ``fetched`` is set when the document, or the reason why there is none, is there."""

    document: AcceptedDocument
    fetched: threading.Event = field(default_factory=threading.Event)
    content: bytes = b""
    error: str | None = None


@dataclass
class _Job:
    job_id: str
    given: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    runs: list[_Run] = field(default_factory=list)


class OcrJobSimulator(Simulator):
    """Documents are accepted, by their documentName, when their job is processed."""

    name: ClassVar[str] = "ocr_job"
    default_latency: ClassVar[Latency] = Latency(median=20)
    default_settings: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"api_key": "simulated-api-key", "template": "invoices"}
    )

    effects: ClassVar[frozenset[str]] = frozenset({"another_id", "repeat_id"})

    def prepare(self) -> None:
        self._jobs: dict[str, _Job] = {}

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", _JOBS, "list_jobs", self._list),
            Route("POST", _JOBS, "create_job", self._create),
            Route("GET", _JOB, "get_job", self._get),
            Route("PUT", _JOB, "update_job", self._update),
            Route("DELETE", _JOB, "delete_job", self._delete),
            Route("POST", f"{_JOB}/process", "process_job", self._process),
            Route("GET", f"{_JOB}/results", "get_results", self._results),
        )

    def authenticate(self, request: Request) -> None:
        given = request.headers.get("api-key", "")
        if not hmac.compare_digest(given.encode(), self.setting("api_key").encode()):
            raise Refused(401, "The api-key is missing or wrong.")

    def refusal(self, status: int, message: str) -> Response:
        return json_response({"success": False, "message": message}, status)

    def about_another(self, operation: str, response: Response) -> Response:  # noqa: ARG002
        told: Any = response.get_json(silent=True)
        data = told.get("data") if isinstance(told, dict) else None
        if isinstance(data, list):
            return json_response({**told, "data": [self._another(entry) for entry in data]})
        if not isinstance(data, dict) or not {"_id", "jobId"} & set(data):
            return response
        return json_response({**told, "data": self._another(data)}, response.status_code)

    def _another(self, data: dict[str, Any]) -> dict[str, Any]:
        if "jobId" in data:
            return {**data, "jobId": secrets.token_hex(12)}
        other = next((job for job in self._jobs.values() if job.job_id != data["_id"]), None)
        return self._view(other) if other else {**data, "_id": secrets.token_hex(12), "jobNumber": "another"}

    def repeating(self, operation: str, response: Response) -> Response:
        before = list(self._jobs)[-2:-1]
        if operation != "create_job" or not before:
            return response
        told: Any = response.get_json()
        return json_response({**told, "data": {**told["data"], "_id": before[0]}}, response.status_code)

    # --- operations --------------------------------------------------------------------------------------------------

    def _list(self, request: Request) -> Response:
        limit, offset = query_number(request, "limit", 50, 1, 100), query_number(request, "offset", 0, 0)
        order = request.args.get("order", "desc")
        if order not in ("asc", "desc"):
            raise Refused(400, "order must be asc or desc.")
        sort = request.args.get("sort", "createdAt")
        if sort not in _LISTED:
            raise Refused(400, f"There is no field {sort[:50]!r} to sort by.")
        conditions = results.conditions_of(request.args.get("filter"), _LISTED)
        term = request.args.get("search", "").casefold()
        with self._lock:
            jobs = [job for job in self._jobs.values() if not term or any(term in text for text in _words(job))]
        if "_id" in conditions:
            jobs = [job for job in jobs if not results.matches({"_id": job.job_id}, conditions) or self._is_known(job)]
        shown = [view for job in jobs if (view := self._matching_view(job, conditions)) is not None]
        shown.sort(key=lambda view: _sortable(view.get(sort)), reverse=order == "desc")
        return json_response({"success": True, "data": shown[offset : offset + limit], "total": len(shown)})

    def _create(self, request: Request) -> Response:
        given = _checked_input(json_body(request))
        with self._lock:
            self._check_number(given["jobNumber"], None)
            if not self.has_credit():
                raise Refused(402, "There is no credit left.")
            now = self.clock.now()
            job = _Job(secrets.token_hex(12), {"priority": "medium", **given}, now, now)
            self._jobs[job.job_id] = job
        return json_response({"success": True, "data": self._view(job)}, 201)

    def _get(self, _request: Request, job_id: str) -> Response:
        return json_response({"success": True, "data": self._view(self._known_job(job_id))})

    def _update(self, request: Request, job_id: str) -> Response:
        job = self._job(job_id)
        given = _checked_input(json_body(request))
        with self._lock:
            self._check_number(given["jobNumber"], job_id)
            job.given = {"priority": "medium", **given}
            job.updated_at = self.clock.now()
        return json_response({"success": True, "data": self._view(job)})

    def _delete(self, _request: Request, job_id: str) -> Response:
        with self._lock:
            del self._jobs[self._job(job_id).job_id]
        return json_response({"success": True, "message": "The OCR invoice job was deleted."})

    def _process(self, _request: Request, job_id: str) -> Response:
        with self._lock:
            job = self._job(job_id)
            status = self._status(job)
            if status not in ("queued", "processing"):
                run = _Run(self.accept(job.given["documentName"], b""))
                job.runs.append(run)
                job.updated_at = run.document.accepted_at
                threading.Thread(target=_fetch, args=(run, dict(job.given)), daemon=True).start()
                status = "queued"
        return json_response({"success": True, "data": {"jobId": job_id, "status": status}})

    def _results(self, _request: Request, job_id: str) -> Response:
        view = self._view(self._known_job(job_id))
        empty: dict[str, Any] = {"extractedData": {}, "confidence": {}, "validationResults": {}}
        return json_response(
            {"success": True, "data": {key: view.get(key, empty.get(key)) for key in (*empty, "processingTime")}}
        )

    # --- jobs --------------------------------------------------------------------------------------------------------

    def _job(self, job_id: str) -> _Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise Refused(404, "OCR invoice job not found.")
        return job

    def _known_job(self, job_id: str) -> _Job:
        """The job that a poll asks for."""
        job = self._job(job_id)
        if not self._is_known(job):
            raise Refused(404, "OCR invoice job not found.")
        return job

    def _is_known(self, job: _Job) -> bool:
        return not job.runs or self.is_shown(job.job_id, job.runs[-1].document)

    def _check_number(self, number: str, job_id: str | None) -> None:
        if any(job.given["jobNumber"] == number and job.job_id != job_id for job in self._jobs.values()):
            raise Refused(400, f"jobNumber must be unique: {number[:100]!r} exists already.")

    def _matching_view(self, job: _Job, conditions: Mapping[str, Any]) -> dict[str, Any] | None:
        """The job as it is listed, or None. What it was made of is compared first: looking at its state counts."""
        made_of = {**job.given, "_id": job.job_id}
        static = {path: wanted for path, wanted in conditions.items() if path.partition(".")[0] in (*_INPUT, "_id")}
        if not results.matches(made_of, static):
            return None
        view = self._view(job)
        return view if results.matches(view, conditions) else None

    def _status(self, job: _Job) -> str:
        if not job.runs:
            return "created"
        run = job.runs[-1]
        document = run.document
        if not self.shows_finished(f"{job.job_id}/{len(job.runs)}", document.ready_at):
            waits_until = document.accepted_at + (document.ready_at - document.accepted_at) * _QUEUED_SHARE
            return "queued" if self.clock.now() < waits_until else "processing"
        if not run.fetched.wait(_FETCH_PATIENCE_SECONDS):
            return "processing"
        return "failed" if self._error_of(run) else "completed"

    def _error_of(self, run: _Run) -> str | None:
        if run.error is not None:
            return run.error
        failure = self.failure_of(self._with_content(run))
        return None if failure is None else _ERRORS[failure]

    @staticmethod
    def _with_content(run: _Run) -> AcceptedDocument:
        return replace(run.document, content=run.content)

    def _view(self, job: _Job) -> dict[str, Any]:
        status = self._status(job)
        view = {
            "_id": job.job_id,
            **job.given,
            "status": self.spoken(status, job.runs[-1].document) if job.runs else status,
            "retryCount": max(0, len(job.runs) - 1),
            "createdAt": _time(job.created_at),
            "updatedAt": _time(job.updated_at),
            "progress": _progress(status),
        }
        if not job.runs or status == "queued":
            return view
        run = job.runs[-1]
        view["startedAt"] = _time(run.document.accepted_at)
        if status in ("completed", "failed"):
            seconds = (run.document.ready_at - run.document.accepted_at).total_seconds()
            view |= {"completedAt": _time(run.document.ready_at), "updatedAt": _time(run.document.ready_at)}
            view |= {"processingTime": round(seconds, 3)}
        if status == "completed":
            reading = self._with_content(run).reading()
            view["documentInfo"] = {
                "pages": reading.pages,
                "size": len(run.content),
                "format": format_of(run.content),
            }
            view |= results.results_of(reading.invoice)
            view |= {"cost": _COST, "currency": "USD"}
        elif status == "failed":
            view["errorLog"] = self._error_of(run)
        return view


def _fetch(run: _Run, given: Mapping[str, Any]) -> None:
    try:
        content = fetch(given["documentUrl"])
        kind, told = format_of(content), given.get("documentType", "").replace("jpeg", "jpg")
        if told and kind not in (told, None):
            run.error = f"The document is of type {kind}, not {told}."
        run.content = content
    except FetchFailed as exc:
        run.error = str(exc)
    finally:
        run.fetched.set()


def _checked_input(body: Any) -> dict[str, Any]:
    """What the schema of a job's input has. Raises Refused naming the field that breaks it."""
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    for name in _REQUIRED:
        if name not in body:
            raise Refused(400, f"{name} is required.")
    for name in _TEXTS:
        if name in body and not isinstance(body[name], str):
            raise Refused(400, f"{name} must be a string.")
        if name in _REQUIRED and not body[name]:
            raise Refused(400, f"{name} must not be empty.")
    for name, allowed in _ENUMS.items():
        if name in body and body[name] not in allowed:
            raise Refused(400, f"{name} must be one of {', '.join(allowed)}.")
    if not isinstance(body.get("metadata", {}), dict):
        raise Refused(400, "metadata must be an object.")
    if not _is_uri(body["documentUrl"]):
        raise Refused(400, "documentUrl must be an absolute http or https URL.")
    return {name: body[name] for name in _INPUT if name in body}


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and text.isascii() and " " not in text


def _words(job: _Job) -> Iterable[str]:
    return (str(job.given[name]).casefold() for name in _TEXTS if name in job.given)


def _sortable(value: Any) -> tuple[int, float, str]:
    """Absent values first, then numbers, then texts."""
    if value is None:
        return (0, 0.0, "")
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, str(value))


def _progress(status: str) -> dict[str, Any]:
    percentage = {"processing": 50.0, "completed": 100.0}.get(status, 0.0)
    step = {"processing": _STEPS[1], "completed": _STEPS[-1]}.get(status, _STEPS[0])
    return {"percentage": percentage, "currentStep": step, "totalSteps": len(_STEPS)}


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
